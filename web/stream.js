// Server-sent events by fetch, because EventSource cannot send a token. What breaks off is taken up
// again where it ended, by Last-Event-ID.

import {headers} from './api.js';

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 4000;
const ABSENT_PAUSE = 60000;

/** Lines into events, of which onData is given the data. `id` is where to go on from. */
class EventParser {
    constructor(id, onData, onComment) {
        this.id = id;
        this.onData = onData;
        this.onComment = onComment;
        this.rest = '';
        this.data = [];
    }

    feed(text) {
        const lines = (this.rest + text).split(/\r\n|\n|\r/);
        this.rest = lines.pop();
        for (const line of lines) this.line(line);
    }

    line(line) {
        if (line === '') {
            if (this.data.length > 0) this.onData(this.data.join('\n'));
            this.data = [];
            return;
        }
        if (line.startsWith(':')) this.onComment();
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'id') this.id = value;
        else if (field === 'data') this.data.push(value);
    }
}

function pause(ms, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
        }, {once: true});
    });
}

async function read(response, onText) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const {value, done} = await reader.read();
        if (done) return;
        onText(value);
    }
}

/**
 * Follows a stream until `signal` ends it. onEvent(data) is given each event's object, onState
 * 'live' (from here on nothing is missed), 'away' (it broke off and is tried again) or 'absent'
 * (the server has none of this name). `ends`: a stream that the server ends is over, as that of a
 * job is.
 */
export async function follow(path, {signal, onEvent, onState, ends = false}) {
    let lastId = null;
    let wait = FIRST_PAUSE;
    while (!signal.aborted) {
        let status = 0;
        try {
            const more = lastId === null ? {} : {'Last-Event-ID': lastId};
            const response = await fetch(path, {signal, cache: 'no-store',
                headers: headers({Accept: 'text/event-stream', ...more})});
            status = response.status;
            if (status === 204) return; // there is nothing more to come
            if (response.ok) {
                let told = false;
                const parser = new EventParser(lastId, (data) => onEvent(JSON.parse(data)), () => {
                    if (!told) onState('live'); // a comment says so, and that it lives later on
                    told = true;
                    wait = FIRST_PAUSE;
                });
                await read(response, (text) => {
                    parser.feed(text);
                    lastId = parser.id;
                });
                if (ends) return;
            }
        } catch {
            status = 0;
        }
        if (signal.aborted) return;
        const absent = status === 404 || status === 401 || status === 403;
        onState(absent ? 'absent' : 'away');
        if (absent && ends) return;
        await pause(absent ? ABSENT_PAUSE : wait, signal);
        wait = Math.min(wait * 2, LONGEST_PAUSE);
    }
}
