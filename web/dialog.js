// Dialogs, which the browser keeps the focus in, and notices of what was done.

import {h} from './dom.js';
import {icon} from './icons.js';

const NOTICE_MS = 6000;
let number = 0;

/** Shows a dialog; `onClose` runs when it is gone. Returns the element. */
export function showDialog({title, body, actions = null, onClose = () => {}}) {
    const id = `dialog-${++number}`;
    const dialog = h('dialog', {'aria-labelledby': id},
        h('div', {class: 'dialog-head'}, h('h2', {id}, title),
            h('button', {type: 'button', class: 'quiet icon-only', 'aria-label': 'Close',
                onclick: () => dialog.close()}, icon('cross'))),
        body, actions);
    dialog.addEventListener('close', () => {
        dialog.remove();
        onClose();
    });
    dialog.addEventListener('click', (event) => {
        if (event.target === dialog) dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}

/** Asks; the promise is true where it was agreed to. `action` is the word on the button. */
export function confirm({title, text, action, danger = false}) {
    return new Promise((resolve) => {
        let agreed = false;
        const yes = h('button', {type: 'button', class: danger ? 'danger' : 'primary',
            'data-confirm': '', onclick() {
                agreed = true;
                dialog.close();
            }}, action);
        const dialog = showDialog({
            title,
            body: h('p', {}, text),
            actions: h('div', {class: 'actions end'},
                h('button', {type: 'button', onclick: () => dialog.close()}, 'Keep as it is'),
                yes),
            onClose: () => resolve(agreed),
        });
        yes.focus();
    });
}

/**
 * A form in a dialog. `save` is given the form's data and may throw: the error is shown and the
 * dialog stays. The promise is true once it was saved.
 */
export function formDialog({title, fields, action, save}) {
    return new Promise((resolve) => {
        let saved = false;
        const wrong = h('p', {class: 'wrong', role: 'alert'});
        const button = h('button', {type: 'submit', class: 'primary'}, action);
        const form = h('form', {class: 'form', novalidate: true, onsubmit: submit}, fields, wrong,
            h('div', {class: 'actions end'},
                h('button', {type: 'button', onclick: () => dialog.close()}, 'Leave it'), button));
        const dialog = showDialog({title, body: form, onClose: () => resolve(saved)});
        async function submit(event) {
            event.preventDefault();
            button.disabled = true;
            try {
                await save(new FormData(form));
                saved = true;
                dialog.close();
            } catch (error) {
                wrong.textContent = error.message;
            }
            button.disabled = false;
        }
        form.querySelector('input, textarea')?.focus();
    });
}

/** Says what was done, for a while; `kind` is ok or bad. */
export function notice(text, kind = 'ok', link = null) {
    const element = h('p', {class: `notice ${kind}`}, icon(kind === 'ok' ? 'check' : 'warn'),
        h('span', {}, text), link);
    document.getElementById('notices').append(element);
    setTimeout(() => element.remove(), NOTICE_MS);
}

/** Runs what may fail and says so where it does; true where it did not. */
export async function attempt(fn) {
    try {
        await fn();
        return true;
    } catch (error) {
        if (error.name !== 'AbortError') notice(error.message, 'bad');
        return false;
    }
}
