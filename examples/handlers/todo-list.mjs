#!/usr/bin/env node
// Finds the TODO lines of a source file. Payload: {"path": "src/cli/main.c"}
//
// The same kind of handler as word-count.py, in Node: a persistent child that speaks JSON-RPC 2.0,
// one message a line. Reading is asynchronous here, so it takes several jobs at once
// (`concurrency` in millhand.conf).
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

const send = (message) =>
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');

async function todoList(job) {
    const lines = (await readFile(job.payload.path, 'utf8')).split('\n');
    const found = lines.flatMap((text, i) => /\bTODO\b/.test(text) ? [{ line: i + 1, text }] : []);
    return { path: job.payload.path, todo: found };
}

for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    if (method !== 'job.run') continue;
    todoList(params).then(
        (result) => send({ id, result }),
        ({ message }) => send({ id, error: { code: 1, message, data: { retry: false } } }));
}
