// With a hundred thousand jobs only pages of them are read.

import assert from 'node:assert/strict';
import {rows, rowsAre, visit} from './person.js';

const JOBS = 100000;
const ANSWER_MAX = 100000; // bytes

async function a_hundred_thousand_jobs_are_read_page_by_page(page, site) {
    site.bulk(Array.from({length: JOBS}, (_, n) => ({type: n % 1000 ? 'heap' : 'heap.rare',
        delay: '1h', payload: {n, text: 'x'.repeat(40)}})));
    const sizes = [];
    page.on('response', async (response) => {
        if (response.url().includes('/v1/jobs'))
            sizes.push(Number(response.headers()['content-length']));
    });
    await visit(page, 'overview');
    await page.locator('.tiles strong', {hasText: /^100 k$/}).waitFor();
    await visit(page, 'jobs?status=pending&type=heap.rare');
    await rowsAre(page, 50);
    const newest = await rows(page).first().getAttribute('data-key');
    await page.getByRole('link', {name: 'Older'}).click();
    await page.waitForFunction((key) => document.querySelectorAll('main tbody tr').length === 50
        && !document.querySelector(`[data-key="${key}"]`), newest);
    await page.reload();
    await rowsAre(page, 50);
    assert.equal(await page.locator(`[data-key="${newest}"]`).count(), 0, 'still the second page');
    await page.getByRole('link', {name: 'Newest'}).click();
    await page.locator(`[data-key="${newest}"]`).waitFor();
    await visit(page, 'jobs');
    await rowsAre(page, 50);
    assert.ok(sizes.length >= 4 && Math.max(...sizes) < ANSWER_MAX, `answers of ${sizes}`);
}
a_hundred_thousand_jobs_are_read_page_by_page.stores = true;

export const tests = [a_hundred_thousand_jobs_are_read_page_by_page];
