// What goes on: counts asked for again and again, events as they come, and the state of the
// connection. Pages subscribe; what is asked for is asked for once for all of them.

import {get} from './api.js';
import {throttle} from './dom.js';
import {follow} from './stream.js';
import {remember} from './history.js';

const POLL_LIVE = 5000; // while events say what happens
const POLL = 2500;
const POLL_HIDDEN = 20000;
const REST = 1000; // between two looks that events ask for; more where counting takes long
const RECENT = 12; // events remembered
const EVENTS = 'dispatched,claimed,progress,completed,failed,retried,released,cancelled';

const listeners = {stats: new Set(), event: new Set(), connection: new Set(), change: new Set()};
let stats = null;
let connection = 'connecting';
let streaming = false;
let recent = []; // the last one first
let number = 0; // of them all
let timer = null;
let soon = null;
let restUntil = 0;
let running = null; // an AbortController while it goes on

function emit(kind, value) {
    for (const fn of [...listeners[kind]]) fn(value);
}

/** fn(value) until `signal` ends it. Kinds: stats, event, connection, change. */
export function on(kind, fn, signal) {
    listeners[kind].add(fn);
    signal?.addEventListener('abort', () => listeners[kind].delete(fn), {once: true});
    if (kind === 'stats' && stats !== null) fn(stats);
    if (kind === 'connection') fn(connection);
}

export function lastStats() {
    return stats;
}

/** The last events but progress, each with a number of its own, the last one first. */
export function lastEvents() {
    return recent;
}

export function isStreaming() {
    return streaming;
}

function connect(state) {
    if (state === connection) return;
    connection = state;
    emit('connection', state);
}

async function poll() {
    const mine = running;
    if (mine === null) return;
    clearTimeout(timer);
    try {
        const began = Date.now();
        stats = await get('v1/stats', mine.signal);
        if (running !== mine) return;
        restUntil = Date.now() + Math.max(REST, 10 * (Date.now() - began));
        remember(stats);
        connect(streaming ? 'live' : 'polling');
        emit('stats', stats);
        tellChange(); // also for what has no event, as a deletion
    } catch (error) {
        if (running !== mine) return;
        if (error.status !== 401) connect('away');
    }
    clearTimeout(timer);
    timer = setTimeout(poll, document.hidden ? POLL_HIDDEN : streaming ? POLL_LIVE : POLL);
}

function pollSoon() {
    soon ??= setTimeout(() => {
        soon = null;
        poll();
    }, Math.max(0, restUntil - Date.now()));
}

const tellChange = throttle(() => emit('change', null), 1000);

/** Something was done here: look at once. */
export function changed() {
    pollSoon();
    tellChange();
}

function onEvent(event) {
    if (event.event !== 'progress')
        recent = [{...event, number: ++number}, ...recent.slice(0, RECENT - 1)];
    emit('event', event);
    if (event.event === 'progress') return;
    pollSoon();
    tellChange();
}

export function start() {
    if (running !== null) return;
    running = new AbortController();
    poll();
    follow(`v1/events?event=${EVENTS}`, {
        signal: running.signal,
        onEvent,
        onState(state) {
            const was = streaming;
            streaming = state === 'live';
            if (was !== streaming) changed(); // what happened meanwhile is looked for
        },
    });
}

export function stop() {
    running?.abort();
    running = null;
    clearTimeout(timer);
    stats = null;
    recent = [];
    streaming = false;
    connect('connecting');
}

document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll();
});
