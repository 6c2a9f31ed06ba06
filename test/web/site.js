// A site for the browser's tests: a folder with a store, handlers, `millhand serve` and a worker.

import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';

const ROOT = new URL('../..', import.meta.url).pathname;
export const MILLHAND = process.env.MILLHAND ?? join(ROOT, 'build/millhand');

const SECRET = 'a secret of thirty-two bytes or more';

const REPOSITORY = {
    'README.md': '# Mill\n\nGrinds wheat.\n',
    'src/grind.h': '/* Grinding. */\nint grind_flour(int sacks);\n',
    'src/grind.c': '#include "grind.h"\n\n/* the <img src=x> stones are quiet */\n'
        + 'int grind_flour(int sacks)\n{\n    return sacks;\n}\n',
    'tool/main.c': '#include "../src/grind.h"\n\nint main(void)\n{\n'
        + '    return grind_flour(1);\n}\n',
};

const HANDLERS = {
    // Says what it does, waits until it is let go, and ends well.
    steps: `
echo "opened the file" >&2
echo '{"progress":0.5,"message":"half of it"}' >&$MILLHAND_EVENT_FD
until [ -e "@DIR@/$MILLHAND_JOB_ID" ]; do sleep 0.02; done
echo "closed the file" >&2
echo '{"rows":12,"share":0.10}'
`,
    broken: `
[ -e @DIR@/mended ] && { echo '"well now"'; exit; }
echo "looked for it everywhere" >&2
echo "disk <img src=x onerror=alert(1)> 7 is full" >&2
exit 65
`,
    rotten: 'echo "no such table: orders_$(date +%N)" >&2; exit 65\n',
    quick: 'echo 1\n',
};

// Below the ports that the system gives to connections, which else might take one before its server
// does.
let lastPort = (process.pid * 97) % 12000;

function freePort() {
    return new Promise((resolve) => {
        const look = () => {
            lastPort = (lastPort + 1) % 12000;
            const port = 20000 + lastPort;
            const probe = createServer();
            probe.on('error', look);
            probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
        };
        look();
    });
}

/** The first true value of what `condition` promises. */
export async function until(condition, what, ms = 10000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
        await pause(20);
    }
}

export class Site {
    constructor(env = {}) {
        this.path = mkdtempSync(join(tmpdir(), 'millhand-web-'));
        this.children = [];
        mkdirSync(join(this.path, 'handlers'));
        this.env = {
            PATH: process.env.PATH, HOME: this.path, LANG: 'C.UTF-8', LOG_FORMAT: 'json',
            DATABASE_URL: `sqlite:${this.path}/jobs.db`, HEALTH_CHECK_PORT: '0',
            MONITOR_INTERVAL_MS: '0', POLL_INTERVAL_MS: '250', ALLOW_LOCAL_PROJECTS: '1',
            TMPDIR: this.path, ...env,
        };
    }

    handler(type, body) {
        const path = join(this.path, 'handlers', type);
        writeFileSync(path, `#!/bin/sh\n${body.replaceAll('@DIR@', this.path)}`);
        chmodSync(path, 0o755);
    }

    /** Runs a command to its end and returns what it printed. */
    run(...args) {
        return execFileSync(MILLHAND, args, {cwd: this.path, env: this.env, encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26});
    }

    /** A job's status; null: it is not there. */
    status(id) {
        const said = spawnSync(MILLHAND, ['--json', 'jobs', 'show', id], {cwd: this.path,
            env: this.env, encoding: 'utf8'});
        return said.status === 0 ? JSON.parse(said.stdout).status : null;
    }

    /** The path of a small repository. */
    repository() {
        const path = join(this.path, 'repository');
        if (existsSync(path)) return path;
        const git = (...args) => execFileSync('git', ['-C', path, '-c', 'user.name=n', '-c',
            'user.email=n@example.org', ...args], {env: this.env});
        for (const [name, text] of Object.entries(REPOSITORY)) {
            mkdirSync(dirname(join(path, name)), {recursive: true});
            writeFileSync(join(path, name), text);
        }
        git('init', '-q', '-b', 'main');
        git('add', '-A');
        git('commit', '-q', '-m', 'm');
        return path;
    }

    /** The id of a project that is indexed, and has a blueprint. */
    project() {
        this.projectId ??= this.projectOf('glass', this.repository());
        return this.projectId;
    }

    /** The same of any repository. */
    projectOf(name, url) {
        const id = this.run('project', 'add', name, '--url', url).trim();
        for (const type of ['index', 'blueprint'])
            this.run('enqueue', type, JSON.stringify({project: name}), '--wait');
        return id;
    }

    bulk(jobs) {
        const file = join(this.path, 'bulk.ndjson');
        writeFileSync(file, jobs.map((job) => `${JSON.stringify(job)}\n`).join(''));
        return this.run('enqueue', '--bulk', file).trim().split('\n');
    }

    start(args, env = {}) {
        const child = spawn(MILLHAND, args, {cwd: this.path, env: {...this.env, ...env},
            stdio: ['ignore', 'ignore', 'pipe']});
        child.log = '';
        child.stderr.on('data', (data) => { child.log = (child.log + data).slice(-100000); });
        this.children.push(child);
        return child;
    }

    worker(id, ...args) {
        return this.start(['worker', ...args], {WORKER_ID: id});
    }

    /** Starts `millhand serve`, at the same address as before where it ran already. */
    async serve() {
        this.port ??= await freePort();
        this.url = `http://127.0.0.1:${this.port}`;
        this.server = await this.serveAt(this.port);
    }

    async serveAt(port, env = {}) {
        const server = this.start(['serve'], {MILLHAND_HTTP_PORT: String(port), ...env});
        await until(() => server.log.includes('"serving"') || server.exitCode !== null,
            'the server serves');
        if (server.exitCode !== null) throw new Error(server.log);
        return server;
    }

    /** Another server on the same store, which wants tokens; its address. */
    async serveWithTokens() {
        const port = await freePort();
        await this.serveAt(port, {MILLHAND_JWT_SECRET: SECRET});
        return `http://127.0.0.1:${port}`;
    }

    token(...options) {
        return execFileSync(MILLHAND, ['token', ...options], {cwd: this.path, encoding: 'utf8',
            env: {...this.env, MILLHAND_JWT_SECRET: SECRET}}).trim();
    }

    /** What the tests of run.js find: a server, and a worker with these handlers. */
    async begin(migrate) {
        if (migrate) this.run('migrate');
        for (const [type, body] of Object.entries(HANDLERS)) this.handler(type, body);
        await this.serve();
        this.worker('mill-1', '--concurrency', '4');
    }

    /** Lets handlers that wait for this name go on. */
    release(name) {
        writeFileSync(join(this.path, name), '');
    }

    async stop(child) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => { child.once('exit', resolve); });
        child.kill('SIGTERM');
        await Promise.race([ended, pause(3000).then(() => child.kill('SIGKILL'))]);
    }

    async remove() {
        await Promise.all(this.children.map((child) => this.stop(child)));
        rmSync(this.path, {recursive: true, force: true});
    }
}
