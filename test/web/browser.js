// Debian's Chromium, driven by playwright-core.

import {accessSync, constants} from 'node:fs';
import {chromium} from 'playwright-core';

const PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];

export function chromiumPath() {
    return PATHS.find((path) => {
        try {
            accessSync(path ?? '', constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

export function launch() {
    return chromium.launch({executablePath: chromiumPath(), headless: true,
        args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb']});
}
