// The counts of the last hour as this tab saw them, from which the charts are drawn. They outlive a
// reload; a store keeps no such history.

import {now} from './format.js';

const KEY = 'millhand.history';
const KEPT_MS = 3600000;
const LEAST_MS = 60000;
const SAVE_MS = 10000;

let samples = load();
let savedAt = 0;

function load() {
    try {
        const kept = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
        return kept.filter((one) => one.length === 3 && one.every(Number.isFinite));
    } catch {
        return [];
    }
}

/** Jobs that ended: deleted ones leave the counts, so a step down counts as none. */
export function remember(stats) {
    const at = now();
    const last = samples.at(-1);
    if (last !== undefined && at <= last[0]) samples = [];
    samples.push([at, stats.completed_count, stats.failed_count]);
    samples = samples.filter((one) => one[0] > at - KEPT_MS);
    if (at - savedAt < SAVE_MS) return;
    savedAt = at;
    sessionStorage.setItem(KEY, JSON.stringify(samples));
}

/** The window, or as much of it as there is something to show of. */
export function shown(windowMs) {
    const since = samples.length > 0 ? now() - samples[0][0] : 0;
    return Math.min(windowMs, Math.max(LEAST_MS, Math.ceil(since / LEAST_MS) * LEAST_MS));
}

/**
 * The last `windowMs` in `buckets` equal parts, oldest first: {at, completed, failed} a second, or
 * null where nobody looked.
 */
export function rates(windowMs, buckets) {
    const width = windowMs / buckets;
    const end = Math.ceil(now() / width) * width;
    const parts = Array.from({length: buckets}, (_, i) => (
        {at: end - windowMs + (i + 1) * width, completed: 0, failed: 0, ms: 0}));
    for (let i = 1; i < samples.length; i++) share(parts, width, samples[i - 1], samples[i]);
    const seen = (part, number) => (part.ms < width / 2 ? null : (number * 1000) / part.ms);
    return parts.map((part) => ({at: part.at, completed: seen(part, part.completed),
        failed: seen(part, part.failed)}));
}

/** What happened between two samples, spread over the parts it falls into. */
function share(parts, width, [from, completed, failed], [to, completedThen, failedThen]) {
    const first = parts[0].at - width;
    for (let i = Math.max(0, Math.floor((from - first) / width)); i < parts.length; i++) {
        const begin = Math.max(from, parts[i].at - width);
        const ms = Math.min(to, parts[i].at) - begin;
        if (begin >= to) break;
        if (ms <= 0) continue;
        const part = ms / (to - from);
        parts[i].ms += ms;
        parts[i].completed += Math.max(0, completedThen - completed) * part;
        parts[i].failed += Math.max(0, failedThen - failed) * part;
    }
}
