"""Out of memory at any allocation: one line, an exit status, and nothing lost.

Allocations of a command fail in turn (test/lib/fail_alloc.c is preloaded): one alone, or one and
all that follow. Tried are commands that read, a dispatch of one job and of many, `migrate`, a
worker with a handler of its own and with one over HTTP, `serve` with requests, and, on PostgreSQL,
reading, dispatching and working. Not tried is a PostgreSQL server by its name: the C library ends a
program that looks up names without memory. It does so too where a library that libpq brings along
gets no memory for a thread's own data; then what counts is that the one line was said before.

A place is an allocation with the calls that led to it. To keep the suite quick a run takes every
twelfth place, or fewer where each costs much, beginning where the day says;
MILLHAND_TEST_MEMORY=places tries every place (some minutes), MILLHAND_TEST_MEMORY=all every single
allocation (an hour and more).
"""
import contextlib
import json
import os
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest
from conftest import MILLHAND, ROOT, free_port, wait_until
from http_peer import Peer, reply
from serve import Client

WHICH = os.environ.get('MILLHAND_TEST_MEMORY', 'some')
DAY = int(time.time() // 86400)
KILLED = 60  # seconds after which a command hangs

pytestmark = [
    pytest.mark.together,
    pytest.mark.seconds({'some': 90, 'places': 1200, 'all': 7200}[WHICH]),
]


@pytest.fixture(scope='module')
def preload(tmp_path_factory):
    if 'sanitize' in MILLHAND:
        pytest.skip('the sanitizers have an allocator of their own')
    library = tmp_path_factory.mktemp('preload') / 'fail_alloc.so'
    source = ROOT / 'test' / 'lib' / 'fail_alloc.c'
    subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', library, source], check=True)
    return library


@pytest.fixture
def pg_site(site, shared_server):
    """A site whose store is a schema of its own on PostgreSQL, reached without Kerberos, since
    libgssapi_krb5 itself crashes where there is no memory."""
    schema = f'memory_{site.path.name.replace("-", "_")}'
    url = f'postgres://test@127.0.0.1:{shared_server.port}/postgres?gssencmode=disable'
    site.env.update(DATABASE_URL=url, MILLHAND_SCHEMA=schema)
    site.ok('migrate')
    return site


def run(site, preload, number, *args, **env):
    """Runs a command whose allocation `number` fails, none where that is 0."""
    return subprocess.run(
        [MILLHAND, *args],
        cwd=site.path,
        env=site.environment({'LD_PRELOAD': preload, 'FAIL_ALLOC': number, **env}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=KILLED,
    )


def chosen(places, every):
    """Which allocations shall fail, of what the library noted in a run where none did."""
    *first_of_each, total = map(int, places.read_text().split())
    if WHICH == 'all':
        return range(1, total + 1)
    return first_of_each if WHICH == 'places' else first_of_each[DAY % every :: every]


def allocations(site, preload, *args, every=12, **env):
    places = site.path / 'places'
    done = run(site, preload, 0, *args, FAIL_ALLOC_PLACES=places, **env)
    assert done.returncode == 0, done.stderr
    return chosen(places, every)


def each_in_turn(site, preload, check, *args, every=12, then=None, **env):
    wrong = []
    more = {'FAIL_ALLOC_ON': 1} if then == 'all fail from there on' else {}
    numbers = allocations(site, preload, *args, every=every, **env)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run, site, preload, n, *args, **env, **more) for n in numbers]
        for number, done in zip(numbers, runs):
            with noted(wrong, number):
                check(done.result())
    assert_none(wrong)


@contextlib.contextmanager
def noted(wrong, number):
    """What was found wrong with one does not keep the others from being tried."""
    try:
        yield
    except (AssertionError, ValueError, subprocess.TimeoutExpired) as error:
        wrong.append(f'allocation {number}: {error}')


def assert_none(wrong):
    assert not wrong, '\n'.join([f'{len(wrong)} are wrong', *wrong[:40]])


# What is said by the C library as it ends a program with 127, and by gnutls as it is loaded.
ENDED = 'cannot allocate memory for thread-local data: ABORT'
NOT_OURS = (ENDED, 'Error in GnuTLS initialization')


def our_lines(text):
    return [line for line in text.splitlines() if not line.startswith(NOT_OURS)]


def assert_ended(status, said, ends):
    more = (127,) if ENDED in said.splitlines() else ()
    assert status in ends + more, f'ended with {status}: {said[-600:]}'


def assert_said(done):
    assert_ended(done.returncode, done.stderr, (0, 1, 2))
    ours = our_lines(done.stderr)
    assert len(ours) == (done.returncode != 0), done.stderr


READERS = [
    ['jobs', 'list', '--json'],
    ['stats'],
    ['type', 'list'],
    ['jobs', 'list', '--type', 'good'],
]
THEN = ['one fails', 'all fail from there on']


@pytest.mark.parametrize('command', READERS, ids=' '.join)
@pytest.mark.parametrize('then', THEN)
def test_a_command_says_so(site, preload, command, then):
    site.enqueue('good', {'n': 1})
    each_in_turn(site, preload, assert_said, *command, then=then)


@pytest.mark.parametrize('then', THEN)
def test_a_doctor_without_memory_says_so(site, preload, then):
    def check(done):
        assert_ended(done.returncode, done.stderr, (0, 1, 2))
        if '\nbad ' not in done.stdout:
            assert len(our_lines(done.stderr)) == (done.returncode != 0), done.stderr

    site.enqueue('good', {'n': 1})
    each_in_turn(site, preload, check, 'doctor', then=then)


@pytest.mark.parametrize('then', THEN)
def test_a_command_on_postgres_says_so(pg_site, preload, then):
    pg_site.enqueue('good', {'n': 1})
    each_in_turn(pg_site, preload, assert_said, 'jobs', 'list', '--json', every=20, then=then)


def check_dispatch(site, preload, every):
    ids = {site.enqueue('good', {'n': 1})}

    def check(done):
        assert_said(done)
        if done.returncode == 0:
            ids.add(done.stdout.strip())

    each_in_turn(site, preload, check, 'enqueue', 'good', '{"n": 1}', every=every)
    jobs = site.jobs()
    assert ids - {''} <= {job['id'] for job in jobs}
    assert all(job['payload'] == {'n': 1} for job in jobs)


def test_a_dispatch_is_whole_or_refused(site, preload):
    check_dispatch(site, preload, every=12)


def test_a_dispatch_on_postgres_is_whole_or_refused(pg_site, preload):
    check_dispatch(pg_site, preload, every=20)


def test_a_bulk_is_dispatched_whole_or_not_at_all(site, preload):
    lines = ''.join(json.dumps({'type': 'good', 'payload': {'n': n}}) + '\n' for n in range(3))
    site.file('bulk.ndjson').write_text(lines)
    each_in_turn(site, preload, assert_said, 'enqueue', '--bulk', 'bulk.ndjson', every=20)
    found = Counter(job['payload']['n'] for job in site.jobs())
    assert found[0] == found[1] == found[2] > 0


def test_a_migration_is_whole_or_not_begun(site, preload):
    wrong = []
    numbers = allocations(site, preload, 'migrate', every=20, DATABASE_URL='sqlite:none.db')
    for number in numbers:
        url = f'sqlite:{number}.db'
        with noted(wrong, number):
            assert_said(run(site, preload, number, 'migrate', DATABASE_URL=url))
            site.ok('--db', url, 'enqueue', 'good')
    assert_none(wrong)


def check_worker(site, preload, job_type, every):
    """An allocation that fails may cost an attempt, never the job."""
    wrong = []
    site.env.update(MAX_CONCURRENT_JOBS='1', LEASE_MS='2000')  # what was lost comes back soon
    site.enqueue(job_type)
    for number in allocations(site, preload, 'worker', '--drain', every=every):
        job_id = site.enqueue(job_type, {'number': number})
        with noted(wrong, number):
            done = run(site, preload, number, 'worker', '--drain')
            assert_ended(done.returncode, done.stderr, (0, 1))
            assert_lines_are_json(done.stderr)
            job = site.job(job_id)
            assert job['status'] in ('completed', 'pending'), job
            assert job['status'] == 'pending' or job['result'] == {'answer': [1, 2]}, job
        site.run('jobs', 'cancel', job_id)
    assert_none(wrong)


def assert_lines_are_json(text):
    for line in our_lines(text):
        if not line.startswith('millhand: '):
            assert json.loads(line)


ANSWER = 'cat >/dev/null; echo \'{"answer": [1, 2]}\'\n'


def test_a_worker_loses_no_job_and_keeps_results_as_they_are(site, preload):
    site.sh('good', ANSWER)
    check_worker(site, preload, 'good', every=20)


def test_a_worker_on_postgres_loses_no_job(pg_site, preload):
    pg_site.sh('good', ANSWER)
    check_worker(pg_site, preload, 'good', every=60)


def test_a_worker_loses_no_job_of_a_handler_over_http(site, preload):
    async def answer(_request, _wire):
        return reply(200, b'{"answer": [1, 2]}')

    with Peer(answer) as peer:
        site.conf('web', mode='http', url=peer.url, allow_private=1)
        check_worker(site, preload, 'web', every=60)


def ask_a_server(site, preload, number, **env):
    """Starts `serve`, dispatches and reads a job there, stops it. Returns the ids that it said."""
    client, ids = Client(free_port()), []
    more = {'LD_PRELOAD': preload, 'FAIL_ALLOC': number, 'MILLHAND_HTTP_PORT': client.port, **env}
    server = subprocess.Popen(
        [MILLHAND, 'serve'],
        cwd=site.path,
        env=site.environment(more),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: server.poll() is not None or answers(client))
        with contextlib.suppress(OSError, HTTPException, AssertionError):
            ids.append(client.add({'type': 'good', 'payload': {'n': 1}})['id'])
            client.ask('GET', '/v1/jobs')
        server.terminate()
        said = server.communicate(timeout=KILLED)[1]
    finally:
        server.kill()
    assert_ended(server.returncode, said, (0, 1))
    assert_lines_are_json(said)
    return ids


def answers(client):
    with contextlib.suppress(OSError, HTTPException):
        return client.ask('GET', '/health')


def test_a_server_keeps_what_it_said_it_has(site, preload):
    wrong, ids = [], set()
    places = site.path / 'places'
    assert ask_a_server(site, preload, 0, FAIL_ALLOC_PLACES=places)
    for number in chosen(places, every=60):
        with noted(wrong, number):
            ids.update(ask_a_server(site, preload, number))
    assert_none(wrong)
    assert ids <= {job['id'] for job in site.jobs()}
