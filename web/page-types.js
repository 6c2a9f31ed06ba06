// The types there are: what waits, who serves them, pausing, and how many may run at once.

import {get, send} from './api.js';
import {attempt, formDialog, notice} from './dialog.js';
import {fill, h, keyed, throttle} from './dom.js';
import {count, plural} from './format.js';
import {icon} from './icons.js';
import {changed, on} from './live.js';
import {empty, field, head} from './parts.js';
import {link} from './router.js';

const LIMITS = [
    ['max', 'At once, in all', 'Over all workers. Empty: no limit.'],
    ['per_tenant', 'Of each tenant', 'How many of one tenant run at once.'],
    ['per_key', 'Of each key', 'How many with one value of the member below.'],
];

function limitsOf({limits}) {
    const parts = [limits.max && `${limits.max} in all`,
        limits.per_tenant && `${limits.per_tenant} a tenant`,
        limits.per_key && `${limits.per_key} a ${limits.key}`].filter(Boolean);
    return parts.length > 0 ? parts.join(', ') : null;
}

function stateOf(type) {
    if (type.paused) return ['warn', 'pause', 'paused'];
    if (type.workers === 0) return [type.pending > 0 ? 'bad' : 'idle', 'warn', 'nobody serves it'];
    return ['ok', 'check', plural(type.workers, 'worker')];
}

async function setPaused(type, paused) {
    const act = paused ? 'pause' : 'resume';
    await attempt(async () => {
        await send('POST', `v1/types/${encodeURIComponent(type.name)}/${act}`);
        notice(paused ? `${type.name} is paused: nothing of it is claimed`
            : `${type.name} is claimed again`);
    });
    changed();
}

async function editLimits(type) {
    const input = ([name, label, hint]) => field(label, h('input', {name, type: 'number', min: 1,
        step: 1, value: type.limits[name] ?? ''}), hint);
    const fields = [LIMITS.map(input), field('Key', h('input', {name: 'key', autocomplete: 'off',
        spellcheck: 'false', value: type.limits.key ?? ''}), 'A member of the payload, such as '
            + 'account.')];
    const saved = await formDialog({title: `Limits of ${type.name}`, fields, action: 'Set limits',
        async save(data) {
            const body = Object.fromEntries(LIMITS.map(([name]) => {
                const text = data.get(name).trim();
                return [name, text === '' ? null : Number(text)];
            }));
            if (body.per_key !== null) body.key = data.get('key').trim();
            await send('PATCH', `v1/types/${encodeURIComponent(type.name)}/limits`, body);
        }});
    if (saved) notice(`Limits of ${type.name} are set`);
    changed();
}

class TypesTable {
    /** `onActed` runs when something was done here: it is shown at once. */
    constructor(onActed) {
        this.onActed = onActed;
        this.types = new Map();
        this.body = h('tbody', {});
        this.node = h('div', {class: 'table-box'}, h('table', {class: 'plain types'},
            h('caption', {class: 'unseen'}, 'Types of jobs'),
            h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'Type'),
                h('th', {scope: 'col', class: 'col-state'}, 'State'),
                h('th', {scope: 'col', class: 'col-number'}, 'Pending'),
                h('th', {scope: 'col', class: 'col-number col-busy'}, 'Processing'),
                h('th', {scope: 'col', class: 'col-limits'}, 'Limits'),
                h('th', {scope: 'col', class: 'col-acts'}, h('span', {class: 'unseen'}, 'Acts')))),
            this.body));
    }

    draw(types) {
        this.types = new Map(types.map((type) => [type.name, type]));
        keyed(this.body, types, (type) => type.name, (type) => this.makeRow(type),
            (row, type) => this.updateRow(row, type));
    }

    makeRow({name}) {
        const now = () => this.types.get(name);
        return h('tr', {'data-row': ''},
            h('th', {scope: 'row'}, h('a', {href: link('jobs', {type: name}), 'data-open': ''},
                name)), h('td', {class: 'col-state'}), h('td', {class: 'col-number'}),
            h('td', {class: 'col-number col-busy'}), h('td', {class: 'col-limits'}),
            h('td', {class: 'col-acts'}, h('div', {class: 'actions'},
                h('button', {type: 'button', 'data-pause': '',
                    onclick: () => setPaused(now(), !now().paused).then(this.onActed)}),
                h('button', {type: 'button', 'aria-label': `Limits of ${name}`,
                    onclick: () => editLimits(now()).then(this.onActed)}, icon('limit'),
                h('span', {}, 'Limits')))));
    }

    updateRow(row, type) {
        const [, state, pending, processing, limits] = row.children;
        fill(pending, count(type.pending));
        fill(processing, count(type.processing));
        fill(limits, limitsOf(type) ?? '–');
        const [tone, symbol, text] = stateOf(type);
        if (row.dataset.drawn === tone + text) return;
        row.dataset.drawn = tone + text;
        fill(state, h('span', {class: `mark ${tone}`}, icon(symbol), text));
        const button = row.querySelector('[data-pause]');
        const word = type.paused ? 'Resume' : 'Pause';
        button.setAttribute('aria-label', `${word} ${type.name}`);
        fill(button, icon(type.paused ? 'resume' : 'pause'), h('span', {}, word));
    }
}

export async function open({root, signal}) {
    const table = new TypesTable(() => attempt(load));
    const none = empty('No types yet', 'A type is there from its first job, or when a worker that '
        + 'serves it starts.', 'millhand enqueue greet \'{"name":"Ada"}\'');
    const content = h('div', {});

    async function load() {
        const {types} = await get('v1/types', signal);
        table.draw(types);
        const wanted = types.length > 0 ? table.node : none;
        if (content.firstChild !== wanted) fill(content, wanted);
    }

    fill(root, head('Types'), content);
    on('change', throttle(() => load().catch(() => {}), 1500), signal);
    await load();
}
