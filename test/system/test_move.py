"""Jobs carried between stores, of both kinds and in both directions, while both take traffic."""
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from conftest import MILLHAND, Site, assert_refused, wait_until

NOTE = """
def run(request, job):
    with open('@DIR@/ran', 'a') as file:
        file.write(job['id'] + '\\n')
    send(id=request['id'], result={})
"""


@pytest.fixture(name='server')
def use_server(shared_server):
    return shared_server


@pytest.fixture(name='make')
def make_stores(tmp_path, server):
    """Makes sites, each with a store of the kind asked for."""
    made = []

    def make(kind):
        path = tmp_path / f'site{len(made)}'
        path.mkdir()
        site = Site(path)
        if kind == 'postgres':
            site.schema = 's_' + os.urandom(6).hex()
            site.env.update(DATABASE_URL=server.url(), MILLHAND_SCHEMA=site.schema)
        else:
            site.schema = None
        site.ok('migrate')
        made.append(site)
        return site

    return make


def to(target):
    """The options that name a target."""
    schema = ['--to-schema', target.schema] if target.schema else []
    return ['--to', target.env['DATABASE_URL'], *schema]


def move(source, target, *options, status=0):
    """Moves to the end and returns what it counted."""
    done = source.run('--json', 'move', *to(target), *options)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


# Of a schedule.
KEPT_BY_STORE = {'id', 'revision', 'last_at', 'created_at', 'updated_at'}


def holdings(site):
    """All that a store has: records with their history, tenants, types, schedules."""
    ids = [job['id'] for job in site.jobs()]
    records = {job['id']: job for job in site.json('jobs', 'show', *ids)} if ids else {}
    tenants = {row['id']: (row['name'], row['plan']) for row in site.json('tenant', 'list')}
    types = {
        row['name']: (row['paused'], row['limits'])
        for row in site.json('type', 'list')
        if row['paused'] or any(row['limits'].values())
    }
    schedules = {
        row['name']: {name: row[name] for name in row if name not in KEPT_BY_STORE}
        for row in site.json('schedule', 'list')
    }
    counts = {name: n for name, n in site.json('stats')[0].items() if name.endswith('_count')}
    return records, tenants, types, schedules, counts


def fill(site):
    """Jobs of every kind and in every state that may leave."""
    site.ok('tenant', 'add', 'acme', '--plan', 'pro')
    site.conf('flaky', backoff_base='1h')
    site.sh('flaky', 'echo "what went wrong\t\\"here\\"" >&2; exit 1')
    site.sh('good', 'echo \'{"progress":0.5}\' >&$MILLHAND_EVENT_FD; echo \'{"n": [1, 0.1]}\'')
    for kind in ('good', 'flaky', 'plain'):
        site.enqueue(kind, {'a': [1, 'ä\n', None]})
    site.enqueue('flaky', {}, '--max-attempts', '1', '--unique', 'k1')
    site.enqueue('good', {}, '--tenant', 'acme', '--correlation-id', 'trace')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    site.enqueue('later', {}, '--delay', '1h', '--priority', '7', '--unique', 'k1')
    site.ok('jobs', 'cancel', site.enqueue('plain', {}, '--tenant', 'acme', '--unique', 'k1'))
    site.ok('type', 'pause', 'plain')
    site.ok('type', 'limit', 'good', '--max', '9', '--per-key', 'a=2')
    often = ['--cron', '*/7 3 * * mon', '--tz', 'Europe/Berlin', '--payload', '{"a":["ä",1.5]}']
    site.ok('schedule', 'add', 'often', 'good', *often, '--missed', 'all', '--overlap', 'skip')
    site.ok('schedule', 'add', 'theirs', 'good', *often, '--tenant', 'acme', '--priority', '9')
    site.ok('schedule', 'pause', 'theirs', '--tenant', 'acme')


def test_all_arrives_as_it_left_in_every_direction(make):
    here = make('sqlite')
    fill(here)
    before = holdings(here)
    assert {job['status'] for job in before[0].values()} == {
        'pending',
        'completed',
        'failed',
        'cancelled',
    }
    assert any(job['next_retry_at'] for job in before[0].values())
    for kind in ('postgres', 'postgres', 'sqlite', 'sqlite'):
        there = make(kind)
        counted = move(here, there)
        assert (counted['moved'], counted['left']) == (len(before[0]), 0)
        assert holdings(there) == before
        assert not here.jobs() and not here.json('schedule', 'list')
        here = there
    assert move(here, make('sqlite'), '--tenant', 'acme')['moved'] == 2
    assert len(here.jobs()) == len(before[0]) - 2


# --- traffic, and a mover that is killed


class Traffic:
    """A worker and a dispatcher on each of the sites."""

    def __init__(self, sites, folder):
        self.sites = sites
        self.folder = folder
        self.ids = []
        self.over = threading.Event()
        for site in sites:
            site.child('note', NOTE.replace('@DIR@', str(folder)), concurrency=4)
        self.workers = [site.worker('--concurrency', '4') for site in sites]
        self.threads = [threading.Thread(target=self._dispatch, args=(site,)) for site in sites]
        for thread in self.threads:
            thread.start()

    def _dispatch(self, site):
        while not self.over.is_set():
            self.ids += site.bulk([{'type': 'note', 'payload': {}}] * 20)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def ran(self):
        path = self.folder / 'ran'
        return path.read_text().split() if path.exists() else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()


def kill_a_move(source, target, seconds):
    mover = subprocess.Popen(
        [MILLHAND, 'move', *to(target)],
        cwd=source.path,
        env=source.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        mover.wait(seconds)
    except subprocess.TimeoutExpired:
        mover.send_signal(signal.SIGKILL)
    assert mover.communicate()[1] == '' or mover.returncode == 1
    return mover.returncode


@pytest.mark.parametrize('kinds', [('sqlite', 'postgres'), ('postgres', 'sqlite')], ids='-'.join)
def test_none_is_lost_and_none_runs_twice_however_often_it_is_killed(make, tmp_path, kinds):
    source, target = make(kinds[0]), make(kinds[1])
    backlog = source.bulk([{'type': 'note', 'payload': {}}] * 1500)
    chance = random.Random(7)
    with Traffic((source, target), tmp_path) as traffic:
        begun = time.monotonic()
        source.ok('stats')
        start_up = time.monotonic() - begun
        ends = [kill_a_move(source, target, start_up + chance.uniform(0, 0.2)) for _ in range(5)]
        assert -signal.SIGKILL in ends
        traffic.stop()
        counted = move(source, target, '--wait', '--timeout', '30s')
        assert counted['left'] == 0
        ids = traffic.ids + backlog
        wait_until(lambda: len(traffic.ran()) >= len(ids), 30, 'all have run')
        wait_until(lambda: not target.jobs('--status', 'processing'), 10)
        assert sorted(traffic.ran()) == sorted(ids)
    assert not source.jobs()
    assert {job['id'] for job in target.jobs()} == set(ids)


# --- killed at a certain step: where a lock of ours in PostgreSQL makes it wait


class Lock:
    """Keeps a table of the engine from being written."""

    def __init__(self, server, site, table):
        self.server, self.schema = server, site.schema
        self.session = subprocess.Popen(
            [
                server.bin / 'psql',
                '-Xq',
                '-h',
                server.folder,
                '-p',
                str(server.port),
                '-U',
                'test',
                'postgres',
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.session.stdin.write(
            f'BEGIN; LOCK TABLE {site.schema}.{table} IN SHARE MODE;\n' '\\echo locked\n'
        )
        self.session.stdin.flush()
        assert self.session.stdout.readline() == 'locked\n'

    def waits(self, function):
        """The backends that wait for the lock within this function."""
        return self.server.sql(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            f" AND query LIKE '%\"{self.schema}\".{function}(%'"
        )

    def kill_in(self, source, target, function):
        """Kills a move that waits within the function, and what it asked for."""
        mover = subprocess.Popen(
            [MILLHAND, 'move', *to(target)],
            cwd=source.path,
            env=source.environment(),
            stdout=subprocess.DEVNULL,
        )
        try:
            backends = wait_until(lambda: self.waits(function), what=f'waits in {function}')
        finally:
            mover.kill()
            mover.wait()
        for backend in backends:
            self.server.sql(f'SELECT pg_terminate_backend({backend}, 5000)')
        self.session.communicate()


def test_what_was_erased_and_not_released_waits_until_it_is(make, server, tmp_path):
    source, target = make('sqlite'), make('postgres')
    target.child('note', NOTE.replace('@DIR@', str(tmp_path)))
    job_id = source.enqueue('note', {}, '--unique', 'k')
    Lock(server, target, 'scheduled').kill_in(source, target, 'mh_move_release')
    assert not source.jobs()
    assert target.job(job_id)['status'] == 'processing'
    assert target.enqueue('note', {}, '--unique', 'k') == job_id
    with target.worker('--drain') as worker:
        assert worker.wait() == 0
    assert not (tmp_path / 'ran').exists()
    counted = move(source, target)
    assert (counted['moved'], counted['repaired']) == (0, 1)
    with target.worker('--drain') as worker:
        assert worker.wait() == 0
    assert (tmp_path / 'ran').read_text().split() == [job_id]


def test_what_was_held_and_not_erased_stays_where_it_was(make, server, tmp_path):
    source, target = make('postgres'), make('sqlite')
    for site in (source, target):
        site.child('note', NOTE.replace('@DIR@', str(tmp_path)))
    job_id = source.enqueue('note')
    Lock(server, source, 'departure').kill_in(source, target, 'mh_move_erase')
    assert target.job(job_id)['status'] == 'processing'
    for site in (target, source):
        with site.worker('--drain') as worker:
            assert worker.wait() == 0
    assert (tmp_path / 'ran').read_text().split() == [job_id]
    assert target.job(job_id)['status'] == 'processing'
    record = source.job(job_id)
    assert record['status'] == 'completed'
    counted = move(source, target)
    assert (counted['moved'], counted['repaired']) == (1, 0)
    assert target.job(job_id) == record


# --- schedules


def set_slot(site, value):
    with sqlite3.connect(site.path / 'jobs.db') as store:
        store.execute(f'UPDATE schedule SET next_at = {value}')


def test_a_paused_schedule_is_not_taken_for_another(make):
    source, target = make('sqlite'), make('sqlite')
    for site, text in (source, '{"v": 1}'), (target, '{"v": 2}'):
        site.ok('schedule', 'add', 's', 'a', '--cron', '@yearly', '--payload', text)
        site.ok('schedule', 'pause', 's')
    assert move(source, target, status=1)['schedules_left'] == 1
    assert source.json('schedule', 'show', 's')[0]['payload'] == {'v': 1}
    target.ok('schedule', 'edit', 's', '--payload', '{ "v":1 }')
    assert move(source, target)['schedules_left'] == 0


def test_a_schedule_that_was_left_between_two_stores_fires_again(make):
    source, target = make('sqlite'), make('sqlite')
    for site in (source, target):
        site.ok('schedule', 'add', 'yearly', 'a', '--cron', '@yearly')
    slot = source.json('schedule', 'show', 'yearly')[0]['next_at']
    assert move(source, target, status=1)['schedules_left'] == 1
    set_slot(target, 'NULL')  # where a move that was killed has got to: held …
    assert move(source, target)['schedules_left'] == 0
    assert target.json('schedule', 'show', 'yearly')[0]['next_at'] == slot
    source.ok('schedule', 'add', 'yearly', 'a', '--cron', '@yearly')
    set_slot(source, 'NULL')  # … fenced …
    set_slot(target, 'NULL')
    move(source, target)
    assert target.json('schedule', 'show', 'yearly')[0]['next_at'] == slot
    source.ok('schedule', 'add', 'yearly', 'a', '--cron', '@yearly')
    set_slot(source, 'NULL')  # … and woken.
    move(source, target)
    assert not source.json('schedule', 'list')
    assert target.json('schedule', 'show', 'yearly')[0]['next_at'] == slot


# --- what stays, and what is refused


def test_what_cannot_leave_is_said_and_stays(make):
    source, target = make('sqlite'), make('sqlite')
    keyed = source.enqueue('a', {}, '--unique', 'k')
    holder = target.enqueue('a', {}, '--unique', 'k')
    target.ok('tenant', 'add', 'acme')
    source.ok('tenant', 'add', 'acme')
    theirs = source.enqueue('a', {}, '--tenant', 'acme')
    free = source.enqueue('a')
    done = source.run('move', *to(target))
    assert done.returncode == 1
    assert 'moved 1 jobs' in done.stdout and '2 left' in done.stdout
    said = done.stderr.splitlines()
    assert len(said) == 2
    assert any(keyed in line and holder in line for line in said)
    assert any(theirs in line and 'tenant' in line for line in said)
    assert {job['id'] for job in source.jobs()} == {keyed, theirs}
    target.ok('jobs', 'cancel', holder)
    assert move(source, target, status=1)['no_tenant'] == 1
    assert {job['id'] for job in target.jobs()} == {keyed, free, holder}


def test_what_runs_stays_until_it_has_ended(make):
    source, target = make('sqlite'), make('sqlite')
    source.sh('slow', 'echo >>@DIR@/begun; while [ ! -e @DIR@/go ]; do sleep 0.02; done')
    job_id = source.enqueue('slow')
    with source.worker() as worker:
        source.wait_for_file('begun')
        assert move(source, target, status=1)['processing'] == 1
        counted = move(source, target, '--wait', '--timeout', '50ms', status=4)
        assert (counted['moved'], counted['processing']) == (0, 1)
        mover = subprocess.Popen(
            [MILLHAND, 'move', *to(target), '--wait'],
            cwd=source.path,
            env=source.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        source.touch('go')
        assert 'moved 1 jobs' in mover.communicate(timeout=20)[0]
        assert mover.returncode == 0
        worker.stop()
    assert target.job(job_id)['status'] == 'completed'


def test_a_move_is_stopped_between_two_batches(make):
    source, target = make('sqlite'), make('sqlite')
    source.bulk([{'type': 'a', 'payload': {}}] * 3000)
    mover = subprocess.Popen(
        [MILLHAND, 'move', *to(target)],
        cwd=source.path,
        env=source.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(target.jobs)
    mover.send_signal(signal.SIGINT)
    said = mover.communicate(timeout=20)
    assert mover.returncode == 1 and 'run it again' in said[1], said
    assert not target.jobs('--status', 'processing')
    counted = move(source, target)
    assert counted['repaired'] == 0
    assert len(target.jobs()) == 3000


def test_a_move_ends_in_time_however_much_there_is(make):
    source, target = make('sqlite'), make('sqlite')
    source.bulk([{'type': 'a', 'payload': {}}] * 3000)
    counted = move(source, target, '--wait', '--timeout', '1ms', status=4)
    assert counted['moved'] < 3000 and counted['repaired'] == 0
    assert not target.jobs('--status', 'processing')
    assert move(source, target)['moved'] == 3000 - counted['moved']


def test_what_is_no_way_to_move_is_refused(make, server):
    here, there = make('sqlite'), make('postgres')
    assert_refused(here.run('move'), 2, '--to')
    assert_refused(here.run('move', *to(here)), 2, 'same store')
    assert_refused(here.run('move', *to(there), '--timeout', '5s'), 2, '--wait')
    assert_refused(
        here.run('move', '--to', server.url(), '--to-schema', 'none'),
        1,
        'target',
        'millhand migrate',
    )
    assert_refused(here.run('--db', 'sqlite:none.db', 'move', *to(there)), 1, 'no store')
    assert_refused(here.run('move', *to(there), '--tenant', 'nobody'), 2, 'no such tenant')
