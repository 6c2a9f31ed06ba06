// Projects: added in the form, indexed, browsed, searched, read as a blueprint.

import assert from 'node:assert/strict';
import {actAndAgree, button, notice, visit} from './person.js';

async function a_project_is_added_indexed_browsed_and_searched(page, site) {
    await visit(page, 'projects');
    await button(page, 'New project').click();
    const dialog = page.getByRole('dialog', {name: 'New project'});
    const add = async (name, url) => {
        await dialog.getByLabel('Name').fill(name);
        await dialog.getByLabel('URL').fill(url);
        await button(page, 'Add project').click();
    };
    await add('two words', 'https://example.org/mill.git');
    await dialog.locator('.wrong', {hasText: 'A name is'}).waitFor();
    await add('mill', 'https://ada:secret@example.org/mill.git');
    await dialog.locator('.wrong', {hasText: 'password'}).waitFor();
    await add('mill', 'ext::sh -c id');
    await dialog.locator('.wrong', {hasText: 'A URL is'}).waitFor();
    await add('mill', site.repository());
    await page.locator('.head .state', {hasText: 'not indexed yet'}).waitFor();
    site.run('type', 'pause', 'index');
    await button(page, 'Index').click();
    await page.locator('.job-progress', {hasText: 'It waits for a worker'}).waitFor();
    site.run('type', 'resume', 'index');
    await page.locator('.head .state', {hasText: /^indexed$/}).waitFor();
    await page.locator('.job-progress').waitFor({state: 'hidden'});
    await page.locator('.tree summary', {hasText: 'src'}).click();
    await page.getByRole('link', {name: 'grind.c'}).click();
    await page.locator('.symbols li', {hasText: 'grind_flour'}).waitFor();
    assert.equal(await page.locator('main img').count(), 0, 'text of a file became markup');
    await page.getByRole('link', {name: 'Search'}).click();
    await page.getByLabel('Search for').fill('grindFl');
    const hit = page.locator('.hits li', {hasText: 'src/grind.c:4'});
    await hit.locator('.tag', {hasText: 'function'}).waitFor();
    await page.getByText('Text', {exact: true}).first().click();
    await page.getByLabel('Search for').fill('quiet stones');
    await page.locator('.hits li', {hasText: 'the <img src=x> stones are quiet'}).waitFor();
    assert.match(page.url(), /q=quiet\+stones&in=text/);
    await page.reload();
    await page.locator('.hits a', {hasText: 'src/grind.c:3'}).click();
    await page.locator('.symbols li', {hasText: 'grind_flour'}).waitFor();
    await page.locator('.tree [aria-current]', {hasText: 'grind.c'}).waitFor();
    await page.getByRole('link', {name: 'Blueprint'}).click();
    await page.getByText('No blueprint yet').waitFor();
    await button(page, 'Make blueprint').click();
    const src = page.locator('[data-module=src]');
    await src.getByText('used by tool 1').waitFor();
    await page.getByRole('group', {name: 'What depends on what'}).getByRole('link', {name: 'src'})
        .click();
    await src.locator('.chief', {hasText: 'src/grind.h'}).waitFor();
    assert.equal(await page.getByLabel('Version').count(), 0, 'a choice of one');
    site.run('enqueue', 'blueprint', '{"project":"mill"}', '--wait');
    await page.reload();
    await page.getByLabel('Version').selectOption('1');
    await page.waitForURL(/version=1/);
    await src.getByText('used by tool 1').waitFor();
    assert.equal(await page.getByLabel('Version').inputValue(), '1');
    await actAndAgree(page, 'Delete');
    await notice(page, 'mill is deleted');
    await page.waitForURL(/#\/projects$/);
    await visit(page, 'project/mill');
    await page.getByText('There is no such project').waitFor();
}
a_project_is_added_indexed_browsed_and_searched.expected = /404 \(Not Found\)/;

export const tests = [a_project_is_added_indexed_browsed_and_searched];
