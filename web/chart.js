// Charts: a line over time in SVG, drawn to the pixel width it has, with one value read at a time.

import {fill, h, s} from './dom.js';
import {duration} from './format.js';

const HEIGHT = 132;
const TOP = 8;
const BOTTOM = 18;
const LEFT = 36;

/** The next round number: 1, 2, 5, 10 … */
function ceiling(value, least) {
    if (value <= least) return least;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= value);
}

/** Runs of buckets in which there is a value. */
function runs(points) {
    const found = [];
    let run = [];
    for (const point of [...points, {value: null}]) {
        if (point.value !== null) run.push(point);
        else if (run.length > 0) {
            found.push(run);
            run = [];
        }
    }
    return found;
}

class Chart {
    constructor({label, format, unit = '', least, tone}) {
        Object.assign(this, {format, unit, least, label, points: []});
        this.svg = s('svg', {class: `chart ${tone}`, role: 'img', height: HEIGHT});
        this.readout = h('span', {class: 'readout'});
        this.summary = '';
        this.node = h('div', {class: 'chart-box'}, this.svg);
        new ResizeObserver(() => this.redraw()).observe(this.node);
        this.node.addEventListener('pointermove', (event) => this.pick(event));
        this.node.addEventListener('pointerleave', () => this.pick(null));
    }

    /** points: {at, value or null}, oldest first, evenly apart. */
    draw(points, windowMs) {
        this.points = points;
        this.windowMs = windowMs;
        this.redraw();
    }

    redraw() {
        const width = this.node.clientWidth;
        const values = this.points.map((point) => point.value).filter((value) => value !== null);
        if (width === 0 || this.points.length === 0) return;
        this.top = ceiling(Math.max(...values, 0), this.least);
        this.x = (i) => LEFT + ((width - LEFT - 6) * i) / (this.points.length - 1);
        this.y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / this.top);
        this.svg.setAttribute('width', width);
        this.summary = values.length === 0 ? 'nothing yet'
            : `now ${this.format(values.at(-1))}, highest ${this.format(Math.max(...values))}`;
        this.svg.setAttribute('aria-label', `${this.label}, last ${duration(this.windowMs)}: ${
            this.summary}`);
        fill(this.svg, this.grid(width), this.lines(), this.mark = s('g', {class: 'mark'}));
        this.say(null);
    }

    grid(width) {
        const levels = [0, this.top / 2, this.top];
        return [
            levels.map((level) => s('line', {x1: LEFT, x2: width - 6, y1: this.y(level),
                y2: this.y(level), class: level === 0 ? 'base' : 'grid'})),
            levels.map((level) => s('text', {x: LEFT - 6, y: this.y(level) + 4, class: 'left'},
                this.format(level))),
            s('text', {x: LEFT, y: HEIGHT - 3}, `${duration(this.windowMs)} ago`),
            s('text', {x: width - 6, y: HEIGHT - 3, class: 'left'}, 'now'),
        ];
    }

    lines() {
        const indexed = this.points.map((point, i) => ({...point, i}));
        return runs(indexed).map((run) => {
            const line = run.map(({i, value}) => `${this.x(i).toFixed(1)},${
                this.y(value).toFixed(1)}`).join('L');
            const [first, last] = [this.x(run[0].i), this.x(run.at(-1).i)];
            return [s('path', {class: 'area', d: `M${line}L${last},${this.y(0)}L${first},${
                this.y(0)}z`}), s('path', {class: 'line', d: `M${line}`})];
        });
    }

    pick(event) {
        if (this.points.length === 0 || this.x === undefined) return;
        fill(this.mark);
        if (event === null) {
            this.say(null);
            return;
        }
        const box = this.svg.getBoundingClientRect();
        const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - 6);
        const i = Math.round(share * (this.points.length - 1));
        const point = this.points[i];
        if (point === undefined || point.value === null) return;
        fill(this.mark,
            s('line', {x1: this.x(i), x2: this.x(i), y1: TOP, y2: this.y(0)}),
            s('circle', {cx: this.x(i), cy: this.y(point.value), r: 3}));
        this.say(point);
    }

    /** The value under the pointer, else the last one. */
    say(point) {
        const last = this.points.findLast((one) => one.value !== null);
        const one = point ?? last;
        const when = point && ` at ${new Date(point.at).toLocaleTimeString('en-GB')}`;
        fill(this.readout, one === undefined ? '–' : this.format(one.value),
            h('small', {}, one && this.unit, when));
    }
}

export function chart(options) {
    return new Chart(options);
}
