// Ties it together: the menu, the page of the address, who is asking, what keys do.

import {whenSignedOut} from './api.js';
import {fill, h, say} from './dom.js';
import {age, compact} from './format.js';
import {connectionState, foot} from './foot.js';
import {icon} from './icons.js';
import {listenForKeys} from './keys.js';
import * as live from './live.js';
import {head, notFound, trouble} from './parts.js';
import {pages} from './pages.js';
import {here, link} from './router.js';
import {isAdmin} from './session.js';
import {signIn} from './sign-in.js';
import {startTheme} from './theme.js';

const main = document.getElementById('main');
const menu = document.getElementById('menu');
let shown = null; // {page, key, leave, navigate}
let signedOut = false;

function menuItem(page) {
    return h('li', {}, h('a', {href: link(page.name), 'data-page': page.name},
        icon(page.icon), h('span', {}, page.title), h('span', {class: 'badge', hidden: true})));
}

function drawMenu() {
    const seen = pages.filter((page) => page.icon && (!page.admin || isAdmin()));
    fill(document.getElementById('pages'), seen.map(menuItem));
    badge(live.lastStats());
}

function badge(stats) {
    const element = document.querySelector('[data-page=dead] .badge');
    const failed = stats?.failed_count ?? 0;
    element.hidden = failed === 0;
    fill(element, compact(failed), h('span', {class: 'unseen'}, ' dead letters'));
}

function markMenu(page) {
    const current = page?.parent ?? page?.name;
    for (const a of document.querySelectorAll('[data-page]')) {
        if (a.dataset.page === current) a.setAttribute('aria-current', 'page');
        else a.removeAttribute('aria-current');
    }
}

function openMenu(open) {
    menu.setAttribute('aria-expanded', String(open));
    document.body.classList.toggle('menu-open', open);
}

/** Shows what the address says. A page that is shown already is told, and keeps its focus. */
async function show() {
    if (signedOut) return;
    const route = here();
    const page = pages.find((one) => one.name === route.name);
    const key = [route.name, ...route.args].join('/');
    openMenu(false);
    markMenu(page);
    if (shown?.key === key && shown.navigate) {
        shown.navigate(route);
        return;
    }
    shown?.leave.abort();
    const leave = new AbortController();
    const first = shown === null;
    const mine = {page, key, leave, navigate: null};
    shown = mine;
    fill(main);
    document.title = `${page?.title ?? 'Not found'} · millhand`;
    scrollTo(0, 0);
    if (!first) {
        main.focus({preventScroll: true});
        say(page?.title ?? 'Not found');
    }
    if (page === undefined) {
        fill(main, head('Not found'),
            notFound('There is no such page', 'overview', 'Overview'));
        return;
    }
    try {
        mine.navigate = await page.open({root: main, route, signal: leave.signal}) ?? null;
    } catch (error) {
        if (!leave.signal.aborted && error.name !== 'AbortError')
            fill(main, head(page.title), trouble(error));
    }
}

function begin() {
    signedOut = false;
    document.body.classList.remove('signed-out');
    drawMenu();
    live.start();
    show();
}

function ask(why) {
    if (signedOut) return;
    signedOut = true;
    shown?.leave.abort();
    shown = null;
    live.stop();
    document.body.classList.add('signed-out');
    document.title = 'Sign in · millhand';
    fill(main, signIn(why, begin));
    main.querySelector('input').focus();
}

startTheme();
fill(document.getElementById('foot'), foot(() => ask(null)));
menu.before(connectionState('bar'));
whenSignedOut(ask);
document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault(); // the address is the page's
    main.focus();
});
listenForKeys({pages});
menu.addEventListener('click', () => openMenu(menu.getAttribute('aria-expanded') !== 'true'));
addEventListener('hashchange', show);
live.on('stats', badge);
setInterval(age, 1000);
begin();
