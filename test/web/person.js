// What a person does on the dashboard, and sees.

import assert from 'node:assert/strict';

export async function visit(page, address) {
    const url = `${page.site.url}/#/${address}`;
    if (page.url().startsWith(page.site.url))
        await page.evaluate((to) => { location.hash = to; }, `#/${address}`);
    else await page.goto(url);
    await page.locator('main h1').first().waitFor();
}

export function button(page, name) {
    return page.getByRole('button', {name, exact: true});
}

/** Presses a button, and agrees in the dialog that asks. */
export async function actAndAgree(page, name) {
    await button(page, name).click();
    await page.locator('dialog [data-confirm]').click();
    await page.locator('dialog').waitFor({state: 'detached'});
}

export async function notice(page, text) {
    await page.locator('#notices .notice', {hasText: text}).first().waitFor();
}

/** The status that a job's page says. */
export async function sees(page, status) {
    await page.locator('main .head .state', {hasText: status}).waitFor();
}

export function rows(page) {
    return page.locator('main tbody tr');
}

export async function rowsAre(page, count) {
    await page.waitForFunction((n) => document.querySelectorAll('main tbody tr').length === n,
        count);
}

/** Notes that the page was not loaded again. */
export async function remember(page) {
    await page.evaluate(() => { window.remembered = true; });
}

export async function stillThere(page) {
    assert.equal(await page.evaluate(() => window.remembered), true, 'it was loaded again');
}
