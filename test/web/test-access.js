// For everybody: by token, by keyboard, on a telephone, with a screen reader.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {button, rowsAre, sees, visit} from './person.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const PAGES = ['overview', 'jobs?type=broken.for.good', 'jobs?status=cancelled&type=no.such',
    'new', 'dead', 'workers', 'types', 'schedules', 'projects'];
const CONTENT = 'main :is(table, .empty, form:not([role=search]), .groups, .tiles, .timeline, '
    + '.symbols, .hits)';

async function everyPage(page, site, look) {
    const [id] = site.bulk([{type: 'broken.for.good', payload: {a: [1, 'b', null]}}]);
    const project = `project/${site.project()}`;
    for (const address of [...PAGES, `job/${id}`, `${project}?file=src/grind.c`,
        `${project}?view=search&q=grind`, `${project}?view=blueprint`]) {
        await visit(page, address);
        await page.locator(CONTENT).first().waitFor();
        await look(address.split('/')[0]);
    }
}

/** By the browser's tools: the page's own policy lets no script of ours in. */
async function axe(page, what, rules = RULES) {
    const session = await page.context().newCDPSession(page);
    const there = await session.send('Runtime.evaluate', {expression: 'typeof axe'});
    if (there.result.value === 'undefined')
        await session.send('Runtime.evaluate', {expression: AXE});
    const {result} = await session.send('Runtime.evaluate', {awaitPromise: true,
        returnByValue: true, expression: `axe.run(document, {resultTypes: ['violations'],
            runOnly: ${JSON.stringify(rules)}})
            .then((found) => found.violations.filter((one) => ['serious', 'critical']
                .includes(one.impact)).map((one) => one.id + ': ' + one.nodes.map((node) =>
                    node.html + ' ' + node.failureSummary).join('; ')))`});
    await session.detach();
    assert.deepEqual(result.value, [], what);
}

async function axe_finds_nothing_serious_in_light(page, site) {
    await page.emulateMedia({colorScheme: 'light'});
    await everyPage(page, site, (what) => axe(page, what));
    await page.keyboard.press('?');
    await page.getByRole('dialog', {name: 'Keys'}).waitFor();
    await axe(page, 'the list of keys');
}

async function axe_finds_nothing_serious_in_dark(page, site) {
    await page.emulateMedia({colorScheme: 'dark'}); // another theme is other colours, no more
    await everyPage(page, site, (what) => axe(page, what, ['color-contrast']));
    await visit(page, 'schedules');
    await page.getByRole('button', {name: 'New schedule'}).click();
    await axe(page, 'the form of a schedule');
}

async function nothing_scrolls_sideways_on_a_telephone(page, site) {
    await page.setViewportSize({width: 360, height: 740});
    await everyPage(page, site, async (what) => {
        const wide = await page.evaluate(() => [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1
                && !one.closest('.tabs, pre, .unseen'))
            .map((one) => one.outerHTML.slice(0, 80)));
        assert.deepEqual(wide, [], what);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, what);
    });
    await button(page, 'Menu').click();
    await page.getByRole('link', {name: 'Types'}).click();
    await page.getByRole('heading', {name: 'Types'}).waitFor();
}

async function the_keyboard_alone_will_do(page, site) {
    site.bulk([{type: 'keys.only', delay: '1h'}, {type: 'keys.only', delay: '1h'}]);
    await visit(page, 'jobs?type=keys.only');
    await rowsAre(page, 2);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
        'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    assert.match(page.url(), /type=keys\.only/, 'the skip link leaves the page where it is');
    for (const key of ['j', 'x', 'j', 'x', 'c']) await page.keyboard.press(key);
    await page.getByRole('dialog', {name: 'Cancel 2 jobs?'}).waitFor();
    for (let n = 0; n < 6; n++) {
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement === document.body
            || document.activeElement.closest('dialog') !== null), true, 'the focus has left');
    }
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({state: 'detached'});
    await page.keyboard.press('c');
    await page.locator('dialog [data-confirm]').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('tr[data-status=cancelled]').nth(1).waitFor();
    await page.keyboard.press('n');
    await page.getByRole('heading', {name: 'New job'}).waitFor();
    await page.keyboard.type('quick');
    await page.keyboard.press('Enter');
    await sees(page, 'completed');
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.getByRole('heading', {name: 'Workers'}).waitFor();
    await page.keyboard.press('m');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
}

async function a_token_is_asked_for_and_shows_its_tenant_alone(page, site) {
    site.run('tenant', 'add', 'acme');
    site.run('enqueue', 'of.acme', '{}', '--delay', '1h', '--tenant', 'acme');
    site.run('project', 'add', 'theirs', '--url', 'https://example.org/theirs.git',
        '--tenant', 'acme');
    page.site = {url: await site.serveWithTokens()};
    await visit(page, 'jobs');
    await page.getByRole('heading', {name: 'Sign in'}).waitFor();
    await axe(page, 'signing in');
    const signIn = async (token) => {
        await page.getByLabel('Token').fill(token);
        await button(page, 'Sign in').click();
    };
    await signIn('no-token-at-all');
    await page.locator('.wrong:not(:empty)').waitFor();
    await signIn(site.token('--tenant', 'acme'));
    await rowsAre(page, 1);
    await page.getByText('of.acme').waitFor();
    assert.equal(await page.getByRole('link', {name: 'Workers'}).count(), 0);
    await page.reload();
    await rowsAre(page, 1);
    await button(page, 'Sign out').click();
    await signIn(site.token('--super-admin'));
    await page.getByRole('link', {name: 'Workers'}).waitFor();
    await visit(page, 'workers');
    await page.getByText('mill-1').waitFor();
    await visit(page, 'projects');
    await page.getByRole('row', {name: /theirs.*tenant/}).getByRole('link').click();
    await page.locator('.project-about', {hasText: 'https://example.org/theirs.git'}).waitFor();
    const stored = await page.evaluate(() => JSON.stringify(localStorage));
    assert.doesNotMatch(stored, /eyJ/, 'a token outlives its tab');
}
a_token_is_asked_for_and_shows_its_tenant_alone.expected = /401 \(Unauthorized\)/;

export const tests = [
    axe_finds_nothing_serious_in_light, axe_finds_nothing_serious_in_dark,
    nothing_scrolls_sideways_on_a_telephone, the_keyboard_alone_will_do,
    a_token_is_asked_for_and_shows_its_tenant_alone,
];
