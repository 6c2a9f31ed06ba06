// Searching what an index found: symbols first, then lines of texts.

import {get, withQuery} from './api.js';
import {fill, h, say} from './dom.js';
import {plural} from './format.js';
import {icon} from './icons.js';
import {empty, trouble, waiting} from './parts.js';
import {pathOf} from './project-acts.js';
import {link, replace} from './router.js';

const TYPING_MS = 300;
const LIMIT = 50; // of symbols, and of texts
const WHERE = [['', 'All'], ['symbols', 'Symbols'], ['text', 'Text']];

export class SearchView {
    constructor(page) {
        this.page = page;
        this.asked = null;
        this.words = h('input', {type: 'search', name: 'q', 'data-filter': '', maxlength: 500,
            placeholder: 'Words of names or of text', 'aria-label': 'Search for',
            autocomplete: 'off', spellcheck: 'false'});
        this.where = WHERE.map(([value, text]) => h('label', {},
            h('input', {type: 'radio', name: 'in', value, onchange: () => this.typed()}),
            h('span', {}, text)));
        this.results = h('div', {});
        let timer = null;
        const form = h('form', {class: 'filters', role: 'search',
            oninput: () => {
                clearTimeout(timer);
                timer = setTimeout(() => this.typed(), TYPING_MS);
            },
            onsubmit: (event) => {
                event.preventDefault();
                clearTimeout(timer);
                this.typed();
            }},
        h('span', {class: 'search'}, icon('search'), this.words),
        h('fieldset', {class: 'where'}, h('legend', {class: 'unseen'}, 'Where'),
            h('div', {class: 'choices'}, this.where)));
        this.node = h('div', {class: 'search-view'}, form, this.results);
    }

    radios() {
        return this.where.map((label) => label.firstChild);
    }

    typed() {
        if (!this.node.isConnected) return; // it was left meanwhile
        replace(link(`project/${this.page.project.id}`, {view: 'search',
            q: this.words.value.trim(), in: this.radios().find((one) => one.checked).value}));
    }

    stale() {
        this.asked = null;
    }

    async show(query) {
        const q = query.get('q') ?? '';
        const where = query.get('in') ?? '';
        if (document.activeElement !== this.words) this.words.value = q;
        for (const one of this.radios()) one.checked = one.value === where;
        const asked = `${where} ${q}`;
        if (asked === this.asked) return;
        this.asked = asked;
        if (q === '') {
            fill(this.results, h('p', {class: 'muted'}, 'parseReq finds parse_request: each word '
                + 'begins one of the names or of the lines.'));
            return;
        }
        if (this.results.childElementCount === 0) fill(this.results, waiting());
        try {
            const {hits} = await get(withQuery(pathOf(this.page.project, '/search'), {q, in: where,
                limit: LIMIT}), this.page.view.signal);
            if (this.asked === asked) this.draw(hits);
        } catch (error) {
            if (error.name !== 'AbortError' && this.asked === asked)
                fill(this.results, trouble(error));
        }
    }

    draw(hits) {
        const symbols = hits.filter((hit) => hit.kind !== null);
        const lines = hits.filter((hit) => hit.kind === null);
        say(`${plural(hits.length, 'hit')}`);
        if (hits.length === 0) {
            fill(this.results, empty('Nothing is like this', 'All words have to be found: fewer '
                + 'of them find more.'));
            return;
        }
        fill(this.results, this.part('Symbols', symbols), this.part('Text', lines));
    }

    part(title, hits) {
        if (hits.length === 0) return null;
        const more = hits.length >= LIMIT ? 'the first of them' : plural(hits.length, 'hit');
        return h('section', {class: 'panel'}, h('div', {class: 'panel-head'}, h('h2', {}, title),
            h('span', {class: 'muted'}, more)),
        h('ol', {class: 'hits'}, hits.map((hit) => this.hit(hit))));
    }

    hit({path, line, kind, text, scope, signature}) {
        return h('li', {'data-row': ''},
            h('p', {class: 'symbol'}, kind && h('span', {class: 'tag'}, kind),
                kind === null ? h('code', {}, text.trim()) : [
                    scope && h('span', {class: 'muted'}, scope, ' '), h('strong', {}, text),
                    signature && h('span', {class: 'muted'}, signature)]),
            h('a', {'data-open': '', href: link(`project/${this.page.project.id}`, {file: path})},
                `${path}:${line}`));
    }
}
