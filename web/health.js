// What is wrong with a queue, told from its counts, types and workers, and what to type against it.

import {duration, plural} from './format.js';
import {link} from './router.js';

const WAIT_LONG_MS = 60000;
const WAIT_VERY_LONG_MS = 600000;
const NAMES = 3;

function some(names) {
    const rest = names.length - NAMES;
    return names.slice(0, NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** A worker beats several times within its lease: half of it without a beat is silence. */
export function isSilent(worker) {
    return worker.silent_ms > worker.lease_ms / 2;
}

function workersThat(stats, workers) {
    const name = 'Workers';
    const open = stats.pending_count + stats.processing_count;
    if (stats.workers === 0) {
        return {name, state: open > 0 ? 'bad' : 'warn', found: 'none is running',
            mend: 'millhand worker'};
    }
    const silent = workers?.filter(isSilent) ?? [];
    const to = workers ? link('workers') : null;
    if (silent.length > 0) {
        return {name, to, state: 'warn',
            found: `${silent.length} of ${stats.workers} silent: ${some(silent.map((w) => w.id))}`};
    }
    return {name, to, state: 'ok', found: `${stats.workers} running, all heard of`};
}

function waiting({oldest_pending_ms: ms}) {
    const name = 'Oldest pending';
    if (ms === null) return {name, state: 'ok', found: 'nothing is waiting'};
    const state = ms > WAIT_VERY_LONG_MS ? 'bad' : ms > WAIT_LONG_MS ? 'warn' : 'ok';
    return {name, state, found: `for ${duration(ms)}`, to: link('jobs', {status: 'pending'})};
}

function unserved(types) {
    const name = 'Types nobody serves';
    const those = types.filter((type) => type.workers === 0 && type.pending > 0)
        .map((type) => type.name);
    if (those.length === 0) return {name, state: 'ok', found: 'none'};
    return {name, state: 'bad', found: some(those), to: link('types'),
        mend: `ls handlers/${those[0]}*`};
}

function paused(types) {
    const those = types.filter((type) => type.paused).map((type) => type.name);
    if (those.length === 0) return null;
    return {name: 'Paused types', state: 'warn', found: some(those), to: link('types'),
        mend: `millhand type resume ${those[0]}`};
}

function deadLetters({failed_count: number}) {
    const name = 'Dead letters';
    if (number === 0) return {name, state: 'ok', found: 'none'};
    return {name, state: 'warn', found: plural(number, 'job'), to: link('dead')};
}

/**
 * {name, state: ok | warn | bad, found, to, mend}; types and workers are null for who may not see
 * them.
 */
export function checkHealth(stats, types, workers) {
    return [workersThat(stats, workers), waiting(stats), types && unserved(types),
        types && paused(types), deadLetters(stats)].filter((check) => check !== null);
}
