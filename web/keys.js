// What keys do where nobody is typing, and the list of them.

import {h} from './dom.js';
import {showDialog} from './dialog.js';
import {go, link} from './router.js';
import {nextTheme} from './theme.js';

const CHORD_MS = 1200;

let table = [];
let chordUntil = 0;

function isTyping(target) {
    return target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]');
}

function rows() {
    return [...document.querySelectorAll('main [data-row] a[data-open]')];
}

/** The next row's link, or the one before. */
function step(by) {
    const links = rows();
    const at = links.findIndex((one) => one.closest('[data-row]').contains(
        document.activeElement));
    links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

function tick() {
    const row = document.activeElement?.closest('[data-row]');
    row?.querySelector('input[type=checkbox]')?.click();
}

function press(selector) {
    const element = document.querySelector(selector);
    if (element?.matches('input')) element.focus();
    else element?.click();
}

const KEYS = [
    ['?', 'show this list', () => showKeys()],
    ['/', 'go to the filter', () => press('main [data-filter]')],
    ['j', 'next row', () => step(1)],
    ['k', 'row before', () => step(-1)],
    ['x', 'select the row', tick],
    ['n', 'new job', () => go(link('new'))],
    ['[', 'newest page', () => press('main [data-first]')],
    [']', 'older page', () => press('main [data-next]')],
    ['r', 'retry the job, or the selected ones', () => press('main [data-act=retry]')],
    ['c', 'cancel them', () => press('main [data-act=cancel]')],
    ['d', 'delete them', () => press('main [data-act=delete]')],
    ['m', 'change the theme', () => nextTheme()],
];

export function showKeys() {
    const list = [...KEYS.map(([key, does]) => [[key], does]),
        ...table.filter((page) => page.key).map((page) => [['g', page.key], page.title])];
    showDialog({
        title: 'Keys',
        body: h('dl', {class: 'key-list'}, list.map(([keys, does]) => h('div', {},
            h('dt', {}, keys.map((key) => h('kbd', {}, key))), h('dd', {}, does)))),
    });
}

function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const page = Date.now() < chordUntil && table.find((one) => one.key === event.key);
    const key = KEYS.find(([name]) => name === event.key);
    chordUntil = event.key === 'g' ? Date.now() + CHORD_MS : 0;
    if (page) go(link(page.name));
    else if (key) key[2]();
    else return;
    event.preventDefault();
}

export function listenForKeys({pages}) {
    table = pages;
    addEventListener('keydown', onKey);
}
