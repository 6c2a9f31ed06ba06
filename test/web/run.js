// The dashboard in a browser: node run.js [NAME...]
//
// All share a site and a page of the browser, which is emptied after each, and work as a person
// does. What no page may do is looked at after every one: an error on the console, a breach of the
// policy, a request to anywhere else. With MILLHAND_TEST_STORE (test/lib/pg-server sets it) the few
// that `stores` marks run on that PostgreSQL server. The last line counts.

import {chromiumPath, launch} from './browser.js';
import {Site} from './site.js';
import {tests as access} from './test-access.js';
import {tests as jobs} from './test-jobs.js';
import {tests as many} from './test-many.js';
import {tests as operate} from './test-operate.js';
import {tests as projects} from './test-projects.js';

const TEST_MS = 60000;
const VIEWPORT = {width: 1280, height: 800};
const store = process.env.MILLHAND_TEST_STORE;
const named = process.argv.slice(2);
const tests = [...jobs, ...operate, ...projects, ...access, ...many]
    .filter((test) => (!store || test.stores)
        && (named.length === 0 || named.some((name) => test.name.includes(name))));

/** A page that notes what must not happen. */
async function openPage(browser, site, breaches) {
    const context = await browser.newContext({viewport: VIEWPORT, reducedMotion: 'reduce'});
    context.setDefaultTimeout(8000);
    await context.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) => {
            console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
    });
    context.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith('http://127.0.0.1:') && !url.startsWith('data:'))
            breaches.push(`a request to ${url}`);
    });
    context.on('weberror', (error) => breaches.push(`error: ${error.error().message}`));
    context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()))
            breaches.push(`console: ${message.text()} ${message.location().url}`);
    });
    const page = await context.newPage();
    page.site = site;
    return page;
}

async function withDeadline(promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${TEST_MS} ms`)), TEST_MS);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/** Makes it as it was before the first test; what is cached is all that stays. */
async function empty(page, site) {
    await page.evaluate(() => {
        localStorage.clear();
        sessionStorage.clear();
    });
    await page.goto('about:blank');
    await page.unrouteAll();
    page.removeAllListeners('response');
    await page.setViewportSize(VIEWPORT);
    await page.emulateMedia({colorScheme: null});
    page.site = site;
}

/** A breach that comes late is still that of the test it is from: the page is left first. */
async function runOne(test, page, site, breaches) {
    const began = Date.now();
    let failure = null;
    breaches.length = 0;
    try {
        await withDeadline(test(page, site));
        await empty(page, site);
        const left = breaches.filter((breach) => !(test.expected ?? /^$/).test(breach));
        if (left.length > 0) throw new Error(left.join('\n'));
    } catch (error) {
        failure = error;
        if (process.env.SHOTS)
            await page.screenshot({path: `${process.env.SHOTS}/${test.name}.png`}).catch(() => {});
    }
    console.log(`${failure ? 'FAIL' : 'ok  '} ${test.name.replaceAll('_', ' ')} (${
        Date.now() - began} ms)`);
    if (failure) console.log(`${failure.stack}\n${breaches.join('\n')}`);
    return failure === null;
}

/** One after the other; after one that fails the page is another. */
async function runAll(browser, site) {
    const breaches = [];
    let failed = 0;
    let page = null;
    for (const test of tests) {
        page ??= await openPage(browser, site, breaches);
        if (await runOne(test, page, site, breaches)) continue;
        failed++;
        await page.context().close();
        page = null;
    }
    return failed;
}

async function main() {
    if (!chromiumPath()) {
        console.log('  skipped the dashboard: there is no chromium');
        return 77;
    }
    const site = new Site(store ? {DATABASE_URL: store} : {});
    let failed = 0;
    try {
        await site.begin(Boolean(store));
        const browser = await launch();
        failed = await runAll(browser, site);
        await browser.close();
    } finally {
        await site.remove();
    }
    console.log(`${tests.length - failed} passed, ${failed} failed`);
    return failed > 0 ? 1 : 0;
}

process.exitCode = await main();
