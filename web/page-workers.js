// The workers that live, how busy they are, and whether they were heard of lately.

import {get} from './api.js';
import {fill, h, keyed, throttle} from './dom.js';
import {ago, count, duration} from './format.js';
import {isSilent} from './health.js';
import {icon} from './icons.js';
import {on} from './live.js';
import {copyButton, empty, head} from './parts.js';

const LOOK_MS = 3000;
const TYPES_SHOWN = 6;

function typesOf(worker) {
    if (worker.types === null) return h('span', {class: 'muted'}, 'every type');
    const rest = worker.types.length - TYPES_SHOWN;
    return [worker.types.slice(0, TYPES_SHOWN).map((type) => h('span', {class: 'tag'}, type)),
        rest > 0 && h('span', {class: 'muted', title: worker.types.join(', ')}, `+ ${rest}`)];
}

function makeRow(worker) {
    return h('tr', {'data-row': ''}, h('td', {class: 'col-state'}),
        h('th', {scope: 'row', class: 'col-worker'}, h('div', {}, h('code', {}, worker.id),
            copyButton(worker.id, 'the worker\'s id'))),
        h('td', {class: 'col-number col-busy'}), h('td', {class: 'col-types'}),
        h('td', {class: 'col-time'}, ago(worker.started_at)), h('td', {class: 'col-beat'}));
}

function updateRow(row, worker) {
    const [state, , busy, types, , beat] = row.children;
    const silent = isSilent(worker);
    const drawn = `${silent} ${worker.types?.length}`;
    fill(busy, count(worker.processing));
    fill(beat, `${duration(worker.silent_ms)} ago`);
    if (row.dataset.drawn === drawn) return;
    row.dataset.drawn = drawn;
    fill(state, h('span', {class: silent ? 'mark warn' : 'mark ok'},
        icon(silent ? 'warn' : 'check'), silent ? 'silent' : 'alive'));
    fill(types, typesOf(worker));
}

export async function open({root, signal}) {
    const body = h('tbody', {});
    const table = h('div', {class: 'table-box'}, h('table', {class: 'plain'},
        h('caption', {class: 'unseen'}, 'Workers that live'),
        h('thead', {}, h('tr', {}, h('th', {scope: 'col', class: 'col-state'}, 'State'),
            h('th', {scope: 'col'}, 'Worker'),
            h('th', {scope: 'col', class: 'col-number col-busy'}, 'Processing'),
            h('th', {scope: 'col', class: 'col-types'}, 'Serves'),
            h('th', {scope: 'col', class: 'col-time'}, 'Started'),
            h('th', {scope: 'col', class: 'col-beat'}, 'Heard of'))), body));
    const none = empty('No worker is running', 'Jobs wait until one is started.',
        'millhand worker');
    const content = h('div', {});

    async function load() {
        const {workers} = await get('v1/workers', signal);
        keyed(body, workers, (worker) => worker.id, makeRow, updateRow);
        const wanted = workers.length > 0 ? table : none;
        if (content.firstChild !== wanted) fill(content, wanted);
    }

    fill(root, head('Workers'), h('p', {class: 'lead'}, 'A worker that is silent for as long as '
        + 'its lease has lost its jobs: another one takes them up.'), content);
    const again = throttle(() => load().catch(() => {}), 1000);
    const timer = setInterval(() => document.hidden || again(), LOOK_MS);
    signal.addEventListener('abort', () => clearInterval(timer), {once: true});
    on('change', again, signal);
    await load();
}
