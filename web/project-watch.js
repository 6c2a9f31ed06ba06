// A job of a project while it goes on: how far it is, and how it ended.

import {get} from './api.js';
import {fill, h, say, throttle} from './dom.js';
import {ENDED, progressBar} from './parts.js';
import {link} from './router.js';
import {follow} from './stream.js';

const POLL_MS = 2000;
const REST_MS = 300;

export class Watch {
    /** `onEnd(job)` hears of the end of a job that was seen under way. */
    constructor(onEnd) {
        this.onEnd = onEnd;
        this.node = h('div', {class: 'job-progress', hidden: true});
        this.job = null;
    }

    /** Follows the job until it has ended or `signal` ends it; of two the later one is shown. */
    start(id, signal) {
        if (this.job?.id === id && !ENDED.includes(this.job.status)) return;
        this.leave?.abort();
        this.leave = new AbortController();
        this.job = {id, status: 'pending', type: ''};
        this.message = null;
        const mine = AbortSignal.any([signal, this.leave.signal]);
        const refresh = throttle(() => this.load(id, mine), REST_MS);
        follow(`v1/jobs/${id}/events`, {signal: mine, ends: true, onState: () => {},
            onEvent: (event) => this.onEvent(event, refresh)}).then(refresh);
        const timer = setInterval(refresh, POLL_MS);
        mine.addEventListener('abort', () => clearInterval(timer), {once: true});
        refresh();
    }

    async load(id, signal) {
        if (signal.aborted) return;
        try {
            this.job = await get(`v1/jobs/${id}`, signal);
        } catch (error) {
            if (error.status === 404) this.job = {...this.job, status: 'cancelled', error: null};
        }
        if (signal.aborted) return;
        this.draw();
        if (!ENDED.includes(this.job.status)) return;
        this.leave.abort();
        say(`The job is ${this.job.status}`);
        this.onEnd(this.job);
    }

    onEvent(event, refresh) {
        if (event.event === 'log') return;
        if (event.event !== 'progress') {
            refresh();
            return;
        }
        this.message = event.message ?? this.message;
        this.job.progress = event.progress ?? this.job.progress;
        this.draw();
    }

    draw() {
        const {id, type, status, progress, error} = this.job;
        const there = h('a', {href: link(`job/${id}`)}, `job ${type}`);
        this.node.hidden = ENDED.includes(status) && status !== 'failed';
        if (status === 'failed') {
            fill(this.node, h('span', {class: 'error-text whole'}, error ?? 'It has failed'),
                there);
        } else if (status === 'processing') {
            const known = typeof progress === 'number';
            fill(this.node, progressBar(progress, `Progress of ${type}`),
                h('span', {class: 'number'}, known ? `${Math.round(progress * 100)} %` : 'running'),
                this.message && h('span', {class: 'muted'}, this.message), there);
        } else if (status === 'pending') {
            fill(this.node, h('span', {class: 'muted'}, 'It waits for a worker:'), there);
        }
    }
}
