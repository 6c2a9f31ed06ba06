// JSON as people read it: indented, its parts told apart, and copied as it is shown.

import {RawNumber} from './api.js';
import {h} from './dom.js';
import {copyButton} from './parts.js';

const COLOURED_MAX = 100000; // characters; what is longer is plain, and quick

/** Pretty text in which numbers are as they were written. */
export function pretty(value, indent = '') {
    const inner = `${indent}  `;
    if (value instanceof RawNumber) return value.text;
    if (Array.isArray(value)) {
        if (value.length === 0) return '[]';
        const items = value.map((one) => inner + pretty(one, inner));
        return `[\n${items.join(',\n')}\n${indent}]`;
    }
    if (value !== null && typeof value === 'object') {
        const names = Object.keys(value);
        if (names.length === 0) return '{}';
        const members = names.map((name) => `${inner}${JSON.stringify(name)}: ${
            pretty(value[name], inner)}`);
        return `{\n${members.join(',\n')}\n${indent}}`;
    }
    return JSON.stringify(value);
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;

function classOf(string, colon, token) {
    if (string !== undefined) return colon === undefined ? 'json-text' : 'json-name';
    return /^[-\d]/.test(token) ? 'json-number' : 'json-word';
}

function coloured(text) {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
        const [token, string, colon] = match;
        const shown = string ?? token;
        parts.push(text.slice(end, match.index),
            h('span', {class: classOf(string, colon, token)}, shown));
        end = match.index + shown.length;
    }
    return [...parts, text.slice(end)];
}

/** A panel with a value in it. A text with lines in it is shown as such, not as JSON. */
export function jsonPanel(title, value) {
    const lines = typeof value === 'string' && value.includes('\n');
    const text = lines ? value : pretty(value);
    return h('section', {class: 'panel json'},
        h('div', {class: 'panel-head'}, h('h2', {}, title),
            copyButton(text, `the ${title.toLowerCase()}`)),
        h('pre', {tabindex: 0, 'aria-label': title},
            lines || text.length > COLOURED_MAX ? text : coloured(text)));
}

/** Where and why a text is no JSON object, or null. */
export function checkObject(text) {
    try {
        const value = JSON.parse(text);
        const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
        return isObject ? null : 'a payload is an object: { … }';
    } catch (error) {
        const at = /position (\d+)/.exec(error.message);
        if (at === null) return error.message;
        const before = text.slice(0, Number(at[1])).split('\n');
        const what = error.message.replace(/ in JSON at position.*/, '');
        return `line ${before.length}, column ${before.at(-1).length + 1}: ${what}`;
    }
}
