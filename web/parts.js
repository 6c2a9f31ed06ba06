// Small parts that many pages show.

import {get} from './api.js';
import {notice} from './dialog.js';
import {fill, h} from './dom.js';
import {icon, statusIcon} from './icons.js';
import {link} from './router.js';
import {isAdmin} from './session.js';

export const STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled'];
export const ENDED = ['completed', 'failed', 'cancelled'];
export const ACTS = { // which statuses an act is for
    retry: ['failed', 'cancelled'],
    cancel: ['pending', 'processing'],
    delete: ['pending', 'completed', 'failed', 'cancelled'],
};

export function status(name) {
    return h('span', {class: `status ${name}`}, statusIcon(name), h('span', {}, name));
}

/** The head of a page: its title and what can be done there. */
export function head(title, ...actions) {
    return h('div', {class: 'head'}, h('h1', {}, title), h('div', {class: 'actions'}, actions));
}

export function panel(title, ...content) {
    return h('section', {class: 'panel'}, h('h2', {}, title), content);
}

async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch { // a page without TLS may not: the old way
        const area = h('textarea', {class: 'unseen', 'aria-hidden': 'true', value: text});
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    }
    notice('Copied');
}

export function copyButton(text, what) {
    return h('button', {type: 'button', class: 'quiet icon-only', 'aria-label': `Copy ${what}`,
        title: `Copy ${what}`, onclick: () => copy(typeof text === 'string' ? text : text())},
    icon('copy'));
}

/** A command to type. */
export function command(text) {
    return h('span', {class: 'command'}, h('code', {}, text), copyButton(text, 'the command'));
}

/** What a page shows where there is nothing yet. */
export function empty(title, text, shell = null, action = null) {
    return h('div', {class: 'empty'}, h('p', {class: 'empty-title'}, title),
        h('p', {}, text), shell && command(shell), action);
}

/** Where what is asked for takes its time. */
export function waiting() {
    return h('p', {class: 'muted', role: 'status'}, 'One moment …');
}

export function trouble(error) {
    return h('div', {class: 'empty', role: 'alert'}, h('p', {class: 'empty-title'},
        error.status === 403 ? 'Not for this token' : 'That did not work'),
    h('p', {}, error.message));
}

export function notFound(title, page, name) {
    return h('div', {class: 'empty'}, h('p', {class: 'empty-title'}, title),
        h('p', {}, h('a', {href: link(page)}, `Back to ${name}`)));
}

/** A field of a form: its label, the control, and a hint below. */
export function field(label, control, hint = null) {
    const name = control.getAttribute('name');
    const id = `field-${name}`;
    control.id = id;
    if (hint) control.setAttribute('aria-describedby', `${id}-hint`);
    return h('div', {class: `field field-${name}`}, h('label', {for: id}, label), control,
        hint && h('p', {class: 'hint', id: `${id}-hint`}, hint));
}

/** Where the progress of a job stands, 0 to 1, or that it is not known. */
export function progressBar(share, label) {
    const known = typeof share === 'number';
    const bar = h('div', {class: known ? 'progress' : 'progress unknown', role: 'progressbar',
        'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100,
        'aria-valuenow': known ? Math.round(share * 100) : null}, h('i', {}));
    bar.firstChild.style.width = known ? `${share * 100}%` : '';
    return bar;
}

/** The names of the types there are, for suggestions; a tenant is told those of its jobs. */
export async function typeNames(signal) {
    if (isAdmin())
        return (await get('v1/types', signal)).types.map((type) => type.name);
    const {jobs} = await get('v1/jobs?limit=200&bodies=no', signal);
    return [...new Set(jobs.map((job) => job.type))].sort();
}

/** A list of suggestions for an input with list="type-names". */
export function typeSuggestions(signal) {
    const list = h('datalist', {id: 'type-names'});
    typeNames(signal).then((names) => fill(list, names.map((name) => h('option', {value: name}))),
        () => {}); // without suggestions a type can be typed all the same
    return list;
}
