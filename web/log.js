// The live log of a job: what its handler writes, line by line, as it comes.

import {fill, h} from './dom.js';
import {ENDED} from './parts.js';

const LINES_MAX = 5000;
const NEAR_END = 40; // pixels: who has scrolled up is left there

class Log {
    constructor() {
        this.lines = [];
        this.waiting = [];
        this.text = h('pre', {class: 'log', tabindex: 0, role: 'log', 'aria-live': 'off',
            'aria-label': 'Live log'});
        this.note = h('span', {class: 'muted'});
        this.node = h('section', {class: 'panel', hidden: true},
            h('div', {class: 'panel-head'}, h('h2', {}, 'Live log'), this.note), this.text);
    }

    /** The stream tells its past again. */
    begin() {
        this.waiting = [];
        fill(this.text);
    }

    state(state) {
        fill(this.note, {live: 'follows', away: 'broken off; trying again', absent: ''}[state]);
        if (state === 'absent') this.node.hidden = true;
    }

    add(line) {
        if (typeof line !== 'string') return;
        if (this.waiting.length === 0) requestAnimationFrame(() => this.draw());
        this.waiting.push(line);
    }

    draw() {
        const atEnd = this.text.scrollHeight - this.text.scrollTop - this.text.clientHeight
            < NEAR_END;
        const lines = this.waiting.slice(-LINES_MAX);
        this.waiting = [];
        this.node.hidden = false;
        this.text.append(...lines.map((line) => h('span', {}, `${line}\n`)));
        while (this.text.childElementCount > LINES_MAX) this.text.firstElementChild.remove();
        if (atEnd) this.text.scrollTop = this.text.scrollHeight;
    }

    /** While it runs the panel is there, even where nothing was written yet. */
    keep(job) {
        if (job.status === 'processing' && this.note.textContent === 'follows')
            this.node.hidden = false;
        if (ENDED.includes(job.status) && this.note.textContent === 'follows')
            fill(this.note, 'it has ended');
    }
}

export function logPanel() {
    return new Log();
}
