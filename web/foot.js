// The foot of the menu: the state of the connection, the theme, the list of keys, signing out.

import {fill, h, say} from './dom.js';
import {icon} from './icons.js';
import {showKeys} from './keys.js';
import * as live from './live.js';
import {currentToken, forgetToken} from './session.js';
import {nextTheme, theme} from './theme.js';

const CONNECTION = {
    connecting: ['Connecting', 'the first answer is awaited'],
    live: ['Live', 'events arrive as they happen'],
    polling: ['Polling', 'the event stream is away: counts are asked for every few seconds'],
    away: ['Offline', 'the server cannot be reached; trying again'],
};

/** A dot and a word, wherever they stand. */
export function connectionState(className) {
    const text = h('span', {});
    const element = h('p', {class: `connection ${className}`}, h('i', {}), text);
    live.on('connection', (state) => {
        const [name, meaning] = CONNECTION[state];
        element.dataset.state = state;
        element.title = meaning;
        fill(text, name);
    });
    return element;
}

live.on('connection', (state) => {
    if (state === 'away') say('The server cannot be reached');
});

/** `onSignOut` runs when the token has been forgotten. */
export function foot(onSignOut) {
    const leave = h('button', {type: 'button', class: 'quiet', onclick() {
        forgetToken();
        onSignOut();
    }}, icon('leave'), 'Sign out');
    live.on('connection', () => { leave.hidden = currentToken() === null; });
    return [
        connectionState('full'),
        h('button', {type: 'button', class: 'quiet', id: 'theme', onclick: nextTheme},
            icon('theme'), 'Theme: ', h('span', {'data-theme-name': ''}, theme())),
        h('button', {type: 'button', class: 'quiet keys', onclick: showKeys},
            icon('keys'), 'Keys ', h('kbd', {}, '?')),
        leave,
    ];
}
