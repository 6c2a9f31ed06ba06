// What happened to a job, from its record and its attempts, oldest first.

import {h} from './dom.js';
import {ago, duration} from './format.js';
import {statusIcon} from './icons.js';

const OUTCOMES = {retry: 'failed', failed: 'failed', cancelled: 'cancelled', released: 'pending',
    later: 'pending'};

function step(state, title, at, ...more) {
    return h('li', {}, statusIcon(state),
        h('div', {class: 'step'}, h('p', {class: 'step-title'}, h('strong', {}, title), at), more));
}

function attempt(one) {
    const took = Date.parse(one.ended_at) - Date.parse(one.started_at);
    const openLog = one.log && one.log.length < 2000;
    return step(OUTCOMES[one.outcome] ?? 'failed', `Attempt ${one.number}: ${one.outcome}`,
        ago(one.ended_at),
        h('p', {class: 'muted'}, `after ${duration(took)}`, one.worker_id && ' on ',
            one.worker_id && h('code', {}, one.worker_id)),
        one.error && h('p', {class: 'error-text whole'}, one.error),
        one.log && h('details', {open: openLog}, h('summary', {}, 'What it wrote last'),
            h('pre', {tabindex: 0, 'aria-label': `Log of attempt ${one.number}`}, one.log)));
}

/** What is now, where it is not told by an attempt. */
function ending(job) {
    const told = job.history.at(-1);
    if (job.status === 'processing') {
        return step('processing', `Attempt ${job.attempts}: processing`, ago(job.started_at),
            h('p', {class: 'muted'}, 'on ', h('code', {}, job.worker_id)));
    }
    if (job.status === 'completed') {
        const took = Date.parse(job.completed_at) - Date.parse(job.started_at);
        return step('completed', `Attempt ${job.attempts}: completed`, ago(job.completed_at),
            h('p', {class: 'muted'}, `after ${duration(took)}`, job.worker_id && ' on ',
                job.worker_id && h('code', {}, job.worker_id)));
    }
    if (job.status === 'pending' && job.next_retry_at)
        return step('pending', 'Waits for its next try', ago(job.next_retry_at));
    if (job.status === 'pending') {
        const due = Date.parse(job.run_at) > Date.parse(job.created_at) + 1000;
        return step('pending', due ? 'Due' : 'Waits to be claimed', due ? ago(job.run_at) : null);
    }
    if (job.status === 'failed') {
        return step('failed', 'Moved to the dead letter', ago(job.completed_at),
            !told && job.error && h('p', {class: 'error-text whole'}, job.error));
    }
    return step('cancelled', 'Cancelled', ago(job.completed_at));
}

export function timeline(job) {
    return h('ol', {class: 'timeline'}, step('pending', 'Dispatched', ago(job.created_at)),
        job.history.map(attempt), ending(job));
}
