// One project: its state, the job that works on it, its files, searching them, its
// blueprint.

import {get} from './api.js';
import {fill, h, throttle} from './dom.js';
import {ago} from './format.js';
import {icon} from './icons.js';
import {on} from './live.js';
import {head, notFound} from './parts.js';
import {dispatchFor, pathOf, projectState, removeProject, shortCommit, tenantOf}
    from './project-acts.js';
import {BlueprintView} from './project-blueprint.js';
import {FilesView} from './project-files.js';
import {SearchView} from './project-search.js';
import {Watch} from './project-watch.js';
import {go, link} from './router.js';

const LOOK_MS = 1500;
// Each has node, show(query), and stale(): what it shows was indexed anew.
const VIEWS = [['files', 'Files', FilesView], ['search', 'Search', SearchView],
    ['blueprint', 'Blueprint', BlueprintView]];

class ProjectPage {
    constructor(view, project) {
        this.view = view;
        this.project = project;
        this.views = new Map();
        this.state = h('span', {class: 'state', 'aria-live': 'polite'});
        this.about = h('p', {class: 'lead project-about'});
        this.tabs = h('nav', {class: 'tabs', 'aria-label': 'Of this project'});
        this.content = h('div', {class: 'project-content'});
        this.watch = new Watch((job) => this.onEnd(job));
        const button = (symbol, word, fn, careful) => h('button', {type: 'button',
            class: careful, onclick: fn}, icon(symbol), word);
        fill(view.root,
            h('p', {class: 'crumbs'}, h('a', {href: link('projects')}, icon('back'), 'Projects')),
            h('div', {class: 'head'}, h('h1', {}, project.name, ' ', this.state),
                h('div', {class: 'actions'},
                    button('retry', 'Index', () => this.dispatch('index')),
                    button('types', 'Make blueprint', () => this.dispatch('blueprint')),
                    button('remove', 'Delete', () => this.remove(), 'careful'))),
            this.about, this.watch.node, this.tabs, this.content);
        this.draw();
    }

    draw() {
        const {project} = this;
        document.title = `${project.name} · millhand`;
        fill(this.state, projectState(project));
        fill(this.about, h('code', {}, project.url), project.ref && [' ', project.ref],
            project.commit && [', commit ', shortCommit(project.commit)],
            project.indexed_at && [', indexed ', ago(project.indexed_at)],
            tenantOf(project) && [', ', tenantOf(project)]);
        if (project.state === 'indexing' && project.job_id !== null)
            this.watch.start(project.job_id, this.view.signal);
    }

    async load() {
        const before = this.project.indexed_at;
        this.project = await get(pathOf(this.project), this.view.signal);
        this.draw();
        if (before !== this.project.indexed_at) this.showAnew();
    }

    showAnew() {
        for (const one of this.views.values()) one.stale();
        this.navigate(this.route);
    }

    async onEnd(job) {
        await this.load().catch(() => {});
        if (job.type === 'blueprint' && job.status === 'completed') this.showAnew();
    }

    /** Shows the part that the address names; each is made when it is first wanted. */
    navigate(route) {
        this.route = route;
        const wanted = route.query.get('view') ?? 'files';
        const [name, , View] = VIEWS.find(([one]) => one === wanted) ?? VIEWS[0];
        fill(this.tabs, VIEWS.map(([one, title]) => h('a', {
            href: link(`project/${this.project.id}`, {view: one === 'files' ? '' : one}),
            'aria-current': one === name ? 'true' : null}, title)));
        if (!this.views.has(name)) this.views.set(name, new View(this));
        const shown = this.views.get(name);
        if (this.content.firstChild !== shown.node) fill(this.content, shown.node);
        shown.show(route.query);
    }

    async dispatch(type) {
        const job = await dispatchFor(this.project, type);
        if (job !== null) this.watch.start(job.id, this.view.signal);
    }

    async remove() {
        if (await removeProject(this.project)) go(link('projects'));
    }
}

export async function open(view) {
    const [id = ''] = view.route.args;
    let page;
    try {
        page = new ProjectPage(view, await get(pathOf({id}), view.signal));
    } catch (error) {
        if (error.status !== 404) throw error;
        fill(view.root, head('Project'), notFound('There is no such project', 'projects',
            'the projects'));
        return null;
    }
    page.navigate(view.route);
    on('change', throttle(() => page.load().catch(() => {}), LOOK_MS), view.signal);
    return (route) => page.navigate(route);
}
