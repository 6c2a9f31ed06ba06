// The panel that takes a bearer token where the server asks for one.

import {ApiError} from './api.js';
import {h} from './dom.js';
import {command, field} from './parts.js';
import {keepToken} from './session.js';

/** A token that the server does not take is not kept. */
async function tryToken(token) {
    let response;
    try {
        response = await fetch('v1/stats', {headers: {Authorization: `Bearer ${token}`}});
    } catch {
        throw new ApiError(0, 'AWAY', 'the server cannot be reached');
    }
    if (response.ok) return;
    const said = await response.json().catch(() => null);
    throw new ApiError(response.status, 'REFUSED', said?.error?.message ?? 'it was refused');
}

export function signIn(why, onSignedIn) {
    const input = h('input', {name: 'token', type: 'password', autocomplete: 'off',
        spellcheck: 'false', required: true});
    const wrong = h('p', {class: 'wrong', role: 'alert'});
    const button = h('button', {type: 'submit', class: 'primary'}, 'Sign in');

    async function submit(event) {
        event.preventDefault();
        const token = input.value.trim().replace(/^Bearer\s+/i, '');
        button.disabled = true;
        wrong.textContent = '';
        try {
            if (!/^[\w.~+/=-]+$/.test(token)) throw new Error('that is no token');
            await tryToken(token);
            keepToken(token);
            onSignedIn();
        } catch (error) {
            wrong.textContent = error.message;
            input.focus();
        }
        button.disabled = false;
    }

    return h('div', {class: 'sign-in'},
        h('h1', {}, 'Sign in'),
        h('p', {}, 'This server asks for a bearer token. It is kept in this tab and forgotten '
            + 'when the tab is closed.'),
        why && why !== 'a bearer token is needed' && h('p', {class: 'muted'}, `It said: ${why}.`),
        h('form', {class: 'form', onsubmit: submit}, field('Token', input), wrong,
            h('div', {class: 'actions'}, button)),
        h('p', {class: 'muted'}, 'To make one for trying:'),
        command('millhand token --super-admin --expires 1h'));
}
