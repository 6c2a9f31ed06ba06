// Projects: repositories that are indexed, and what can be done with them.

import {get} from './api.js';
import {attempt} from './dialog.js';
import {fill, h, keyed, throttle} from './dom.js';
import {ago} from './format.js';
import {icon} from './icons.js';
import {on} from './live.js';
import {empty, head} from './parts.js';
import {addProject, dispatchFor, projectState, removeProject, shortCommit, tenantOf}
    from './project-acts.js';
import {go, link} from './router.js';

const LOOK_MS = 1500;

class ProjectsPage {
    constructor(view) {
        this.view = view;
        this.body = h('tbody', {});
        this.table = h('div', {class: 'table-box'}, h('table', {class: 'plain projects'},
            h('caption', {class: 'unseen'}, 'Projects, by name'),
            h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'Project'),
                h('th', {scope: 'col', class: 'col-state'}, 'State'),
                h('th', {scope: 'col', class: 'col-time'}, 'Commit'),
                h('th', {scope: 'col', class: 'col-beat'}, 'Indexed'),
                h('th', {scope: 'col', class: 'col-acts'}, h('span', {class: 'unseen'}, 'Acts')))),
            this.body));
        this.none = empty('No projects', 'A project is a repository: its files and symbols are '
            + 'indexed, and can be searched.',
        'millhand project add site --url https://github.com/acme/site.git');
        this.content = h('div', {});
        fill(view.root, head('Projects', h('button', {type: 'button', class: 'primary',
            onclick: () => this.add()}, icon('add'), 'New project')), this.content);
    }

    async load() {
        const {projects} = await get('v1/projects', this.view.signal);
        keyed(this.body, projects, (one) => one.id, (one) => this.make(one),
            (row, one) => this.update(row, one));
        const wanted = projects.length > 0 ? this.table : this.none;
        if (this.content.firstChild !== wanted) fill(this.content, wanted);
    }

    make(project) {
        const button = (symbol, word, fn, careful) => h('button', {type: 'button',
            class: careful ? 'careful' : null, 'aria-label': `${word} ${project.name}`,
            onclick: fn}, icon(symbol), h('span', {}, word));
        return h('tr', {'data-row': ''},
            h('th', {scope: 'row'}, h('a', {href: link(`project/${project.id}`), 'data-open': ''},
                project.name), h('code', {}, project.url), tenantOf(project)),
            h('td', {class: 'col-state'}), h('td', {class: 'col-time'}),
            h('td', {class: 'col-beat'}),
            h('td', {class: 'col-acts'}, h('div', {class: 'actions'},
                button('retry', 'Index', () => dispatchFor(project, 'index')),
                button('remove', 'Delete', async () => {
                    if (await removeProject(project)) await attempt(() => this.load());
                }, true))));
    }

    update(row, project) {
        const drawn = JSON.stringify(project);
        if (row.dataset.drawn === drawn) return;
        row.dataset.drawn = drawn;
        const [, state, commit, indexed] = row.children;
        fill(state, projectState(project));
        fill(commit, shortCommit(project.commit));
        fill(indexed, ago(project.indexed_at));
    }

    async add() {
        const project = await addProject();
        if (project !== null) go(link(`project/${project.id}`));
    }
}

export async function open(view) {
    const page = new ProjectsPage(view);
    on('change', throttle(() => page.load().catch(() => {}), LOOK_MS), view.signal);
    await page.load();
}
