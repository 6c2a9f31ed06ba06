// A table of jobs: rows that stay themselves while what they show changes, and can be selected.

import {fill, h, keyed} from './dom.js';
import {ago, duration, plural, ran, shortId} from './format.js';
import {link} from './router.js';
import {isAdmin} from './session.js';
import {progressBar, status} from './parts.js';

const DEFAULT_TENANT = '00000000-0000-0000-0000-000000000000';

/** What an event makes of a job. */
const BECOMES = {claimed: 'processing', completed: 'completed', failed: 'failed',
    retried: 'pending', released: 'pending', cancelled: 'cancelled'};

/** What a row says last: how far it is, what went wrong, when it goes on. */
function outcome(job) {
    if (job.status === 'processing') {
        return [progressBar(job.progress, `Progress of ${job.type}`),
            h('span', {class: 'muted'}, duration(ran(job)))];
    }
    if (job.status === 'pending') {
        const later = Date.parse(job.run_at) > Date.parse(job.created_at) + 1000;
        if (job.next_retry_at) return ['retry', ago(job.next_retry_at), why(job)];
        return later ? ['due', ago(job.run_at)] : [];
    }
    if (job.status === 'completed') return [h('span', {class: 'muted'}, 'in ', duration(ran(job)))];
    return [why(job)];
}

function why(job) {
    return job.error && h('span', {class: 'error-text', title: job.error}, job.error);
}

function cell(name, ...content) {
    return h('td', {class: `col-${name}`}, content);
}

export class JobsTable {
    /** `onSelect(ids)` hears of every change of the selection. */
    constructor({caption, onSelect}) {
        this.onSelect = onSelect;
        this.selected = new Set();
        this.jobs = [];
        this.all = h('input', {type: 'checkbox', 'aria-label': 'Select all on this page',
            onchange: () => this.selectAll(this.all.checked)});
        this.body = h('tbody', {});
        this.tenants = h('th', {scope: 'col', class: 'col-tenant'}, 'Tenant');
        this.node = h('div', {class: 'table-box'}, h('table', {class: 'jobs'},
            h('caption', {class: 'unseen'}, caption),
            h('thead', {}, h('tr', {}, h('td', {class: 'col-tick'}, this.all),
                h('th', {scope: 'col', class: 'col-status'}, 'Status'),
                h('th', {scope: 'col', class: 'col-type'}, 'Type'), this.tenants,
                h('th', {scope: 'col', class: 'col-attempts'}, 'Attempts'),
                h('th', {scope: 'col', class: 'col-priority'}, 'Priority'),
                h('th', {scope: 'col', class: 'col-created'}, 'Created'),
                h('th', {scope: 'col', class: 'col-outcome'}, 'Outcome'))),
            this.body));
    }

    /** Whose job it is matters to who sees those of many. */
    showTenants() {
        const wanted = isAdmin() && this.jobs.some((job) => job.tenant_id !== DEFAULT_TENANT);
        this.node.firstChild.classList.toggle('with-tenants', wanted);
    }

    draw(jobs) {
        this.jobs = jobs;
        const there = new Set(jobs.map((job) => job.id));
        const before = this.selected.size;
        for (const id of this.selected) if (!there.has(id)) this.selected.delete(id);
        this.showTenants();
        keyed(this.body, jobs, (job) => job.id, (job) => this.makeRow(job), (row, job) =>
            this.updateRow(row, job));
        this.drawAll();
        if (this.selected.size !== before) this.onSelect([...this.selected]);
    }

    makeRow(job) {
        const tick = h('input', {type: 'checkbox',
            'aria-label': `Select ${job.type} ${shortId(job.id)}`,
            onchange: () => this.select(job.id, tick.checked)});
        return h('tr', {'data-row': ''}, cell('tick', tick), cell('status'),
            h('th', {scope: 'row', class: 'col-type'},
                h('a', {href: link(`job/${job.id}`), 'data-open': ''}, job.type),
                h('code', {title: job.id}, shortId(job.id))),
            cell('tenant', h('code', {title: job.tenant_id}, job.tenant_id.slice(-8))),
            cell('attempts'), cell('priority', String(job.priority)),
            cell('created', ago(job.created_at)), cell('outcome', h('div', {})));
    }

    updateRow(row, job) {
        const [tick, state, , , attempts, , , end] = row.children;
        row.classList.toggle('selected', this.selected.has(job.id));
        tick.firstChild.checked = this.selected.has(job.id);
        const drawn = `${job.status} ${job.attempts} ${job.progress} ${job.error} ${job.run_at}`;
        if (row.dataset.drawn === drawn && job.status !== 'processing') return;
        if (row.dataset.status !== job.status) fill(state, status(job.status));
        row.dataset.drawn = drawn;
        row.dataset.status = job.status;
        fill(attempts, `${job.attempts} / ${job.max_attempts}`);
        fill(end.firstChild, outcome(job));
    }

    /** An event that is about a row; true where it was one of these. */
    apply(event) {
        const job = this.jobs.find((one) => one.id === event.job_id);
        const row = job && this.body.querySelector(`[data-key="${job.id}"]`);
        const status = BECOMES[event.event];
        if (!row || (status === undefined && event.event !== 'progress')) return false;
        if (status !== undefined) {
            Object.assign(job, {status, attempts: event.attempts, error: event.error ?? job.error,
                next_retry_at: event.next_retry_at ?? null});
            if (status === 'processing')
                Object.assign(job, {started_at: event.time, progress: null});
            else if (status !== 'pending') job.completed_at = event.time;
        } else if (job.status === 'processing') {
            job.progress = event.progress ?? job.progress;
        }
        this.updateRow(row, job);
        return true;
    }

    select(id, wanted) {
        if (wanted) this.selected.add(id);
        else this.selected.delete(id);
        this.body.querySelector(`[data-key="${id}"]`)?.classList.toggle('selected', wanted);
        this.drawAll();
        this.onSelect([...this.selected]);
    }

    selectAll(wanted) {
        for (const job of this.jobs) {
            if (wanted) this.selected.add(job.id);
            else this.selected.delete(job.id);
        }
        this.draw(this.jobs);
        this.onSelect([...this.selected]);
    }

    drawAll() {
        const all = this.jobs.length > 0 && this.selected.size === this.jobs.length;
        this.all.checked = all;
        this.all.indeterminate = this.selected.size > 0 && !all;
        this.all.disabled = this.jobs.length === 0;
    }

    /** The selected jobs that are in one of these statuses. */
    selectedIn(statuses) {
        return this.jobs.filter((job) => this.selected.has(job.id)
            && statuses.includes(job.status));
    }

    summary() {
        return plural(this.selected.size, 'job');
    }
}
