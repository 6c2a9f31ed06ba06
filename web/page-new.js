// A form that dispatches one job. What is wrong is said before it is sent.

import {getExactly, send} from './api.js';
import {notice} from './dialog.js';
import {fill, h} from './dom.js';
import {checkObject, pretty} from './json.js';
import {changed} from './live.js';
import {command, field, head, typeSuggestions} from './parts.js';
import {go, link} from './router.js';
import {isAdmin} from './session.js';

const NUMBERS = ['priority', 'max_attempts'];
const TEXTS = ['delay', 'unique_key', 'correlation_id', 'tenant_id'];

/** The body as text, so that the payload goes as it was typed. */
function bodyOf(form) {
    const members = [`"type":${JSON.stringify(form.type.value.trim())}`];
    const payload = form.payload.value.trim();
    if (payload !== '') members.push(`"payload":${payload}`);
    for (const name of NUMBERS)
        if (form[name].value !== '') members.push(`"${name}":${Number(form[name].value)}`);
    for (const name of TEXTS) {
        const value = form[name]?.value.trim() ?? '';
        if (value !== '') members.push(`"${name}":${JSON.stringify(value)}`);
    }
    return `{${members.join(',')}}`;
}

function quoted(text) {
    return `'${text.replaceAll('\'', '\'\\\'\'')}'`;
}

/** The same as a command. */
function commandOf(form) {
    const options = {priority: '--priority', max_attempts: '--max-attempts', delay: '--delay',
        unique_key: '--unique', correlation_id: '--correlation-id', tenant_id: '--tenant'};
    const payload = form.payload.value.trim().replace(/\s*\n\s*/g, ' ');
    const given = Object.entries(options).filter(([name]) => form[name]?.value.trim());
    return ['millhand enqueue', form.type.value.trim() || 'TYPE', payload && quoted(payload),
        ...given.map(([name, option]) => `${option} ${quoted(form[name].value.trim())}`)]
        .filter(Boolean).join(' ');
}

function controls() {
    const input = (name, more) => h('input', {name, autocomplete: 'off', spellcheck: 'false',
        ...more});
    return {
        type: input('type', {list: 'type-names', required: true, maxlength: 100,
            pattern: '[A-Za-z0-9_.:\\-]+', placeholder: 'greet'}),
        payload: h('textarea', {name: 'payload', rows: 9, spellcheck: 'false',
            autocomplete: 'off', class: 'code'}, '{\n  \n}'),
        delay: input('delay', {placeholder: '5m'}),
        priority: input('priority', {type: 'number', min: 0, max: 100, step: 1}),
        max_attempts: input('max_attempts', {type: 'number', min: 1, max: 1000, step: 1,
            placeholder: '3'}),
        unique_key: input('unique_key', {maxlength: 200}),
        correlation_id: input('correlation_id', {maxlength: 200}),
        tenant_id: isAdmin() ? input('tenant_id', {placeholder: 'the default tenant'}) : null,
    };
}

async function copyFrom(id, by, signal) {
    const job = await getExactly(`v1/jobs/${encodeURIComponent(id)}`, signal);
    by.type.value = job.type;
    by.payload.value = pretty(job.payload);
    by.priority.value = job.priority;
    by.max_attempts.value = job.max_attempts;
    if (by.tenant_id) by.tenant_id.value = job.tenant_id;
}

export async function open({root, route, signal}) {
    const by = controls();
    const wrongPayload = h('p', {class: 'wrong', role: 'alert', id: 'wrong-payload'});
    const wrong = h('p', {class: 'wrong', role: 'alert'});
    const shell = h('div', {});
    const button = h('button', {type: 'submit', class: 'primary'}, 'Dispatch');

    function check() {
        const text = by.payload.value.trim();
        const error = text === '' ? null : checkObject(text);
        wrongPayload.textContent = error ?? '';
        by.payload.setAttribute('aria-invalid', String(error !== null));
        return error === null;
    }

    async function submit(event) {
        event.preventDefault();
        wrong.textContent = '';
        if (!form.reportValidity()) return;
        if (!check()) {
            by.payload.focus();
            return;
        }
        button.disabled = true;
        try {
            const job = await send('POST', 'v1/jobs', bodyOf(form));
            notice(`Dispatched ${job.type}`);
            changed();
            go(link(`job/${job.id}`));
        } catch (error) {
            wrong.textContent = error.message;
            wrong.scrollIntoView({block: 'nearest'});
        }
        button.disabled = false;
    }

    const form = h('form', {class: 'form panel', novalidate: true, onsubmit: submit, oninput() {
        fill(shell, command(commandOf(form)));
    }},
    field('Type', by.type, 'Which handler runs it.'),
    field('Payload', by.payload, 'A JSON object; it is kept as it is typed.'), wrongPayload,
    h('div', {class: 'fields'},
        field('Delay', by.delay, 'Such as 90s, 5m, 2h.'),
        field('Priority', by.priority, '0 to 100, higher first; empty: by the plan.'),
        field('Max attempts', by.max_attempts, 'Then it is a dead letter.'),
        field('Unique key', by.unique_key, 'At most one unfinished job has it.'),
        field('Correlation id', by.correlation_id, 'On every log line; empty: the job\'s id.'),
        by.tenant_id && field('Tenant', by.tenant_id, 'Whose job it is: an id.')),
    wrong,
    h('div', {class: 'actions'}, button, h('a', {class: 'button', href: link('jobs')}, 'Leave it')),
    h('p', {class: 'muted'}, 'The same in a shell:'), shell, typeSuggestions(signal));
    by.payload.addEventListener('blur', check);
    by.payload.addEventListener('input', () => {
        if (by.payload.getAttribute('aria-invalid') === 'true') check();
    });
    by.payload.setAttribute('aria-describedby', 'field-payload-hint wrong-payload');
    fill(root, head('New job'), form);
    if (route.query.has('type')) by.type.value = route.query.get('type');
    if (route.query.has('like')) await copyFrom(route.query.get('like'), by, signal);
    fill(shell, command(commandOf(form)));
    by.type.focus({preventScroll: true});
}
