// Dark or light: as the system has it, or as was chosen here.

import {fill, say} from './dom.js';

const THEMES = ['system', 'light', 'dark'];
const KEY = 'millhand.theme';

/** system, light or dark */
export function theme() {
    const kept = localStorage.getItem(KEY);
    return THEMES.includes(kept) ? kept : 'system';
}

export function startTheme() {
    document.documentElement.dataset.theme = theme();
}

export function nextTheme() {
    const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
    localStorage.setItem(KEY, next);
    startTheme();
    for (const element of document.querySelectorAll('[data-theme-name]')) fill(element, next);
    say(`Theme: ${next}`);
}
