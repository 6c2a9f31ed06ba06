// The tree of a project's files, and the symbols of one of them. However large the tree is, only
// the folders that are open are read.

import {get, withQuery} from './api.js';
import {attempt} from './dialog.js';
import {fill, h} from './dom.js';
import {count, plural} from './format.js';
import {empty, trouble} from './parts.js';
import {pathOf} from './project-acts.js';
import {link} from './router.js';

const PAGE = 1000;
const ENTRIES_MAX = 2000; // of one folder
const SYMBOLS_MAX = 2000; // of one file
const LAST = '\u{10ffff}'; // behind whatever a path may go on with

/** What is right in a folder: {folders: [path], files: [file], cut}. The API knows files alone, by
    path: what lies in a folder of this one is stepped over. */
async function listFolder(project, folder, signal) {
    const folders = new Set();
    const files = [];
    const from = folder === '' ? 0 : folder.length + 1;
    let after = null;
    do {
        const page = await get(withQuery(pathOf(project, '/files'), {path: folder, after,
            limit: PAGE}), signal);
        for (const file of page.files) {
            const end = file.path.indexOf('/', from);
            if (end < 0) files.push(file);
            else folders.add(file.path.slice(0, end));
        }
        const end = page.after?.indexOf('/', from) ?? -1;
        after = end < 0 ? page.after : `${page.after.slice(0, end)}/${LAST}`;
    } while (after !== null && folders.size + files.length < ENTRIES_MAX);
    return {folders: [...folders], files, cut: after !== null};
}

function nameOf(path) {
    return path.slice(path.lastIndexOf('/') + 1);
}

class Tree {
    constructor(page) {
        this.page = page;
        this.folders = new Map(); // path → {details, loaded}
        this.node = h('ul', {class: 'tree'});
        this.loaded = this.fillFolder('', this.node);
    }

    async fillFolder(folder, list) {
        const {folders, files, cut} = await listFolder(this.page.project, folder,
            this.page.view.signal);
        fill(list, folders.map((path) => this.makeFolder(path)),
            files.map((file) => this.makeFile(file)),
            cut && h('li', {class: 'muted'},
                `More than ${count(ENTRIES_MAX)}: search for the rest`));
    }

    makeFolder(path) {
        const list = h('ul', {});
        const entry = {loaded: null};
        entry.load = () => {
            entry.loaded ??= attempt(() => this.fillFolder(path, list));
            return entry.loaded;
        };
        entry.details = h('details', {ontoggle: () => entry.details.open && entry.load()},
            h('summary', {}, nameOf(path)), list);
        this.folders.set(path, entry);
        return h('li', {}, entry.details);
    }

    makeFile(file) {
        return h('li', {'data-row': ''}, h('a', {'data-open': '', 'data-path': file.path,
            href: link(`project/${this.page.project.id}`, {file: file.path})}, nameOf(file.path)),
        h('span', {class: 'number'}, plural(file.lines, 'line')));
    }

    /** Opens the folders on the way to a file, and marks it. */
    async reveal(path) {
        await this.loaded;
        for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
            const entry = this.folders.get(path.slice(0, end));
            if (entry === undefined) break;
            entry.details.open = true;
            await entry.load();
        }
        for (const a of this.node.querySelectorAll('[data-path]')) {
            if (a.dataset.path === path) a.setAttribute('aria-current', 'true');
            else a.removeAttribute('aria-current');
        }
    }
}

function symbolLine(symbol) {
    return h('li', {}, h('span', {class: 'number'}, String(symbol.line)),
        h('span', {class: 'tag'}, symbol.kind),
        h('span', {class: 'symbol'}, symbol.scope && h('span', {class: 'muted'}, symbol.scope, ' '),
            h('strong', {}, symbol.name),
            symbol.signature && h('span', {class: 'muted'}, symbol.signature)));
}

export class FilesView {
    constructor(page) {
        this.page = page;
        this.file = null;
        this.treeBox = h('div', {});
        this.title = h('h2', {}, 'Symbols');
        this.symbols = h('div', {'aria-live': 'polite'});
        this.node = h('div', {class: 'browse'},
            h('section', {class: 'panel'}, h('h2', {}, 'Files'), this.treeBox),
            h('section', {class: 'panel symbols-panel'}, this.title, this.symbols));
    }

    stale() {
        this.tree = null;
        this.file = null;
    }

    async show(query) {
        const file = query.get('file') ?? '';
        if (this.page.project.indexed_at === null) {
            fill(this.treeBox, empty('Not indexed yet', 'Index reads the repository\'s files and '
                + 'their symbols.'));
            fill(this.symbols, h('p', {class: 'muted'}, 'Symbols are known once it is indexed.'));
            return;
        }
        try {
            if (!this.tree) {
                this.tree = new Tree(this.page);
                await this.tree.loaded;
                fill(this.treeBox, this.tree.node);
            }
            if (file !== this.file) await this.showFile(file);
        } catch (error) {
            if (error.name !== 'AbortError') fill(this.symbols, trouble(error));
        }
    }

    async showFile(file) {
        this.file = file;
        if (file === '') {
            fill(this.title, 'Symbols');
            fill(this.symbols, h('p', {class: 'muted'}, 'Choose a file to see what is in it.'));
            return;
        }
        fill(this.title, h('code', {}, file));
        const [{symbols}] = await Promise.all([
            get(withQuery(pathOf(this.page.project, '/symbols'), {file}), this.page.view.signal),
            this.tree.reveal(file)]);
        if (this.file !== file) return; // another one was chosen meanwhile
        const more = symbols.length - SYMBOLS_MAX;
        fill(this.symbols, symbols.length === 0
            ? h('p', {class: 'muted'}, 'No symbols are known in it.')
            : h('ol', {class: 'symbols'}, symbols.slice(0, SYMBOLS_MAX).map(symbolLine)),
        more > 0 && h('p', {class: 'muted'}, `and ${count(more)} more`));
    }
}
