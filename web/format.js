// How numbers, times and ids read.

import {h} from './dom.js';

const WHOLE = new Intl.NumberFormat('en');
const UNITS = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];

// The server's clock: ages are told by it, whatever this machine's own says.
let skew = 0;

/** Learns from the Date of an answer. It has whole seconds: less than two is no difference. */
export function learn(dateHeader) {
    const there = Date.parse(dateHeader ?? '');
    if (Number.isNaN(there)) return;
    const difference = there + 500 - Date.now();
    skew = Math.abs(difference) < 2000 ? 0 : difference;
}

export function now() {
    return Date.now() + skew;
}

export function count(number) {
    return number === null || number === undefined ? '–' : WHOLE.format(number);
}

/** 12,345 stays as it is, 1,234,567 becomes 1.23 M. */
export function compact(number) {
    if (number === null || number === undefined || number < 100000) return count(number);
    if (number < 1e6) return `${Math.floor(number / 1000)} k`;
    return `${(number / 1e6).toPrecision(3)} M`;
}

export function plural(number, one, many = `${one}s`) {
    return `${count(number)} ${number === 1 ? one : many}`;
}

export function rate(perSecond) {
    if (perSecond >= 100) return count(Math.round(perSecond));
    if (perSecond >= 10 || perSecond === 0) return perSecond.toFixed(0);
    return perSecond.toFixed(perSecond >= 1 ? 1 : 2);
}

export function percent(share) {
    return `${(share * 100).toFixed(share < 0.1 ? 1 : 0).replace(/\.0$/, '')} %`;
}

/** 850 ms, 3.2 s, 4 min, 2 h 5 min */
export function duration(ms) {
    if (ms === null || Number.isNaN(ms)) return '–';
    if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
    if (ms < 10000) return `${(ms / 1000).toFixed(1)} s`;
    const at = UNITS.findIndex(([, unit]) => ms >= unit);
    const [name, unit] = UNITS[at];
    const rest = at < UNITS.length - 1 ? UNITS[at + 1] : null;
    const whole = Math.floor(ms / unit);
    const more = rest && whole < 10 ? Math.floor((ms % unit) / rest[1]) : 0;
    return more > 0 ? `${whole} ${name} ${more} ${rest[0]}` : `${whole} ${name}`;
}

function relative(at) {
    const ms = now() - at;
    if (Math.abs(ms) < 1500) return 'now';
    const units = UNITS.find(([, unit]) => Math.abs(ms) >= unit) ?? UNITS[3];
    const whole = Math.abs(ms) / units[1];
    return ms < 0 ? `in ${Math.round(whole)} ${units[0]}` : `${Math.floor(whole)} ${units[0]} ago`;
}

const ABSOLUTE = new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});

/** The moment by this machine's clock. */
export function absolute(iso) {
    return iso === null || iso === undefined ? '–' : ABSOLUTE.format(new Date(iso));
}

/** A <time> that goes on ageing; the full moment is its title. */
export function ago(iso) {
    if (iso === null || iso === undefined) return h('span', {class: 'muted'}, '–');
    return h('time', {datetime: iso, title: absolute(iso), 'data-ago': ''},
        relative(Date.parse(iso)));
}

/** Lets every <time> on the page age. */
export function age() {
    for (const element of document.querySelectorAll('time[data-ago]')) {
        const text = relative(Date.parse(element.dateTime));
        if (element.textContent !== text) element.textContent = text;
    }
}

/** How long a job has run, or ran. */
export function ran(job) {
    if (!job.started_at) return null;
    const end = job.completed_at ? Date.parse(job.completed_at) : now();
    return Math.max(0, end - Date.parse(job.started_at));
}

/** The end of an id tells more than its beginning, which is the time. */
export function shortId(id) {
    return `${id.slice(0, 8)}…${id.slice(-6)}`;
}
