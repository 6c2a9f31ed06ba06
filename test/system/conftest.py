"""The tools of the system tests: a site (folder, store, handlers) and workers on it.

The program under test is $MILLHAND or build/millhand. A test gets a `site` and talks to the program
as a user does: by its command line, its log and its health port. Nothing sleeps for a fixed time: a
test waits for a condition, with a deadline.
"""
import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MILLHAND = os.environ.get('MILLHAND', str(ROOT / 'build' / 'millhand'))
TEST_SECONDS = 90  # the longest a test may take, unless its marker `seconds` says otherwise
TERM = signal.SIGTERM
PASSED_ON = ('PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS')

PYTHON_CHILD = '''#!/usr/bin/python3
import json, os, sys, threading, time
lock = threading.Lock()
def send(**message):
    with lock:
        print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)
def progress(job, share): send(method='job.progress', params={'id': job['id'], 'progress': share})
def log(job, text): send(method='job.log', params={'id': job['id'], 'message': text})
def fail(request, text, **data):
    send(id=request['id'], error={'code': 1, 'message': text, 'data': data})
def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)
def cancelled(params): pass
'''
PYTHON_CHILD_END = '''
for line in sys.stdin:
    message = json.loads(line)
    if message['method'] == 'job.run':
        run(message, message['params'])
    elif message['method'] == 'job.cancel':
        cancelled(message['params'])
'''
NODE_CHILD = '''#!/usr/bin/env node
const fs = require('fs');
const send = (m) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...m }) + '\\n');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const m = JSON.parse(line);
    if (m.method === 'job.run') run(m, m.params);
});
'''


def pytest_addoption(parser):
    parser.addoption('--turns', type=Path, metavar='FOLDER',
                     help='run only what no other run with this folder has begun')


def pytest_configure(config):
    if not os.access(MILLHAND, os.X_OK):
        pytest.exit(f'no {MILLHAND}: run script/build, or set MILLHAND', returncode=2)
    config.addinivalue_line('markers', 'alone: measures time or memory, by itself')
    config.addinivalue_line('markers', 'seconds(n): it may take so long')
    config.addinivalue_line('markers', 'sanitized: also run against the sanitizer build')
    config.addinivalue_line('markers', 'together: one run has its turn at the whole module, which '
                                       'shares what is dear to make')
    signal.signal(TERM, signal.default_int_handler)  # so that fixtures end what they began


def turns(items, folder):
    """Of these tests, what no other run has begun, as long as there is any."""
    numbers, mine = {}, set()
    for item in items:
        unit = item.path if item.get_closest_marker('together') else item.nodeid
        number = numbers.setdefault(unit, len(numbers))
        if number not in mine:
            try:
                (folder / str(number)).touch(exist_ok=False)
            except FileExistsError:
                continue
            mine.add(number)
        yield item


def pytest_runtestloop(session):
    folder = session.config.getoption('turns')
    if folder is None or session.testsfailed:
        return None  # pytest's own loop
    mine = turns(session.items, folder)
    item = next(mine, None)
    while item:
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        item = following
    return True


@pytest.fixture(scope='session')
def shared_server():
    """A PostgreSQL server for tests that leave it running; each makes a schema of its own there."""
    import pg  # which imports this file
    server = pg.Server()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def deadline(request):
    """Ends a test that hangs."""
    marker = request.node.get_closest_marker('seconds')
    seconds = marker.args[0] if marker else TEST_SECONDS

    def expire(_signal, _frame):
        raise TimeoutError(f'the test took longer than {seconds} seconds')
    signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


def wait_until(condition, timeout=15, what=None):
    """Returns the first true value of condition()."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {timeout} s: {what or condition}')
        time.sleep(0.01)


def alive(pid):
    """True while the process runs; a zombie does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False


# Below the ports that the system gives to connections, which else might take one before its server
# does; and each process begins elsewhere, for others run beside it.
PORTS = itertools.islice(itertools.cycle(range(20000, 32000)), os.getpid() * 97 % 12000, None)


def free_port():
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(('127.0.0.1', port))
            return port


class Worker:
    """A `millhand worker` process; its log is read as it comes."""

    def __init__(self, site, args, env):
        self.started = time.time()
        self.process = subprocess.Popen(
            [MILLHAND, 'worker', *map(str, args)], cwd=site.path, env=site.environment(env),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines = []
        self.not_json = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.process.stderr:
            text = raw.decode(errors='replace').rstrip('\n')
            with self.news:
                try:
                    self.lines.append(json.loads(text))
                except ValueError:
                    self.not_json.append(text)
                self.news.notify_all()
        with self.news:
            self.news.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is not None:  # pytest shows it with the failure
            print(f'worker {self.pid}, exit status {self.process.poll()}:')
            print('\n'.join(map(str, self.lines[-40:] + self.not_json)))
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join(5)
        if kind is None:
            assert not self.not_json, 'lines of the log that are not JSON'

    @property
    def pid(self):
        return self.process.pid

    def logged(self, msg, **fields):
        """The log lines with this message and these fields."""
        return [line for line in self.lines if line['msg'] == msg
                and all(line.get(name) == value for name, value in fields.items())]

    def wait_for(self, msg, timeout=15, count=1, **fields):
        """Waits for a log line and returns the first that matches."""
        end = time.monotonic() + timeout
        with self.news:
            while len(self.logged(msg, **fields)) < count:
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    seen = '\n'.join(map(str, self.lines[-20:] + self.not_json))
                    raise AssertionError(f'no "{msg}" {fields} x{count} among\n{seen}')
                self.news.wait(min(left, 0.2))
            return self.logged(msg, **fields)[0]

    def signal(self, number=TERM):
        self.process.send_signal(number)

    def wait(self, timeout=30):
        """Waits for its end and returns the exit status."""
        status = self.process.wait(timeout)
        self.reader.join(5)
        return status

    def stop(self, number=TERM, timeout=30):
        self.signal(number)
        return self.wait(timeout)


class Site:
    """A folder with a fresh store, a folder of handlers and their settings."""

    def __init__(self, path):
        self.path = path
        self.handlers = path / 'handlers'
        self.handlers.mkdir()
        self.config = path / 'millhand.conf'
        self.env = {
            'HOME': str(path), 'LANG': 'C.UTF-8', 'DATABASE_URL': f'sqlite:{path}/jobs.db',
            'MILLHAND_HANDLERS': str(self.handlers), 'HEALTH_CHECK_PORT': '0',
            'LOG_FORMAT': 'json', 'MONITOR_INTERVAL_MS': '0',
        }

    def environment(self, more=None):
        env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        env.update(self.env)
        env.update({name: str(value) for name, value in (more or {}).items()})
        return {name: value for name, value in env.items() if value != 'None'}

    # --- commands

    def run(self, *args, stdin='', env=None, timeout=30):
        """Runs a command to its end; nothing is asserted but that no sanitizer spoke."""
        done = subprocess.run([MILLHAND, *map(str, args)], cwd=self.path, input=stdin, text=True,
                              env=self.environment(env), capture_output=True, timeout=timeout,
                              check=False)
        assert 'Sanitizer' not in done.stderr and 'runtime error:' not in done.stderr, done.stderr
        return done

    def ok(self, *args, **options):
        """Runs a command that must succeed and returns what it printed."""
        done = self.run(*args, **options)
        assert done.returncode == 0, f'{args}: status {done.returncode}: {done.stderr}'
        return done.stdout

    def json(self, *args, **options):
        """Runs a command with --json that must succeed and returns the objects it printed."""
        return [json.loads(line) for line in self.ok('--json', *args, **options).splitlines()]

    def enqueue(self, job_type, payload=None, *options):
        body = payload if isinstance(payload, str) else json.dumps(payload or {})
        return self.ok('enqueue', job_type, body, *options).strip()

    def bulk(self, jobs):
        lines = ''.join(json.dumps(job) + '\n' for job in jobs)
        (self.path / 'bulk.ndjson').write_text(lines)
        return self.ok('enqueue', '--bulk', self.path / 'bulk.ndjson').split()

    def job(self, job_id):
        """The record; its attempt history is under "history"."""
        return self.json('jobs', 'show', job_id)[0]

    def jobs(self, *filters):
        return self.json('jobs', 'list', '--limit', '100000', *filters)

    def ended(self, job_id, timeout='20s'):
        """Waits for the job's end and returns the record."""
        done = self.run('jobs', 'wait', job_id, '--timeout', timeout)
        assert done.returncode in (0, 3), f'{job_id} has not ended: {done.stderr}'
        return self.job(job_id)

    def wait_for_status(self, job_id, status):
        return wait_until(lambda: self.job(job_id)['status'] == status and self.job(job_id),
                          what=f'status {status}')

    def worker(self, *args, **env):
        return Worker(self, args, env)

    # --- handlers

    def write(self, name, text, mode=0o755):
        path = self.handlers / name
        path.write_text(text.replace('@DIR@', str(self.path)))
        path.chmod(mode)
        return path

    def sh(self, job_type, body):
        """A one-shot shell handler; @DIR@ in the body is the site's folder."""
        return self.write(job_type, '#!/bin/sh\n' + body)

    def python(self, job_type, body):
        """A one-shot Python handler."""
        return self.write(f'{job_type}.py', '#!/usr/bin/python3\n' + body)

    def child(self, job_type, body, **settings):
        """A persistent Python handler: the body defines run(request, job)."""
        self.conf(job_type, mode='persistent', **settings)
        return self.write(f'{job_type}.py', PYTHON_CHILD + body + PYTHON_CHILD_END)

    def node_child(self, job_type, body, **settings):
        """A persistent Node handler: the body defines run(request, job)."""
        self.conf(job_type, mode='persistent', **settings)
        return self.write(f'{job_type}.js', NODE_CHILD + body)

    def conf(self, job_type, **settings):
        with self.config.open('a') as file:
            file.write(f'[handler.{job_type}]\n')
            file.writelines(f'{name}={value}\n' for name, value in settings.items())

    # --- what handlers leave in the folder

    def file(self, name):
        return self.path / name

    def touch(self, name):
        (self.path / name).touch()

    def wait_for_file(self, name, lines=1, timeout=15):
        """Waits until a file has so many lines and returns them."""
        def read():
            path = self.path / name
            found = path.read_text().splitlines() if path.exists() else []
            return found if len(found) >= lines else None
        return wait_until(read, timeout, f'{lines} lines in {name}')


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def get(port, path, method='GET'):
    """An HTTP request to the worker: status, headers, body."""
    request = urllib.request.Request(f'http://127.0.0.1:{port}{path}', method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def one_line(text):
    """True for exactly one line."""
    return re.fullmatch(r'[^\n]+\n', text) is not None


def assert_refused(done, status, *words):
    """Failed with this status, one line on standard error that has the words, nothing printed."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert one_line(done.stderr), done.stderr
    assert not done.stdout
    for word in words:
        assert word.lower() in done.stderr.lower(), done.stderr
