// The dead letter: jobs that failed for good, those with the same error together.

import {act} from './acts.js';
import {getJobs} from './api.js';
import {attempt} from './dialog.js';
import {fill, h, keyed, throttle} from './dom.js';
import {ago, count, plural, shortId} from './format.js';
import {icon, statusIcon} from './icons.js';
import {on} from './live.js';
import {empty, head} from './parts.js';
import {link, replace} from './router.js';

const READ = 1000; // dead letters looked at: the newest ones
const SHOWN = 20; // of a group

/** What two errors have in common: numbers and ids differ, the fault is the same. */
function faultOf(job) {
    return (job.error ?? 'no error was given')
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27,}/gi, '…')
        .replace(/\b0x[0-9a-f]+\b/gi, '…')
        .replace(/\d+/g, '#');
}

function groupsOf(jobs) {
    const groups = new Map();
    for (const job of jobs) {
        const key = `${job.type} ${faultOf(job)}`;
        const group = groups.get(key) ?? {key, type: job.type, error: job.error, jobs: []};
        group.jobs.push(job);
        groups.set(key, group);
    }
    return [...groups.values()].sort((a, b) => b.jobs.length - a.jobs.length);
}

function ids(group) {
    return group.jobs.map((job) => job.id);
}

function jobLine(job) {
    return h('li', {}, h('a', {href: link(`job/${job.id}`), 'data-open': ''},
        h('code', {}, shortId(job.id))), ago(job.completed_at),
    h('span', {class: 'error-text', title: job.error}, job.error));
}

function makeGroup(group, current, onDone) {
    const does = (name, symbol, word) => h('button', {type: 'button',
        class: name === 'delete' ? 'careful' : null, 'aria-label': `${word} all of ${group.type}`,
        async onclick() {
            const all = current(group.key);
            if (await act(name, ids(all), plural(all.jobs.length, `${group.type} job`))) onDone();
        }}, icon(symbol), `${word} all`);
    return h('li', {class: 'panel group', 'data-row': ''},
        h('div', {class: 'group-head'}, statusIcon('failed'),
            h('div', {class: 'group-title'}, h('h2', {}, h('a', {
                href: link('jobs', {status: 'failed', type: group.type})}, group.type)),
            h('p', {class: 'error-text whole'}, group.error ?? 'no error was given')),
            h('span', {class: 'number big'}),
            h('div', {class: 'actions'}, does('retry', 'retry', 'Retry'),
                does('delete', 'remove', 'Delete'))),
        h('details', {}, h('summary', {}), h('ul', {class: 'lines'})));
}

function updateGroup(element, group) {
    const signature = `${group.jobs.length} ${group.jobs[0].id}`;
    if (element.dataset.drawn === signature) return;
    element.dataset.drawn = signature;
    fill(element.querySelector('.big'), count(group.jobs.length));
    const rest = group.jobs.length - SHOWN;
    fill(element.querySelector('summary'), 'The last one failed ',
        ago(group.jobs[0].completed_at));
    fill(element.querySelector('.lines'), group.jobs.slice(0, SHOWN).map(jobLine),
        rest > 0 && h('li', {class: 'muted'}, `and ${plural(rest, 'more job', 'more jobs')}`));
}

export async function open(view) {
    const {root, signal} = view;
    let type = view.route.query.get('type') ?? '';
    let groups = [];
    const list = h('ul', {class: 'groups'});
    const lead = h('p', {class: 'lead'});
    const content = h('div', {}, list);
    const filter = h('input', {type: 'search', 'data-filter': '', placeholder: 'Any type',
        'aria-label': 'Type', value: type, autocomplete: 'off', spellcheck: 'false',
        onchange: () => replace(link('dead', {type: filter.value.trim()}))});

    async function load() {
        const {jobs, cursor} = await getJobs({status: 'failed', type, limit: READ, bodies: 'no'},
            signal);
        groups = groupsOf(jobs);
        fill(lead, jobs.length === 0 ? '' : `${plural(jobs.length, 'dead letter')}, ${
            plural(groups.length, 'kind')} of error${
            cursor ? '. These are the newest; there are more.' : '.'}`);
        if (jobs.length === 0) {
            fill(content, empty(type ? `No ${type} job has failed for good` : 'No dead letters',
                'A job comes here when its last attempt has failed.'));
            return;
        }
        if (!list.isConnected) fill(content, list);
        keyed(list, groups, (group) => group.key, (group) => makeGroup(group,
            (key) => groups.find((one) => one.key === key) ?? group,
            () => attempt(load)), updateGroup);
    }

    fill(root, head('Dead letter', h('a', {class: 'button',
        href: link('jobs', {status: 'failed'})}, icon('jobs'), 'As a list')),
    h('div', {class: 'filters', role: 'search'}, h('span', {class: 'search'}, icon('search'),
        filter)), lead, content);
    on('change', throttle(() => {
        if (!signal.aborted && !document.hidden) load().catch(() => {});
    }, 3000), signal);
    await load();
    return (route) => {
        type = route.query.get('type') ?? '';
        filter.value = type;
        attempt(load);
    };
}
