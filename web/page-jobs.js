// Jobs: pages of them, newest first, with filters that live in the address.

import {actButton} from './acts.js';
import {getJobs} from './api.js';
import {fill, h, say, throttle} from './dom.js';
import {compact, plural} from './format.js';
import {icon, statusIcon} from './icons.js';
import {JobsTable} from './jobs-table.js';
import {on} from './live.js';
import {ACTS, STATUSES, empty, head, trouble, typeSuggestions} from './parts.js';
import {link, replace} from './router.js';
import {isAdmin} from './session.js';

const TYPING_MS = 350;
const ROWS = ['50', '200', '1000'];
const FILTERS = ['status', 'type', 'tenant', 'cursor', 'rows'];

function filtersOf(route) {
    return Object.fromEntries(FILTERS.map((name) => [name, route.query.get(name) ?? '']));
}

class JobsPage {
    constructor(view) {
        this.view = view;
        this.filters = filtersOf(view.route);
        this.table = new JobsTable({caption: 'Jobs, newest first',
            onSelect: () => this.drawSelection()});
        this.tabs = h('nav', {class: 'tabs', 'aria-label': 'Jobs by status'});
        this.selection = h('div', {class: 'selection', hidden: true});
        this.content = h('div', {'aria-busy': 'true'});
        this.pager = h('nav', {class: 'pager', 'aria-label': 'Pages of the list'});
        fill(view.root, head('Jobs', h('a', {class: 'button primary', href: link('new')},
            icon('add'), 'New job')), this.tabs, this.filterForm(), this.selection, this.content,
        this.pager);
    }

    filterForm() {
        this.type = h('input', {type: 'search', name: 'type', list: 'type-names', 'data-filter': '',
            placeholder: 'Any type', 'aria-label': 'Type', autocomplete: 'off',
            spellcheck: 'false', value: this.filters.type});
        this.tenant = h('input', {type: 'search', name: 'tenant', placeholder: 'Any tenant',
            'aria-label': 'Tenant id', autocomplete: 'off', spellcheck: 'false',
            value: this.filters.tenant, hidden: !isAdmin()});
        let timer = null;
        const typed = () => {
            clearTimeout(timer);
            timer = setTimeout(() => this.typed(), TYPING_MS);
        };
        return h('form', {class: 'filters', role: 'search', oninput: typed, onsubmit: (event) => {
            event.preventDefault();
            this.typed();
        }}, h('span', {class: 'search'}, icon('search'), this.type), this.tenant,
        typeSuggestions(this.view.signal));
    }

    typed() {
        replace(link('jobs', {...this.filters, type: this.type.value.trim(),
            tenant: this.tenant.value.trim(), cursor: ''}));
    }

    navigate(route) {
        this.filters = filtersOf(route);
        if (document.activeElement !== this.type) this.type.value = this.filters.type;
        if (document.activeElement !== this.tenant) this.tenant.value = this.filters.tenant;
        this.table.selected.clear();
        this.drawTabs();
        this.drawSelection();
        this.show();
    }

    /** How many there are is known of all, not of a type or a tenant. */
    drawTabs() {
        const bare = this.filters.type === '' && this.filters.tenant === '';
        const {stats} = this;
        const total = stats && STATUSES.reduce((sum, name) => sum + stats[`${name}_count`], 0);
        fill(this.tabs, ['', ...STATUSES].map((name) => h('a', {
            href: link('jobs', {...this.filters, status: name, cursor: ''}),
            'aria-current': this.filters.status === name ? 'true' : null,
        }, name !== '' && statusIcon(name), name === '' ? 'All' : name,
        bare && stats && h('span', {class: 'number'},
            compact(name === '' ? total : stats[`${name}_count`])))));
    }

    drawSelection() {
        const {table} = this;
        this.selection.hidden = table.selected.size === 0;
        const fits = (name) => table.selectedIn(ACTS[name]).map((job) => job.id);
        const signature = Object.keys(ACTS).map((name) => fits(name).length).join();
        if (this.drawnSelection === signature + table.selected.size) return;
        this.drawnSelection = signature + table.selected.size;
        say(table.selected.size > 0 ? `${table.summary()} selected` : '');
        fill(this.selection, h('strong', {}, `${table.summary()} selected`),
            Object.keys(ACTS).map((name) => {
                const button = actButton(name, () => fits(name), {onDone: () => this.acted()});
                button.disabled = fits(name).length === 0;
                return button;
            }),
            h('button', {type: 'button', class: 'quiet', onclick: () => table.selectAll(false)},
                'Clear'));
    }

    async acted() {
        this.table.selected.clear();
        this.drawSelection();
        await this.show();
    }

    /** A filter that is wrong is said where the jobs would be, and can be mended. */
    async show() {
        try {
            await this.load();
        } catch (error) {
            if (error.name !== 'AbortError') fill(this.content, trouble(error));
        }
    }

    /** Reads one page: however many jobs there are, the answer is this large. */
    async load() {
        const asked = JSON.stringify(this.filters);
        const page = await getJobs({...this.filters, rows: null,
            limit: ROWS.includes(this.filters.rows) ? this.filters.rows : ROWS[0], bodies: 'no'},
            this.view.signal);
        if (asked !== JSON.stringify(this.filters)) return;
        this.content.removeAttribute('aria-busy');
        this.draw(page);
    }

    draw(page) {
        const {jobs} = page;
        if (jobs.length > 0) {
            this.table.draw(jobs);
            if (this.content.firstChild !== this.table.node) fill(this.content, this.table.node);
        } else {
            this.table.draw([]);
            fill(this.content, this.nothing(page));
        }
        this.drawPager(page);
    }

    nothing(page) {
        const {status, type, tenant, cursor} = this.filters;
        if (page.cursor !== null)
            return empty('None found yet', 'Many others were looked at. There may be older ones.');
        if (cursor !== '') return empty('That was the last page', 'There are no older jobs.');
        if (status + type + tenant !== '') {
            return empty('No job is like this', `There is no ${status || 'job'}${
                status ? ' job' : ''}${type ? ` of the type ${type}` : ''}${
                tenant ? ' of this tenant' : ''}.`, null,
            h('a', {class: 'button', href: link('jobs')}, 'Show all jobs'));
        }
        return empty('No jobs yet', 'Dispatch the first one here, or type:',
            'millhand enqueue greet \'{"name":"Ada"}\'');
    }

    drawPager(page) {
        const at = this.filters.cursor;
        const address = (cursor) => link('jobs', {...this.filters, cursor});
        this.pager.hidden = at === '' && page.cursor === null && this.filters.rows === '';
        const shown = this.filters.rows || ROWS[0];
        fill(this.pager,
            at !== '' && h('a', {class: 'button', href: address(''), 'data-first': ''},
                icon('back'), 'Newest'),
            h('span', {class: 'muted'}, plural(page.jobs.length, 'job'), ' of ',
                ROWS.map((rows) => h('a', {'aria-current': rows === shown ? 'true' : null,
                    'aria-label': `${rows} rows a page`, href: link('jobs', {...this.filters,
                        cursor: '', rows: rows === ROWS[0] ? '' : rows})}, rows)), ' a page'),
            page.cursor && h('a', {class: 'button', href: address(page.cursor), 'data-next': ''},
                'Older', icon('next')));
    }
}

export async function open(view) {
    const page = new JobsPage(view);
    const {signal} = view;
    const refresh = throttle(() => {
        // Rows that are selected stay where they are.
        if (!signal.aborted && !document.hidden && page.table.selected.size === 0)
            page.load().catch(() => {});
    }, 1000);
    page.drawTabs();
    on('stats', (stats) => {
        page.stats = stats;
        page.drawTabs();
    }, signal);
    on('event', (event) => page.table.apply(event) && page.drawSelection(), signal);
    on('change', refresh, signal);
    await page.show();
    return (route) => page.navigate(route);
}
