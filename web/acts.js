// Retry, cancel and delete, of one job or of many, after asking.

import {actOnMany} from './api.js';
import {attempt, confirm, notice} from './dialog.js';
import {h} from './dom.js';
import {plural} from './format.js';
import {icon} from './icons.js';
import {changed} from './live.js';

const WORDS = {
    retry: {
        name: 'Retry', icon: 'retry', done: 'retried',
        text: 'They become pending again, with all of their attempts before them.',
    },
    cancel: {
        name: 'Cancel', icon: 'cancel', done: 'cancelled', danger: true,
        text: 'What runs is told to stop, and killed if it does not.',
    },
    delete: {
        name: 'Delete', icon: 'remove', done: 'deleted', danger: true,
        text: 'The jobs go with their history and their results. This cannot be undone.',
    },
};
const REFUSED = {
    JOB_NOT_FOUND: 'not there any more',
    WRONG_STATUS: 'in a status that does not allow it',
    UNIQUE_KEY_TAKEN: 'kept from it by another job with the same unique key',
};

function tell(act, answers) {
    const done = answers.filter((one) => one.done).length;
    const kinds = Object.groupBy(answers.filter((one) => !one.done), (one) => one.code);
    const refused = Object.entries(kinds).map(([code, those]) => `${those.length} ${
        REFUSED[code] ?? code}`);
    notice([`${plural(done, 'job')} ${WORDS[act].done}`, ...refused].join(', '),
        refused.length > 0 ? 'bad' : 'ok');
}

/** Asks, acts and says what came of it; true where it was done. */
export async function act(name, ids, about = plural(ids.length, 'job')) {
    const words = WORDS[name];
    const agreed = await confirm({title: `${words.name} ${about}?`, text: words.text,
        action: `${words.name} ${about}`, danger: words.danger});
    if (!agreed) return false;
    const done = await attempt(async () => tell(name, await actOnMany(name, ids)));
    changed();
    return done;
}

/** A button; `ids` is asked when it is pressed. */
export function actButton(name, ids, {about, onDone = () => {}} = {}) {
    const words = WORDS[name];
    return h('button', {type: 'button', 'data-act': name, class: words.danger ? 'careful' : null,
        async onclick() {
            if (await act(name, ids(), about)) onDone();
        }}, icon(words.icon), words.name);
}
