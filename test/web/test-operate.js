// What operators do: dead letters, types, workers, schedules, a server that goes and comes.

import assert from 'node:assert/strict';
import {actAndAgree, button, notice, remember, stillThere, visit} from './person.js';
import {until} from './site.js';

async function dead_letters_are_grouped_by_their_error(page, site) {
    const ids = site.bulk(Array.from({length: 3}, () => ({type: 'rotten', max_attempts: 1})));
    await visit(page, 'dead?type=rotten');
    const group = page.locator('.group', {hasText: 'no such table'});
    await group.locator('.big', {hasText: '3'}).waitFor();
    assert.equal(await page.locator('.group').count(), 1, 'their errors differ in a number only');
    await actAndAgree(page, 'Delete all of rotten');
    await notice(page, '3 jobs deleted');
    await page.locator('.empty', {hasText: 'No rotten job'}).waitFor();
    assert.equal(site.status(ids[0]), null);
}

async function a_type_is_paused_and_limited(page, site) {
    const type = () => JSON.parse(site.run('--json', 'type', 'list').trim().split('\n')
        .find((line) => line.includes('"steps"')));
    await visit(page, 'types');
    await button(page, 'Pause steps').click();
    await button(page, 'Resume steps').waitFor();
    assert.equal(type().paused, true);
    await button(page, 'Resume steps').click();
    await button(page, 'Pause steps').waitFor();
    await button(page, 'Limits of steps').click();
    await page.getByLabel('At once, in all').fill('7');
    await page.getByLabel('Of each key').fill('2');
    await button(page, 'Set limits').click();
    await page.locator('dialog .wrong', {hasText: 'key'}).waitFor();
    await page.getByLabel('Key', {exact: true}).fill('account');
    await button(page, 'Set limits').click();
    await page.locator('tr', {hasText: '7 in all, 2 a account'}).waitFor();
    assert.deepEqual(type().limits, {max: 7, per_tenant: null, per_key: 2, key: 'account'});
    await button(page, 'Limits of steps').click();
    await page.getByLabel('At once, in all').fill('');
    await page.getByLabel('Of each key').fill('');
    await button(page, 'Set limits').click();
    await until(() => type().limits.max === null, 'the limit is taken away');
}

async function workers_and_health_are_shown(page, site) {
    await visit(page, 'workers');
    await page.locator('tr', {hasText: 'mill-1'}).getByText('alive').waitFor();
    site.bulk([{type: 'nobody.home'}]);
    await visit(page, 'overview');
    await page.locator('.health .bad', {hasText: 'nobody.home'}).waitFor();
    await page.locator('.health .ok', {hasText: '1 running'}).waitFor();
    await page.locator('.tiles strong').first().waitFor();
    await page.getByRole('img', {name: /Jobs that ended, a second/}).waitFor();
    await page.getByText('15 min', {exact: true}).click();
    await page.getByRole('img', {name: /last 15 min|last \d+/}).first().waitFor();
}

async function a_schedule_is_added_edited_paused_and_deleted(page, site) {
    const schedule = () => JSON.parse(site.run('--json', 'schedule', 'list').trim() || 'null');
    await visit(page, 'schedules');
    await page.getByText('No schedules').waitFor();
    await page.getByRole('button', {name: 'New schedule'}).click();
    const dialog = page.getByRole('dialog', {name: 'New schedule'});
    await dialog.getByLabel('Name').fill('nightly');
    await dialog.getByLabel('Type', {exact: true}).fill('quick');
    await dialog.getByLabel('Cron').fill('99 3 * * *');
    await dialog.getByLabel('Time zone').fill('Europe/Berlin');
    await button(page, 'Add schedule').click();
    await dialog.locator('.wrong', {hasText: 'minute'}).waitFor();
    await dialog.getByLabel('Cron').fill('0 3 * * *');
    await button(page, 'Add schedule').click();
    const group = page.locator('.group', {hasText: 'nightly'});
    await group.getByText('Next times').click();
    await group.locator('.times li').nth(4).waitFor();
    await button(page, 'Edit nightly').click();
    await page.getByLabel('Cron').fill('30 4 * * *');
    await button(page, 'Save').click();
    await group.getByText('30 4 * * *').waitFor();
    await button(page, 'Pause nightly').click();
    await button(page, 'Resume nightly').waitFor();
    assert.deepEqual([schedule().cron, schedule().paused], ['30 4 * * *', true]);
    await actAndAgree(page, 'Delete nightly');
    await page.getByText('No schedules').waitFor();
}
a_schedule_is_added_edited_paused_and_deleted.expected = /422|400/;
a_type_is_paused_and_limited.expected = /422/;

async function a_server_that_comes_back_is_followed_again(page, site) {
    await visit(page, 'jobs?type=meanwhile');
    await page.locator('.empty').waitFor();
    await remember(page);
    const state = (name) => page.locator(`#foot .connection[data-state=${name}]`)
        .waitFor({timeout: 20000});
    await state('live');
    await site.stop(site.server);
    await state('away');
    site.bulk([{type: 'meanwhile', delay: '1h'}]);
    await site.serve();
    await state('live');
    await page.locator('tbody tr', {hasText: 'meanwhile'}).waitFor();
    await stillThere(page);
}
a_server_that_comes_back_is_followed_again.expected = /net::ERR_|503/;

function stream(...events) {
    return {contentType: 'text/event-stream', body: `retry: 1000\n\n: connected\n\n${
        events.join('')}`};
}

function event(id, data) {
    return `id: ${id}\nevent: ${data.event}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function a_stream_is_taken_up_where_it_broke_off(page) {
    const asked = [];
    const job = {job_id: '0190a000-0000-7000-8000-000000000000', type: 'told', attempts: 1,
        time: '2026-11-22T14:00:00.000Z'};
    await page.route('**/v1/events?*', (route) => {
        asked.push(route.request().headers()['last-event-id'] ?? null);
        if (asked.length === 1)
            return route.fulfill(stream(event('7.0', {event: 'claimed', ...job}), 'id: 9\n\n'));
        if (asked.length > 2) return undefined; // it waits
        return route.fulfill(stream(event('9.0', {event: 'completed', ...job})));
    });
    await visit(page, 'overview');
    const feed = page.locator('.feed li');
    await feed.filter({hasText: 'completed'}).first().waitFor();
    await feed.filter({hasText: 'claimed'}).waitFor();
    assert.deepEqual(asked.slice(0, 2), [null, '9']);
}

async function what_a_handler_writes_is_shown_as_it_comes(page, site) {
    const [id] = site.bulk([{type: 'held', delay: '1h'}]);
    const line = (n, text) => event(`${n}.0`, {event: 'log', job_id: id, line: text});
    await page.route(`**/v1/jobs/${id}/events`, (route) => route.fulfill(stream(
        line(1, 'opened <b>the</b> file'), line(2, '  two rows'))));
    await visit(page, `job/${id}`);
    const log = page.getByRole('log', {name: 'Live log'});
    await log.getByText('two rows').waitFor();
    assert.equal(await log.textContent(), 'opened <b>the</b> file\n  two rows\n');
}

export const tests = [
    dead_letters_are_grouped_by_their_error, a_type_is_paused_and_limited,
    workers_and_health_are_shown, a_schedule_is_added_edited_paused_and_deleted,
    a_server_that_comes_back_is_followed_again, a_stream_is_taken_up_where_it_broke_off,
    what_a_handler_writes_is_shown_as_it_comes,
];
