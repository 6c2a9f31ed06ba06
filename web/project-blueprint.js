// The blueprint of a project: what it is made of, module by module. It is built from the JSON of
// the blueprint, so that words of a repository stay words.

import {get, withQuery} from './api.js';
import {fill, h} from './dom.js';
import {absolute, count, plural} from './format.js';
import {moduleGraph, titleOf} from './module-graph.js';
import {empty, panel, trouble, waiting} from './parts.js';
import {pathOf, shortCommit} from './project-acts.js';
import {go, link} from './router.js';

const SIZES = ['file_count', 'lines', 'symbol_count'];

function sizeOf(part) {
    const [files, lines, symbols] = SIZES.map((name) => part[name]);
    return [plural(files, 'file'), plural(lines, 'line'), plural(symbols, 'symbol')].join(', ');
}

function languagesOf({languages}) {
    return h('p', {class: 'muted'}, languages.map((one) => `${one.name} ${count(one.lines)}`)
        .join(', '));
}

export class BlueprintView {
    constructor(page) {
        this.page = page;
        this.shown = null; // the version that is drawn
        this.node = h('div', {class: 'blueprint'});
    }

    stale() {
        this.shown = null;
    }

    address(more) {
        return link(`project/${this.page.project.id}`, {view: 'blueprint', ...more});
    }

    async show(query) {
        const version = query.get('version') ?? '';
        try {
            if (this.shown !== version) {
                if (this.shown === null) fill(this.node, waiting());
                await this.load(version);
                this.shown = version;
            }
            this.reveal(query.get('module'));
        } catch (error) {
            if (error.name === 'AbortError') return;
            fill(this.node, error.status === 404 ? empty('No blueprint yet', 'It is made from the '
                + 'index: press Make blueprint.') : trouble(error));
        }
    }

    async load(version) {
        this.version = version;
        const {project, view} = this.page;
        const [blueprint, {blueprints}] = await Promise.all([
            get(withQuery(pathOf(project, '/blueprint'), {version}), view.signal),
            get(pathOf(project, '/blueprints'), view.signal)]);
        if (this.version === version) this.draw(blueprint, blueprints);
    }

    draw(blueprint, versions) {
        const {modules, cycles} = blueprint;
        const graph = moduleGraph(modules, cycles, (module) => this.address({
            version: this.version, module: module.name}));
        fill(this.node, this.headOf(blueprint, versions),
            graph && panel('What depends on what', graph),
            cycles.length > 0 && panel(plural(cycles.length, 'cycle'),
                h('ul', {class: 'cycles'}, cycles.map((one) => this.cycle(one)))),
            h('section', {}, h('h2', {class: 'unseen'}, 'Modules'),
                h('ul', {class: 'groups'}, modules.map((one) => this.module(one)))));
    }

    headOf(blueprint, versions) {
        return h('section', {class: 'panel'},
            h('div', {class: 'panel-head'}, h('h2', {}, 'The whole'),
                h('span', {class: 'muted'}, blueprint.commit && ['commit ',
                    shortCommit(blueprint.commit)]), this.choice(versions)),
            h('p', {}, blueprint.purpose), h('p', {class: 'muted'}, sizeOf(blueprint), ', ',
                plural(blueprint.import_count, 'import')), languagesOf(blueprint));
    }

    /** Of the versions that are kept, where there is more than one. */
    choice(versions) {
        if (versions.length < 2) return null;
        const shown = this.version || String(versions[0].version);
        return h('select', {'aria-label': 'Version', class: 'version',
            onchange: (event) => go(this.address({version: event.target.value}))},
        versions.map(({version, created_at: made}) => h('option', {value: version,
            selected: String(version) === shown}, `Version ${version}, ${absolute(made)}`)));
    }

    /** The shortest way round, and which import takes each step. */
    cycle({path}) {
        return h('li', {}, h('strong', {}, [path[0]?.from, ...path.map((step) => step.to)]
            .map(titleOf).join(' → ')), h('ul', {}, path.map((step) => h('li', {},
            this.fileLink(step.file), ' imports ', this.fileLink(step.imports)))));
    }

    fileLink(path) {
        return h('a', {class: 'path', href: link(`project/${this.page.project.id}`,
            {file: path})}, path);
    }

    links(word, links) {
        return links.length > 0 && h('p', {class: 'module-links'}, h('span', {class: 'muted'},
            `${word} `), links.map((one, at) => [at > 0 && ', ', h('a', {href: this.address({
            version: this.version, module: one.module})}, titleOf(one.module)),
        h('span', {class: 'muted'}, ` ${count(one.imports)}`)]));
    }

    module(module) {
        const more = module.file_count - module.files.length;
        return h('li', {class: 'panel group', 'data-module': module.name},
            h('h3', {tabindex: -1}, titleOf(module.name)),
            h('p', {}, module.purpose),
            h('p', {class: 'muted'}, sizeOf(module)),
            this.links('depends on', module.depends_on),
            this.links('used by', module.used_by),
            h('details', {}, h('summary', {}, 'Chief files'),
                h('ul', {class: 'chief'}, module.files.map((file) => this.file(file))),
                more > 0 && h('p', {class: 'muted'}, `and ${count(more)} more`)));
    }

    file(file) {
        return h('li', {}, this.fileLink(file.path), h('p', {}, file.purpose),
            file.symbols.length > 0 && h('p', {}, file.symbols.map((symbol) =>
                h('span', {class: 'tag', title: `${symbol.kind}, line ${symbol.line}`},
                    symbol.name))));
    }

    reveal(name) {
        if (name === null) return;
        const element = [...this.node.querySelectorAll('[data-module]')]
            .find((one) => one.dataset.module === name);
        if (element === undefined) return;
        element.querySelector('details').open = true;
        element.scrollIntoView({block: 'start'});
        element.querySelector('h3').focus({preventScroll: true});
    }
}
