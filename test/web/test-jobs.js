// Jobs: dispatched, seen running, retried, cancelled many at once, found by filters.

import assert from 'node:assert/strict';
import {actAndAgree, button, notice, remember, rows, rowsAre, sees, stillThere, visit}
    from './person.js';
import {until} from './site.js';

async function a_job_is_dispatched_in_the_form_and_seen_to_its_end(page, site) {
    await visit(page, 'new');
    await remember(page);
    await page.getByLabel('Type', {exact: true}).fill('steps');
    const payload = page.getByLabel('Payload', {exact: true});
    await payload.fill('{"file": "a.csv",}');
    await button(page, 'Dispatch').click();
    await page.locator('#wrong-payload', {hasText: 'line 1, column'}).waitFor();
    await payload.fill('{"file": "a.csv", "share": 0.10, "n": 12345678901234567890}');
    await page.getByLabel('Correlation id').fill('order-7');
    await button(page, 'Dispatch').click();
    await sees(page, 'processing');
    const id = new URL(page.url()).hash.split('/').pop();
    await page.locator('.job-progress', {hasText: '50 %'}).waitFor();
    const log = page.getByRole('log', {name: 'Live log'});
    await log.getByText('opened the file').waitFor();
    await page.locator('.job-progress', {hasText: 'half of it'}).waitFor();
    assert.doesNotMatch(await log.textContent(), /closed/, 'it has not been let go');
    site.release(id);
    await log.getByText('closed the file').waitFor();
    await sees(page, 'completed');
    await page.locator('.json', {hasText: 'Result'}).getByText('12', {exact: true}).waitFor();
    const shown = await page.locator('.json', {hasText: 'Payload'}).locator('pre').textContent();
    for (const number of ['"share": 0.10', '"n": 12345678901234567890'])
        assert.ok(shown.includes(number), `${number} as it came, in ${shown}`);
    await page.locator('.facts', {hasText: 'order-7'}).waitFor();
    await stillThere(page);
}
a_job_is_dispatched_in_the_form_and_seen_to_its_end.stores = true;

async function a_failed_job_is_retried(page, site) {
    const [id] = site.bulk([{type: 'broken', max_attempts: 1}]);
    await visit(page, `job/${id}`);
    await remember(page);
    await sees(page, 'failed');
    await page.locator('.timeline .error-text', {hasText: 'disk <img src=x'}).first().waitFor();
    assert.equal(await page.locator('main img').count(), 0, 'text of a job became markup');
    await page.getByLabel('Log of attempt 1').getByText('looked for it everywhere').waitFor();
    site.release('mended');
    await actAndAgree(page, 'Retry');
    await sees(page, 'completed');
    await page.locator('.json', {hasText: 'Result'}).getByText('"well now"').waitFor();
    await stillThere(page);
}
a_failed_job_is_retried.stores = true;

async function many_are_cancelled_at_once(page, site) {
    const ids = site.bulk(Array.from({length: 7}, () => ({type: 'held', delay: '1h'})));
    await visit(page, 'jobs?type=held');
    await rowsAre(page, 7);
    await page.getByLabel('Select all on this page').check();
    await rows(page).nth(2).getByRole('checkbox').uncheck();
    assert.equal(await button(page, 'Retry').isDisabled(), true, 'nothing there can be retried');
    await button(page, 'Cancel').click();
    await page.getByRole('dialog', {name: 'Cancel 6 jobs?'}).waitFor();
    await page.getByRole('button', {name: 'Keep as it is'}).click();
    assert.equal(site.status(ids[0]), 'pending', 'the dialog was left');
    await actAndAgree(page, 'Cancel');
    await notice(page, '6 jobs cancelled');
    await page.locator('tr[data-status=cancelled]').nth(5).waitFor();
    assert.equal(await page.locator('tr[data-status=pending]').count(), 1);
    const states = ids.map((id) => site.status(id)).sort();
    assert.deepEqual(states, [...Array(6).fill('cancelled'), 'pending']);
}
many_are_cancelled_at_once.stores = true;

async function filters_survive_a_reload_and_going_back(page, site) {
    site.bulk([{type: 'sieve.a', delay: '1h'}, {type: 'sieve.b', delay: '1h'}]);
    await visit(page, 'jobs');
    await page.getByLabel('Type', {exact: true}).fill('sieve.a');
    await rowsAre(page, 1);
    await page.getByRole('navigation', {name: 'Jobs by status'})
        .getByRole('link', {name: 'pending'}).click();
    await page.waitForURL(/status=pending/);
    await page.reload();
    await rowsAre(page, 1);
    assert.match(page.url(), /status=pending&type=sieve\.a/);
    assert.equal(await page.getByLabel('Type', {exact: true}).inputValue(), 'sieve.a');
    await page.getByRole('navigation', {name: 'Jobs by status'})
        .getByRole('link', {name: 'completed'}).click();
    await page.locator('.empty', {hasText: 'No job is like this'}).waitFor();
    await page.goBack();
    await rowsAre(page, 1);
}

async function a_list_shows_what_happens_elsewhere(page, site) {
    await visit(page, 'jobs?type=quick');
    await page.locator('.empty').waitFor();
    await remember(page);
    const [id] = site.bulk([{type: 'quick'}]);
    await page.locator(`tr[data-key="${id}"][data-status=completed]`).waitFor();
    await page.locator('.connection:visible').first().waitFor();
    await stillThere(page);
    site.run('jobs', 'delete', id);
    await page.locator('.empty').waitFor();
}

async function a_job_is_deleted_and_what_is_not_there_is_said(page, site) {
    const [id] = site.bulk([{type: 'held', delay: '1h'}]);
    await visit(page, `job/${id}`);
    await actAndAgree(page, 'Delete');
    await page.waitForURL(/#\/jobs$/);
    await until(() => site.status(id) === null, 'it is gone');
    await visit(page, `job/${id}`);
    await page.getByText('There is no such job').waitFor();
    await visit(page, 'no-such-page');
    await page.getByText('There is no such page').waitFor();
}
a_job_is_deleted_and_what_is_not_there_is_said.expected = /404 \(Not Found\)/;

export const tests = [
    a_job_is_dispatched_in_the_form_and_seen_to_its_end, a_failed_job_is_retried,
    many_are_cancelled_at_once, filters_survive_a_reload_and_going_back,
    a_list_shows_what_happens_elsewhere, a_job_is_deleted_and_what_is_not_there_is_said,
];
