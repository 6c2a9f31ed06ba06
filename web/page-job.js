// One job: where it stands, what happened at each attempt, what its handler says.

import {actButton} from './acts.js';
import {getExactly} from './api.js';
import {fill, h, say, throttle} from './dom.js';
import {ago, count, duration, ran, shortId} from './format.js';
import {icon} from './icons.js';
import {jsonPanel} from './json.js';
import {on} from './live.js';
import {logPanel} from './log.js';
import {ACTS, ENDED, copyButton, head, notFound, panel, progressBar, status} from './parts.js';
import {go, link} from './router.js';
import {follow} from './stream.js';
import {timeline} from './timeline.js';

const POLL_MS = 2000;

function fact(name, ...content) {
    return h('div', {}, h('dt', {}, name), h('dd', {}, content));
}

function facts(job) {
    return h('dl', {class: 'facts'},
        fact('Id', h('code', {}, job.id), copyButton(job.id, 'the id')),
        fact('Correlation id', h('code', {}, job.correlation_id),
            copyButton(job.correlation_id, 'the correlation id')),
        job.traceparent && fact('Trace', h('code', {}, job.traceparent),
            copyButton(job.traceparent, 'the traceparent')),
        fact('Tenant', h('code', {}, job.tenant_id)),
        job.worker_id && fact('Worker', h('code', {}, job.worker_id)),
        job.unique_key && fact('Unique key', h('code', {}, job.unique_key)),
        fact('Attempts', `${job.attempts} of ${job.max_attempts}`),
        fact('Priority', count(job.priority)),
        fact('Created', ago(job.created_at)),
        job.run_at !== job.created_at && fact('Due', ago(job.run_at)),
        fact('Started', ago(job.started_at)),
        fact('Ended', ago(job.completed_at)),
        fact('Took', job.started_at ? duration(ran(job)) : '–'));
}

class JobPage {
    constructor(view, id) {
        this.view = view;
        this.id = id;
        this.message = null;
        this.log = logPanel();
        this.title = h('span', {});
        this.state = h('span', {class: 'state', 'aria-live': 'polite'});
        this.actions = h('div', {class: 'actions'});
        this.bar = h('div', {class: 'job-progress', hidden: true});
        this.times = h('div', {});
        this.facts = h('div', {});
        this.bodies = h('div', {class: 'pair bodies'});
    }

    show() {
        fill(this.view.root,
            h('p', {class: 'crumbs'}, h('a', {href: link('jobs')}, icon('back'), 'Jobs')),
            h('div', {class: 'head'}, h('h1', {}, this.title, ' ', this.state), this.actions),
            this.bar,
            h('div', {class: 'split'},
                h('div', {}, panel('Timeline', this.times), this.log.node, this.bodies),
                h('section', {class: 'panel aside'}, h('h2', {}, 'Record'), this.facts)));
    }

    async load() {
        const job = await getExactly(`v1/jobs/${encodeURIComponent(this.id)}`, this.view.signal);
        const before = this.job;
        this.job = job;
        if (before === undefined) this.show();
        document.title = `${job.type} ${shortId(job.id)} · millhand`;
        fill(this.title, job.type);
        if (before?.status !== job.status) {
            fill(this.state, status(job.status));
            this.drawActions();
        }
        this.drawProgress();
        fill(this.times, timeline(job));
        fill(this.facts, facts(job));
        this.log.keep(job);
        if (before === undefined || before.status !== job.status) this.drawBodies();
        return job;
    }

    drawActions() {
        const fits = Object.keys(ACTS).filter((name) => ACTS[name].includes(this.job.status));
        const buttons = fits.map((name) => actButton(name, () => [this.id], {
            about: 'this job',
            onDone: () => (name === 'delete' ? go(link('jobs')) : this.reload()),
        }));
        fill(this.actions, buttons,
            h('a', {class: 'button', href: link('new', {like: this.id})}, icon('copy'), 'Again'));
    }

    drawProgress() {
        const {job} = this;
        this.bar.hidden = job.status !== 'processing';
        if (this.bar.hidden) return;
        const known = typeof job.progress === 'number';
        fill(this.bar, progressBar(job.progress, 'Progress'),
            h('span', {class: 'number'}, known ? `${Math.round(job.progress * 100)} %` : 'running'),
            this.message && h('span', {class: 'muted'}, this.message));
    }

    drawBodies() {
        const {job} = this;
        fill(this.bodies, jsonPanel('Payload', job.payload),
            job.status === 'completed' && jsonPanel('Result', job.result));
    }

    reload() {
        return this.load().catch(() => {});
    }

    onEvent(event) {
        if (event.event === 'log') this.log.add(event.line);
        else if (event.event === 'progress') {
            this.message = event.message ?? this.message;
            if (this.job.status !== 'processing') return;
            this.job.progress = event.progress ?? this.job.progress;
            this.drawProgress();
        } else {
            if (event.event === 'claimed') this.message = null;
            this.refresh();
        }
    }

    /** Events where there are any; else it is asked for while it goes on. */
    follow() {
        const {signal} = this.view;
        let streaming = false;
        let last = this.job.status;
        this.refresh = throttle(async () => {
            if (signal.aborted) return;
            await this.reload();
            if (this.job.status === last) return;
            last = this.job.status;
            say(`The job is ${last}`);
        }, 500);
        const stream = () => {
            if (streaming || signal.aborted) return;
            streaming = true;
            this.log.begin();
            follow(`v1/jobs/${encodeURIComponent(this.id)}/events`, {signal, ends: true,
                onEvent: (event) => this.onEvent(event),
                onState: (state) => this.log.state(state)}).then(() => {
                streaming = false;
                this.refresh();
            });
        };
        stream();
        on('event', (event) => {
            if (event.job_id !== this.id) return;
            if (!streaming && event.event === 'claimed') stream();
            if (event.event !== 'progress') this.refresh();
        }, signal);
        const timer = setInterval(() => {
            if (!document.hidden && !ENDED.includes(this.job.status)) this.refresh();
        }, POLL_MS);
        signal.addEventListener('abort', () => clearInterval(timer), {once: true});
    }
}

export async function open(view) {
    const [id = ''] = view.route.args;
    const page = new JobPage(view, id);
    try {
        await page.load();
    } catch (error) {
        if (error.status !== 404) throw error;
        fill(view.root, head('Job'), notFound('There is no such job', 'jobs', 'the jobs'));
        return;
    }
    page.follow();
}
