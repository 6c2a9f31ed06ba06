// The overview: how much there is, how quickly it goes, what is wrong, what just happened.

import {get} from './api.js';
import {chart} from './chart.js';
import {fill, h, keyed} from './dom.js';
import {compact, count, duration, percent, rate, shortId} from './format.js';
import {checkHealth} from './health.js';
import {rates, shown} from './history.js';
import {icon, statusIcon} from './icons.js';
import {isStreaming, lastEvents, on} from './live.js';
import {STATUSES, command, empty, head, panel} from './parts.js';
import {link} from './router.js';
import {isAdmin} from './session.js';

const WINDOWS = [[300000, '5 min'], [900000, '15 min'], [3600000, '1 h']];
const BUCKETS = 60;
const LOOK_MS = 5000;
const SAYS = {
    dispatched: 'pending', claimed: 'processing', completed: 'completed', failed: 'failed',
    retried: 'pending', released: 'pending', cancelled: 'cancelled',
};

function tiles() {
    const numbers = STATUSES.map((name) => h('strong', {}, '–'));
    const node = h('ul', {class: 'tiles', 'aria-label': 'Jobs by status'},
        STATUSES.map((name, i) => h('li', {}, h('a', {href: link('jobs', {status: name})},
            h('span', {class: `status ${name}`}, statusIcon(name), name), numbers[i]))));
    const draw = (stats) => STATUSES.forEach((name, i) => {
        const number = stats[`${name}_count`];
        numbers[i].title = count(number);
        fill(numbers[i], compact(number));
    });
    return {node, draw};
}

function charts(signal) {
    const throughput = chart({label: 'Jobs that ended, a second', format: rate,
        unit: ' jobs / s', least: 1, tone: 'calm'});
    const failures = chart({label: 'Share that failed for good', format: percent, least: 0.1,
        tone: 'bad'});
    let windowMs = WINDOWS[0][0];
    const draw = () => {
        const shownMs = shown(windowMs);
        const parts = rates(shownMs, BUCKETS);
        throughput.draw(parts.map(({at, completed, failed}) => (
            {at, value: completed === null ? null : completed + failed})), shownMs);
        failures.draw(parts.map(({at, completed, failed}) => ({at, value: completed === null ? null
            : completed + failed === 0 ? 0 : failed / (completed + failed)})), shownMs);
    };
    const choices = h('fieldset', {class: 'choices'}, h('legend', {class: 'unseen'}, 'Time shown'),
        WINDOWS.map(([ms, name]) => h('label', {}, h('input', {type: 'radio', name: 'window',
            value: ms, checked: ms === windowMs, onchange() {
                windowMs = ms;
                draw();
            }}), h('span', {}, name))));
    on('stats', draw, signal);
    const box = (title, one, extra) => h('section', {class: 'panel'},
        h('div', {class: 'panel-head'}, h('h2', {}, title), extra), one.readout, one.node);
    return h('div', {class: 'pair'}, box('Throughput', throughput, choices),
        box('Failure rate', failures));
}

function healthPanel(signal) {
    const list = h('ul', {class: 'health'});
    let [stats, types, workers] = [null, null, null];
    let timer = null;
    const draw = () => keyed(list, checkHealth(stats, types, workers),
        (check) => check.name, () => h('li', {}), (item, check) => {
            const drawn = JSON.stringify(check);
            if (item.dataset.drawn === drawn) return;
            item.dataset.drawn = drawn;
            item.className = check.state;
            fill(item, icon({ok: 'check', warn: 'warn', bad: 'cross'}[check.state]),
                h('span', {class: 'unseen'}, {ok: 'Well: ', warn: 'Look: ', bad: 'Wrong: '}[
                    check.state]),
                h('span', {class: 'what'}, check.name), h('span', {class: 'found'},
                    check.to ? h('a', {href: check.to}, check.found) : check.found),
                check.mend && command(check.mend));
        });
    const look = async () => {
        clearTimeout(timer);
        const [some, those] = await Promise.all([get('v1/types', signal),
            get('v1/workers', signal)]).catch(() => [null, null]);
        if (signal.aborted) return;
        [types, workers] = [some?.types ?? null, those?.workers ?? null];
        draw();
        timer = setTimeout(look, document.hidden ? 6 * LOOK_MS : LOOK_MS);
    };
    signal.addEventListener('abort', () => clearTimeout(timer), {once: true});
    on('stats', (now) => {
        const first = stats === null;
        stats = now;
        draw();
        if (first && isAdmin()) look();
    }, signal);
    return panel('Queue health', list);
}

/** The last events; a burst is drawn once a frame, and only what stays to be seen. */
function feedPanel(signal) {
    const list = h('ol', {class: 'feed', reversed: true});
    const idle = empty('Nothing has happened yet', 'Whatever happens to a job is shown here.');
    let drawn = true;
    const node = panel('Now', idle);
    const draw = () => {
        drawn = true;
        if (!list.isConnected) idle.replaceWith(list);
        keyed(list, lastEvents(), (event) => event.number, (event) => h('li', {},
            statusIcon(SAYS[event.event]), h('a', {href: link(`job/${event.job_id}`)}, event.type),
            h('span', {class: 'muted'}, event.event), h('code', {}, shortId(event.job_id)),
            h('time', {datetime: event.time},
                new Date(event.time).toLocaleTimeString('en-GB'))), () => {});
    };
    on('event', (event) => {
        if (!(event.event in SAYS)) return;
        if (drawn) requestAnimationFrame(draw);
        drawn = false;
    }, signal);
    if (lastEvents().length > 0) draw();
    on('connection', () => {
        if (isStreaming() || list.isConnected) return;
        fill(idle.lastElementChild, 'The event stream is not there: the counts above go on.');
    }, signal);
    return node;
}

function typesPanel(signal) {
    const body = h('div', {class: 'bars'});
    const node = panel('Waiting, by type', body);
    const look = async () => {
        const {types} = await get('v1/types', signal);
        const busy = types.filter((type) => type.pending > 0)
            .sort((a, b) => b.pending - a.pending).slice(0, 8);
        const most = Math.max(1, ...busy.map((type) => type.pending));
        if (busy.length === 0) {
            fill(body, empty('Nothing is waiting', 'Every job that is due has been claimed.'));
            return;
        }
        fill(body, h('ul', {}, busy.map((type) => {
            const bar = h('i', {});
            bar.style.width = `${(100 * type.pending) / most}%`;
            return h('li', {}, h('a', {href: link('jobs', {status: 'pending', type: type.name})},
                h('span', {class: 'what'}, type.name), h('span', {class: 'number'},
                    compact(type.pending)), bar));
        })));
    };
    let next = 0;
    on('stats', () => {
        if (Date.now() < next) return;
        next = Date.now() + LOOK_MS;
        look().catch(() => {});
    }, signal);
    return node;
}

export function open({root, signal}) {
    const {node, draw} = tiles();
    const oldest = h('p', {class: 'lead'});
    on('stats', (stats) => {
        draw(stats);
        fill(oldest, stats.oldest_pending_ms === null ? 'No job is waiting to be claimed.'
            : `The oldest job that is due has waited ${duration(stats.oldest_pending_ms)}.`);
    }, signal);
    fill(root, head('Overview', h('a', {class: 'button primary', href: link('new')}, icon('add'),
        'New job')), oldest, node, charts(signal), h('div', {class: 'pair'}, healthPanel(signal),
        isAdmin() && typesPanel(signal)), feedPanel(signal));
}
