// Pictures: one stroke width, a 16 px grid, drawn in the colour of the text around them.

import {s} from './dom.js';

// Each status has a shape of its own, so that none needs its colour to be told from another.
const STATUS = {
    pending: [['circle', {cx: 8, cy: 8, r: 6, 'stroke-dasharray': '2.2 2.5'}]],
    processing: [
        ['circle', {cx: 8, cy: 8, r: 6}],
        ['path', {d: 'M8 4.5a3.5 3.5 0 0 1 0 7z', class: 'solid'}],
    ],
    completed: [
        ['circle', {cx: 8, cy: 8, r: 6.75, class: 'solid'}],
        ['path', {d: 'M5 8.3l2.1 2.1L11.2 6', class: 'cut'}],
    ],
    failed: [
        ['path', {d: 'M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z', class: 'solid'}],
        ['path', {d: 'M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4', class: 'cut'}],
    ],
    cancelled: [
        ['circle', {cx: 8, cy: 8, r: 6}],
        ['path', {d: 'M4.8 8h6.4'}],
    ],
};

const SHAPES = {
    overview: 'M2 13.5h12M3.5 11V8M6.5 11V3M9.5 11V6M12.5 11V4.5',
    jobs: 'M2.5 4h11M2.5 8h11M2.5 12h7',
    dead: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2zM8 4.8v3.8M8 11v.2',
    workers: 'M2.5 3.5h11v7h-11zM5.5 13.5h5M8 10.5v3M5.5 6l1.5 1.2-1.5 1.2',
    types: 'M8.2 2H14v5.8L8 13.8 2.2 8zM11 5v.1',
    schedules: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.3 1.6',
    projects: 'M2 12.5v-9h4l1.5 2H14v7z',
    add: 'M8 3v10M3 8h10',
    copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
    retry: 'M13.2 8A5.2 5.2 0 1 1 11.4 4M11.8 1.5V4.4H8.9',
    cancel: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM4 4l8 8',
    remove: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4',
    pause: 'M5.5 3.5v9M10.5 3.5v9',
    resume: 'M5 3.2v9.6L12.5 8z',
    edit: 'M3 13l.6-2.8 7-7 2.2 2.2-7 7zM9.5 4.3l2.2 2.2',
    limit: 'M2.5 12a5.5 5.5 0 1 1 11 0M8 12l2.6-4',
    back: 'M9.5 3.5L5 8l4.5 4.5',
    next: 'M6.5 3.5L11 8l-4.5 4.5',
    search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.4 3.4',
    check: 'M3 8.5l3.2 3.2L13 4.8',
    warn: 'M8 2.2l6.3 11.3H1.7zM8 6.4v3.4M8 11.6v.2',
    cross: 'M4 4l8 8M12 4l-8 8',
    theme: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z',
    keys: 'M1.8 4h12.4v8H1.8zM4.3 6.6v.1M7 6.6v.1M9.7 6.6v.1M11.8 6.6v.1M5 9.6h6',
    leave: 'M6.5 2.5h-4v11h4M6.5 8h7M11 5.2L13.8 8 11 10.8',
};

function picture(className, shapes) {
    return s('svg', {class: className, viewBox: '0 0 16 16', 'aria-hidden': 'true'}, shapes);
}

export function icon(name) {
    return picture('icon', [s('path', {d: SHAPES[name]})]);
}

export function statusIcon(status) {
    const shapes = STATUS[status] ?? STATUS.pending;
    return picture(`icon status-${status}`, shapes.map(([tag, form]) => s(tag, form)));
}
