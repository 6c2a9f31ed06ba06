// The form of a schedule, to add one and to edit one.

import {send} from './api.js';
import {formDialog, notice} from './dialog.js';
import {h} from './dom.js';
import {checkObject, pretty} from './json.js';
import {field, typeSuggestions} from './parts.js';

const MISSED = [['one', 'dispatch one job'], ['skip', 'let them go'], ['all', 'a job for each']];
const OVERLAP = [['allow', 'dispatch all the same'], ['skip', 'wait for its end']];

function input(name, value, more = {}) {
    return h('input', {name, value: value ?? '', autocomplete: 'off', spellcheck: 'false',
        ...more});
}

function choice(name, options, chosen) {
    return h('select', {name}, options.map(([value, text]) => h('option', {value,
        selected: value === chosen}, text)));
}

function fieldsOf(one, signal) {
    const zones = Intl.supportedValuesOf?.('timeZone') ?? [];
    return [
        one.name === undefined && field('Name', input('name', '', {required: true}),
            'Made as a job type: letters, digits, _ . : -'),
        h('div', {class: 'fields'},
            field('Type', input('type', one.type, {list: 'type-names', required: true})),
            field('Cron', input('cron', one.cron, {required: true, placeholder: '0 3 * * *',
                class: 'code'}), 'Minute, hour, day, month, weekday; or @daily.'),
            field('Time zone', input('tz', one.tz ?? 'UTC', {list: 'zones'})),
            field('Priority', input('priority', one.priority, {type: 'number', min: 0, max: 100}),
                'Empty: by the plan.'),
            field('Max attempts', input('max_attempts', one.max_attempts ?? 3, {type: 'number',
                min: 1, max: 1000})),
            field('Times that were missed', choice('missed', MISSED, one.missed ?? 'one')),
            field('While the last one runs', choice('overlap', OVERLAP, one.overlap ?? 'allow'))),
        field('Payload', h('textarea', {name: 'payload', rows: 5, class: 'code',
            spellcheck: 'false'}, pretty(one.payload ?? {}))),
        typeSuggestions(signal),
        h('datalist', {id: 'zones'}, zones.map((zone) => h('option', {value: zone}))),
    ];
}

/** The body as text: the payload goes as it was typed. Throws what is wrong. */
function bodyOf(data) {
    const payload = data.get('payload').trim() || '{}';
    const wrong = checkObject(payload);
    if (wrong !== null) throw new Error(`The payload is not right: ${wrong}`);
    const body = {};
    for (const name of ['name', 'type', 'cron', 'tz', 'missed', 'overlap'])
        if (data.get(name) !== null) body[name] = data.get(name).trim();
    const priority = data.get('priority').trim();
    body.priority = priority === '' ? null : Number(priority);
    body.max_attempts = Number(data.get('max_attempts'));
    return `${JSON.stringify(body).slice(0, -1)},"payload":${payload}}`;
}

export function addSchedule(signal) {
    return formDialog({title: 'New schedule', fields: fieldsOf({}, signal), action: 'Add schedule',
        async save(data) {
            const made = await send('POST', 'v1/schedules', bodyOf(data));
            notice(`${made.name} is scheduled`);
        }});
}

export function editSchedule(schedule, path, signal) {
    return formDialog({title: `Edit ${schedule.name}`, fields: fieldsOf(schedule, signal),
        action: 'Save',
        async save(data) {
            await send('PATCH', path, bodyOf(data));
            notice(`${schedule.name} is changed`);
        }});
}
