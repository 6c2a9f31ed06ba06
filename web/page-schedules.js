// Schedules: what is dispatched when, the times to come, pausing, adding, editing, deleting.

import {get, send, withQuery} from './api.js';
import {attempt, confirm, notice} from './dialog.js';
import {fill, h, keyed} from './dom.js';
import {absolute, ago} from './format.js';
import {icon} from './icons.js';
import {on} from './live.js';
import {empty, head} from './parts.js';
import {link} from './router.js';
import {addSchedule, editSchedule} from './schedule-form.js';
import {isAdmin} from './session.js';

const LOOK_MS = 5000;

/** A super admin sees those of all tenants, and says whose one is meant. */
function pathOf(schedule) {
    return withQuery(`v1/schedules/${encodeURIComponent(schedule.name)}`,
        {tenant: isAdmin() ? schedule.tenant_id : null});
}

function keyOf(schedule) {
    return `${schedule.tenant_id} ${schedule.name}`;
}

class SchedulesPage {
    constructor(view) {
        this.view = view;
        this.schedules = new Map();
        this.list = h('ul', {class: 'groups'});
        this.content = h('div', {});
        fill(view.root, head('Schedules', h('button', {type: 'button', class: 'primary',
            onclick: () => this.add()}, icon('add'), 'New schedule')), this.content);
    }

    async load() {
        const {schedules} = await get('v1/schedules', this.view.signal);
        this.schedules = new Map(schedules.map((one) => [keyOf(one), one]));
        keyed(this.list, schedules, keyOf, (one) => this.make(one), (element, one) =>
            this.update(element, one));
        if (schedules.length === 0) {
            fill(this.content, empty('No schedules', 'A schedule dispatches a job at times given '
                + 'as to cron.', 'millhand schedule add nightly report --cron "0 3 * * *"'));
        } else if (!this.list.isConnected) {
            fill(this.content, this.list);
        }
    }

    make(schedule) {
        const now = () => this.schedules.get(keyOf(schedule));
        const times = h('ol', {class: 'times'});
        const details = h('details', {ontoggle: () => details.open && this.showTimes(now(), times)},
            h('summary', {}, 'Next times'), times);
        const button = (name, symbol, word, fn) => h('button', {type: 'button',
            class: name === 'delete' ? 'careful' : null, 'data-do': name,
            'aria-label': `${word} ${schedule.name}`, onclick: () => fn(now())}, icon(symbol),
        h('span', {}, word));
        return h('li', {class: 'panel group', 'data-row': ''},
            h('div', {class: 'group-head'}, h('span', {class: 'mark'}),
                h('div', {class: 'group-title'}, h('h2', {}, schedule.name),
                    h('p', {class: 'what-when'})),
                h('div', {class: 'actions'},
                    button('pause', 'pause', 'Pause', (one) => this.pause(one)),
                    button('edit', 'edit', 'Edit', (one) => this.edit(one)),
                    button('delete', 'remove', 'Delete', (one) => this.remove(one)))), details);
    }

    update(element, one) {
        const drawn = JSON.stringify(one);
        if (element.dataset.drawn === drawn) return;
        element.dataset.drawn = drawn;
        const mark = element.querySelector('.mark');
        mark.className = `mark ${one.paused ? 'warn' : 'ok'}`;
        fill(mark, icon(one.paused ? 'pause' : 'schedules'),
            h('span', {class: 'unseen'}, one.paused ? 'paused' : 'runs'));
        fill(element.querySelector('.what-when'), h('code', {}, one.cron), ` ${one.tz} → `,
            h('a', {href: link('jobs', {type: one.type})}, one.type),
            one.paused ? ', paused' : one.next_at ? ', next ' : '',
            one.next_at && ago(one.next_at), one.last_at && ', last ',
            one.last_at && ago(one.last_at));
        const pause = element.querySelector('[data-do=pause]');
        const word = one.paused ? 'Resume' : 'Pause';
        pause.setAttribute('aria-label', `${word} ${one.name}`);
        fill(pause, icon(one.paused ? 'resume' : 'pause'), h('span', {}, word));
        const details = element.querySelector('details');
        details.hidden = one.paused;
        if (details.open) this.showTimes(one, element.querySelector('.times'));
    }

    async showTimes(schedule, times) {
        await attempt(async () => {
            const {upcoming} = await get(pathOf(schedule), this.view.signal);
            fill(times, upcoming.map((at) => h('li', {}, absolute(at), ' ', ago(at))));
        });
    }

    async pause(schedule) {
        await attempt(async () => {
            await send('PATCH', pathOf(schedule), {paused: !schedule.paused});
            notice(`${schedule.name} ${schedule.paused ? 'goes on' : 'is paused'}`);
        });
        await attempt(() => this.load());
    }

    async remove(schedule) {
        const agreed = await confirm({title: `Delete ${schedule.name}?`, danger: true,
            text: 'Nothing is dispatched by it any more. The jobs it has dispatched stay.',
            action: `Delete ${schedule.name}`});
        if (!agreed) return;
        await attempt(async () => {
            await send('DELETE', pathOf(schedule));
            notice(`${schedule.name} is deleted`);
        });
        await attempt(() => this.load());
    }

    async add() {
        if (await addSchedule(this.view.signal)) await attempt(() => this.load());
    }

    async edit(schedule) {
        if (await editSchedule(schedule, pathOf(schedule), this.view.signal))
            await attempt(() => this.load());
    }
}

export async function open(view) {
    const page = new SchedulesPage(view);
    const {signal} = view;
    let next = 0;
    on('stats', () => {
        if (Date.now() < next || document.querySelector('dialog[open]')) return;
        next = Date.now() + LOOK_MS;
        page.load().catch(() => {});
    }, signal);
    await page.load();
}
