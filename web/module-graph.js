// What depends on what, drawn: who is depended on stands below. Small graphs only; of larger ones
// the list says more.

import {s} from './dom.js';

const MODULES_MAX = 24;
const NAME_MAX = 26; // characters
const CHAR = 7.3; // pixels of one, in the graph's font
const HEIGHT = 28;
const GAP = {x: 20, y: 44};
const WIDTH = 960;

/** How far down each module stands; a way round a cycle does not count. */
function levelsOf(modules) {
    const byName = new Map(modules.map((module) => [module.name, module]));
    const levels = new Map();
    const levelOf = (module) => {
        if (levels.has(module.name)) return levels.get(module.name);
        levels.set(module.name, -1); // on the way: whoever comes back here ends it
        const users = module.used_by.map((one) => byName.get(one.module)).filter(Boolean);
        const level = Math.max(-1, ...users.map(levelOf)) + 1;
        levels.set(module.name, level);
        return level;
    };
    for (const module of modules) levelOf(module);
    return levels;
}

/** The files that lie in no folder are a module, too. */
export function titleOf(name) {
    return name === '.' ? 'top folder' : name;
}

function nodeOf(module) {
    const title = titleOf(module.name);
    const name = title.length > NAME_MAX ? `…${title.slice(1 - NAME_MAX)}` : title;
    return {module, name, width: name.length * CHAR + 20, x: 0, y: 0};
}

/** Rows of nodes, none wider than the picture; those of a level that are too many take more. */
function rowsOf(modules) {
    const levels = levelsOf(modules);
    const rows = [];
    const sorted = [...modules].sort((a, b) => levels.get(a.name) - levels.get(b.name));
    for (const module of sorted) {
        const node = nodeOf(module);
        const level = levels.get(module.name);
        let row = rows.at(-1);
        if (row?.level !== level || row.width + GAP.x + node.width > WIDTH) {
            row = {level, nodes: [], width: -GAP.x};
            rows.push(row);
        }
        row.nodes.push(node);
        row.width += GAP.x + node.width;
    }
    return rows;
}

function place(rows) {
    const nodes = new Map();
    rows.forEach((row, at) => {
        let x = (WIDTH - row.width) / 2;
        for (const node of row.nodes) {
            Object.assign(node, {x, y: 2 + at * (HEIGHT + GAP.y)});
            x += node.width + GAP.x;
            nodes.set(node.module.name, node);
        }
    });
    return nodes;
}

function edge(from, to, round) {
    const down = to.y > from.y;
    const [x1, y1] = [from.x + from.width / 2, from.y + (down ? HEIGHT : 0)];
    const [x2, y2] = [to.x + to.width / 2, to.y + (down ? -5 : HEIGHT + 5)];
    const bend = down ? GAP.y / 2 : -GAP.y / 2;
    return s('path', {class: round ? 'edge round' : 'edge',
        'marker-end': round ? 'url(#arrow-round)' : 'url(#arrow)',
        d: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`});
}

function arrow(id, className) {
    return s('marker', {id, class: className, viewBox: '0 0 8 8', refX: 3, refY: 4,
        markerWidth: 7, markerHeight: 7, orient: 'auto'}, s('path', {d: 'M0 0L8 4L0 8z'}));
}

/** Null where there is nothing to draw, or too much. `linkTo(module)` is where a node leads. */
export function moduleGraph(all, cycles, linkTo) {
    const modules = all.filter((one) => one.depends_on.length + one.used_by.length > 0);
    const isRound = (a, b) => cycles.some((one) => one.modules.includes(a)
        && one.modules.includes(b));
    if (modules.length > MODULES_MAX || modules.length === 0) return null;
    const rows = rowsOf(modules);
    const nodes = place(rows);
    const edges = modules.flatMap((from) => from.depends_on
        .filter((to) => nodes.has(to.module))
        .map((to) => edge(nodes.get(from.name), nodes.get(to.module),
            isRound(from.name, to.module))));
    return s('svg', {class: 'graph', role: 'group', 'aria-label': 'What depends on what',
        viewBox: `0 0 ${WIDTH} ${rows.length * (HEIGHT + GAP.y) - GAP.y + 4}`},
    s('defs', {}, arrow('arrow', 'arrow'), arrow('arrow-round', 'arrow round')), edges,
    [...nodes.values()].map((node) => s('a', {href: linkTo(node.module)},
        s('title', {}, `${node.module.name}: ${node.module.purpose ?? ''}`),
        s('rect', {x: node.x, y: node.y, width: node.width, height: HEIGHT, rx: 6}),
        s('text', {x: node.x + node.width / 2, y: node.y + HEIGHT / 2 + 4}, node.name))));
}
