// The HTTP API: one function for every request, errors as the server words them.

import {learn} from './format.js';
import {currentToken} from './session.js';

export class ApiError extends Error {
    constructor(status, code, message) {
        super(message);
        this.status = status;
        this.code = code;
    }
}

/** A number that is not written as JavaScript would write it, kept as it stands in the text. */
export class RawNumber {
    constructor(text) {
        this.text = text;
    }
}

let onSignedOut = () => {};

/** `fn` runs whenever the server asks for a token. */
export function whenSignedOut(fn) {
    onSignedOut = fn;
}

export function headers(more = {}) {
    const token = currentToken();
    return token === null ? more : {...more, Authorization: `Bearer ${token}`};
}

function keepNumbers(_key, value, context) {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return context.source === String(value) ? value : new RawNumber(context.source);
}

async function errorOf(response) {
    let said = null;
    try {
        said = (await response.json()).error;
    } catch {
        said = null;
    }
    if (response.status === 401) onSignedOut(said?.message);
    return new ApiError(response.status, said?.code ?? 'FAILED',
        said?.message ?? `the server answered ${response.status}`);
}

/** Whatever cannot be had throws an ApiError; status 0: there was no answer at all. */
async function request(method, path, body, signal) {
    const options = {method, signal, headers: headers(), cache: 'no-cache'};
    if (body !== undefined) {
        options.headers['Content-Type'] = 'application/json';
        options.body = typeof body === 'string' ? body : JSON.stringify(body);
    }
    let response;
    try {
        response = await fetch(path, options);
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new ApiError(0, 'AWAY', 'the server cannot be reached');
    }
    learn(response.headers.get('Date'));
    if (!response.ok) throw await errorOf(response);
    return response;
}

export async function get(path, signal) {
    return (await request('GET', path, undefined, signal)).json();
}

/** The same with every number as it was written: 1E2 and 0.10 are shown as such. */
export async function getExactly(path, signal) {
    return JSON.parse(await (await request('GET', path, undefined, signal)).text(), keepNumbers);
}

/** POST, PATCH, DELETE; the answer's body, or null. */
export async function send(method, path, body) {
    const response = await request(method, path, body);
    return response.status === 204 ? null : response.json();
}

/** `path` with the parameters that are set. */
export function withQuery(path, parameters) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters))
        if (value !== null && value !== undefined && value !== '') query.set(name, value);
    return query.size > 0 ? `${path}?${query}` : path;
}

/** Acts on many jobs, a thousand at a time; the answers one after the other. */
export async function actOnMany(act, ids) {
    const answers = [];
    for (let at = 0; at < ids.length; at += 1000) {
        const part = await send('POST', `v1/jobs/${act}`, {ids: ids.slice(at, at + 1000)});
        answers.push(...part.jobs);
    }
    return answers;
}

const PAGE_READS = 20;

/** A page of jobs. The server ends one that it had to look too far for, so what leads on before the
 *  page is full is followed for a while. */
export async function getJobs(query, signal) {
    const limit = Number(query.limit);
    const jobs = [];
    let {cursor} = query;
    for (let n = 0; n < PAGE_READS && jobs.length < limit && cursor !== null; n++) {
        const page = await get(withQuery('v1/jobs', {...query, cursor,
            limit: limit - jobs.length}), signal);
        jobs.push(...page.jobs);
        cursor = page.cursor;
    }
    return {jobs, cursor};
}
