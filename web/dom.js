// Elements from code. Whatever is not an element goes in as text, never as markup, so that nothing
// a job says can become part of the page.

const SVG = 'http://www.w3.org/2000/svg';

function setAttribute(element, name, value) {
    if (value === null || value === undefined || value === false) return;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
}

function build(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
    element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined
        && c !== false));
    return element;
}

/** h('a', {href: '#', onclick: go}, 'text', otherElement) */
export function h(tag, attributes = {}, ...children) {
    return build(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
    return build(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts children in place of what is there, and leaves alone what would stay the same text. */
export function fill(element, ...children) {
    const wanted = children.flat(Infinity).filter((c) => c !== null && c !== undefined
        && c !== false);
    if (wanted.every((c) => typeof c === 'string') && element.childElementCount === 0
        && element.textContent === wanted.join('')) return element;
    element.replaceChildren(...wanted);
    return element;
}

/**
 * Makes the children of `parent` those of `items`, in their order. An element whose key is there
 * already is kept, with its focus and its scroll, and given to `update`.
 */
export function keyed(parent, items, keyOf, make, update) {
    const there = new Map();
    for (const child of parent.children) there.set(child.dataset.key, child);
    let at = parent.firstElementChild;
    for (const item of items) {
        const key = String(keyOf(item));
        let element = there.get(key);
        if (element === undefined) {
            element = make(item);
            element.dataset.key = key;
        }
        there.delete(key);
        update(element, item);
        if (element === at) at = at.nextElementSibling;
        else parent.insertBefore(element, at);
    }
    for (const element of there.values()) element.remove();
}

/** Tells a screen reader; what is seen anyway need not be said twice. */
export function say(text) {
    document.getElementById('said').textContent = text;
}

/** Calls fn at most once in `ms`, and once more at the end where it was asked for meanwhile. */
export function throttle(fn, ms) {
    let timer = null;
    let again = false;
    const run = () => {
        timer = setTimeout(() => {
            timer = null;
            if (again) run();
        }, ms);
        again = false;
        fn();
    };
    return () => {
        if (timer === null) run();
        else again = true;
    };
}
