// What can be done with a project: add, index, delete.

import {send} from './api.js';
import {attempt, confirm, formDialog, notice} from './dialog.js';
import {h} from './dom.js';
import {icon} from './icons.js';
import {changed} from './live.js';
import {field} from './parts.js';
import {link} from './router.js';
import {tenantId} from './session.js';

const DEFAULT_TENANT = '00000000-0000-0000-0000-000000000000';
const NAME = /^[A-Za-z0-9_.:-]{1,100}$/;
const URLS = [/^(https|ssh):\/\/./, /^(file:\/\/)?\/./, /^[^\s/@:]+@[^\s/:]+:./,
    /^http:\/\/(127\.0\.0\.1|localhost)[:/]/];

/** The address of a project in the API; `more` is what of it. */
export function pathOf(project, more = '') {
    return `v1/projects/${encodeURIComponent(project.id)}${more}`;
}

/** Of a project that is another tenant's, which a super admin sees as well: whose; else null. */
export function tenantOf(project) {
    return project.tenant_id === (tenantId() ?? DEFAULT_TENANT) ? null
        : h('span', {class: 'muted'}, 'tenant ', h('code', {}, project.tenant_id));
}

function input(name, more = {}) {
    return h('input', {name, autocomplete: 'off', spellcheck: 'false', ...more});
}

/** What is wrong with a new project before the server is asked, or null. */
function wrongOf({name, url}) {
    if (!NAME.test(name)) return 'A name is 1 to 100 letters, digits and _ . : -';
    if (!URLS.some((form) => form.test(url)))
        return 'A URL is https://…, ssh://…, USER@HOST:PATH or a folder, /PATH';
    if (/^\w+:\/\/[^/@]*:[^/@]*@/.test(url))
        return 'No password goes into a URL: millhand credential add keeps it sealed';
    return null;
}

/** The project that was added, or null. */
export async function addProject() {
    let made = null;
    await formDialog({title: 'New project', action: 'Add project',
        fields: [
            field('Name', input('name', {required: true, maxlength: 100, placeholder: 'site'}),
                'Letters, digits, _ . : -'),
            field('URL', input('url', {required: true, maxlength: 2000, class: 'code',
                placeholder: 'https://github.com/acme/site.git'}),
            'https, ssh, or a folder of the server\'s where those are allowed.'),
            h('div', {class: 'fields'},
                field('Branch or tag', input('ref', {maxlength: 200}),
                    'Empty: the repository\'s own.'),
                field('Credential', input('credential', {maxlength: 100}),
                    'By its name; millhand credential add.')),
        ],
        async save(data) {
            const body = {};
            for (const [name, value] of data) if (value.trim() !== '') body[name] = value.trim();
            const wrong = wrongOf({name: body.name ?? '', url: body.url ?? ''});
            if (wrong !== null) throw new Error(wrong);
            made = await send('POST', 'v1/projects', body);
            notice(`${made.name} is added`);
        }});
    return made;
}

/** True where it was agreed to and done. */
export async function removeProject(project) {
    const agreed = await confirm({title: `Delete ${project.name}?`, danger: true,
        text: 'What was found in it goes with it. Its jobs stay, and so does the repository.',
        action: `Delete ${project.name}`});
    return agreed && attempt(async () => {
        await send('DELETE', pathOf(project));
        notice(`${project.name} is deleted`);
    });
}

/** Dispatches a job of this type for the project: the job, or null. One that waits or runs already
    is the answer. */
export async function dispatchFor(project, type) {
    let job = null;
    await attempt(async () => {
        job = await send('POST', pathOf(project, `/${type}`));
        notice(`Dispatched ${type} of ${project.name}`, 'ok',
            h('a', {href: link(`job/${job.id}`)}, 'the job'));
        changed();
    });
    return job;
}

const STATES = {
    new: ['idle', 'add', 'not indexed yet'],
    indexing: ['warn', 'resume', 'indexing'],
    indexed: ['ok', 'check', 'indexed'],
    failed: ['bad', 'warn', 'failed'],
};

export function projectState({state}) {
    const [tone, symbol, text] = STATES[state] ?? STATES.new;
    return h('span', {class: `mark ${tone}`, 'data-state': state}, icon(symbol),
        h('span', {}, text));
}

export function shortCommit(commit) {
    return commit === null ? h('span', {class: 'muted'}, '–')
        : h('code', {title: commit}, commit.slice(0, 10));
}
