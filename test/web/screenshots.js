// Pictures of the dashboard: node screenshots.js [FOLDER] [--all]
//
// Without --all the handful that doc/ keeps; with it every page, at three widths, in both themes.

import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {launch} from './browser.js';
import {addHandlers, addSchedules, jobs} from './demo.js';
import {Site, until} from './site.js';

const all = process.argv.includes('--all');
const folder = process.argv.slice(2).find((word) => !word.startsWith('--'))
    ?? new URL('../../doc/images', import.meta.url).pathname;
const ROOT = new URL('../..', import.meta.url).pathname;
const PAGES = ['overview', 'jobs', 'jobs?status=failed', 'new', 'dead', 'workers', 'types',
    'schedules', 'projects', 'project', 'project?view=search&q=mh_store', 'project?view=blueprint'];
const KEPT = [ // address, width, theme, name
    ['job', 1280, 'dark', 'job'], // first: its log is what was written since it was opened
    ['overview', 1280, 'light', 'overview-light'], ['overview', 1280, 'dark', 'overview-dark'],
    ['jobs', 1280, 'light', 'jobs'], ['overview', 360, 'dark', 'telephone'],
    ['project?view=blueprint', 1280, 'light', 'blueprint'],
];

async function shoot(page, address, width, theme, name) {
    await page.setViewportSize({width, height: width < 700 ? 780 : 860});
    await page.emulateMedia({colorScheme: theme, reducedMotion: 'reduce'});
    await page.evaluate((to) => { location.hash = to; }, `#/${address}`);
    await page.getByText('One moment').waitFor({state: 'hidden'});
    await pause(700);
    await page.screenshot({path: join(folder, `${name}.png`), fullPage: all && width > 700});
}

const site = new Site();
const browser = await launch();
let work = null;
try {
    mkdirSync(folder, {recursive: true});
    addHandlers(site);
    addSchedules(site);
    await site.serve();
    site.worker('mill-1-worker', '--concurrency', '3');
    site.worker('mill-2-worker', '--concurrency', '2');
    execFileSync('git', ['clone', '-q', '--bare', ROOT, join(site.path, 'millhand.git')]);
    const project = site.projectOf('millhand', join(site.path, 'millhand.git'));
    const page = await browser.newPage({deviceScaleFactor: 1});
    page.on('console', (message) => console.error(message.type(), message.text()));
    await page.goto(`${site.url}/#/overview`);
    for (let n = 0; n < (all ? 24 : 84); n++) { // a while of work, that the charts have a shape
        site.bulk(jobs(20 + Math.round(18 * Math.sin(n / 3)), n * 50));
        await pause(500);
    }
    const [report] = site.bulk([{type: 'build-report', delay: '2s',
        correlation_id: 'order-20261122',
        payload: {month: '2026-11', format: 'pdf', to: ['ada@example.org'], draft: false}}]);
    await page.evaluate((to) => { location.hash = to; }, `#/job/${report}`);
    site.bulk(Array.from({length: 7}, (_, n) => ({type: 'print-invoice', payload: {number: n}})));
    site.bulk([{type: 'send-mail', delay: '2h', payload: {to: 'later@example.org'}}]);
    await until(() => JSON.parse(site.run('--json', 'jobs', 'show', report)).progress > 0.6,
        'the report is under way');
    const at = (address) => address.replace(/^job$/, `job/${report}`)
        .replace(/^project\b/, `project/${project}`);
    let n = 0; // work goes on, and the overview shows it
    work = setInterval(() => site.bulk(jobs(18, n++ * 50)), 400);
    if (!all) for (const [address, ...how] of KEPT) await shoot(page, at(address), ...how);
    else {
        for (const theme of ['light', 'dark']) for (const width of [1440, 768, 360])
            for (const address of [...PAGES, 'job'])
                await shoot(page, at(address), width, theme,
                    `${theme}-${width}-${address.replaceAll(/\W/g, '-')}`);
    }
} finally {
    clearInterval(work);
    await browser.close();
    await site.remove();
}
