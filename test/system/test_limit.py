"""Limits and flow: how many run at once under many workers, what is kept and for how long."""
import collections
import contextlib
import os
import sqlite3

import pytest
from conftest import assert_refused, wait_until

WORKERS = 8
LIMITS = {  # and how many run at once, of all tenants and keys, at the least
    'three': (['--max', '3'], 3),
    'fair': (['--per-tenant', '1'], 2),
    'index': (['--per-key', 'project'], 2),
}

# A line when a job begins and one when it ends: what is appended to one file keeps its order. The
# first do not end before as many have begun as may run at once.
NOTE = '''payload=$(cat)
run="$MILLHAND_JOB_ID-$MILLHAND_JOB_ATTEMPT"
note() { echo "$1 $MILLHAND_TYPE $MILLHAND_TENANT_ID $run $payload" >>@DIR@/runs; }
note begin
while [ "$(grep -c "^begin $MILLHAND_TYPE " @DIR@/runs)" -lt LEAST ]; do sleep 0.02; done
sleep 0.05; note end
'''


@pytest.fixture(name='server')
def use_server(shared_server):
    return shared_server


@pytest.fixture(name='store', params=['sqlite', 'postgres'])
def make_store(site, request):
    if request.param == 'postgres':
        site.env['DATABASE_URL'] = request.getfixturevalue('server').url()
        site.env['MILLHAND_SCHEMA'] = 'limits_' + os.urandom(6).hex()
    site.ok('migrate')
    return site


def greatest(runs, what):
    """For each value of what(run): how many of them ran at once, at most."""
    now, most = collections.Counter(), collections.Counter()
    for event, *run in runs:
        now[what(run)] += 1 if event == 'begin' else -1
        most[what(run)] = max(most[what(run)], now[what(run)])
    return most


def dispatch(site):
    tenants = [site.json('tenant', 'add', name)[0]['id'] for name in 'abcd']
    site.bulk([{'type': 'three'}] * 24)
    site.bulk([{'type': 'index', 'payload': {'project': n % 6}} for n in range(24)])
    for tenant in tenants:
        lines = '{"type":"fair"}\n' * 5
        site.ok('enqueue', '--tenant', tenant, '--bulk', '-', stdin=lines)


def test_eight_workers_keep_to_the_limits(store):
    for job_type, (options, least) in LIMITS.items():
        store.sh(job_type, NOTE.replace('LEAST', str(least)))
        store.ok('type', 'limit', job_type, *options)
    dispatch(store)
    with contextlib.ExitStack() as stack:

        def start(lease_ms):
            args = ('--drain', '--concurrency', 3)
            return stack.enter_context(store.worker(*args, LEASE_MS=lease_ms))

        victim = start(1500)
        victim.wait_for('job claimed')
        others = [start(5000) for _ in range(WORKERS - 1)]
        store.wait_for_file('runs', 10)
        victim.signal(9)
        # A worker that drains waits for what the limits hold back.
        assert [worker.wait(40) for worker in others] == [0] * len(others)
    assert store.json('stats')[0]['completed_count'] == 68

    runs = [line.split(' ', 4) for line in store.file('runs').read_text().splitlines()]
    ended = {run[3] for run in runs if run[0] == 'end'}  # others died with the victim
    runs = [run for run in runs if run[3] in ended]
    assert greatest(runs, lambda run: run[0])['three'] == 3
    fair = [run for run in runs if run[1] == 'fair']
    assert set(greatest(fair, lambda run: run[1]).values()) == {1}
    assert max(greatest(fair, lambda run: run[0]).values()) > 1
    index = [run for run in runs if run[1] == 'index']
    assert set(greatest(index, lambda run: run[3]).values()) == {1}
    assert max(greatest(index, lambda run: run[0]).values()) > 1


def test_limits_are_listed_and_taken_away(site):
    site.ok('type', 'limit', 'mail', '--max', 5, '--per-tenant', 2, '--per-key', 'project=3')
    row = site.json('type', 'list')[0]
    assert row['limits'] == {'max': 5, 'per_tenant': 2, 'per_key': 3, 'key': 'project'}
    assert '5, 2 per tenant, 3 per project' in site.ok('type', 'list')
    site.ok('type', 'limit', 'mail', '--max', 'none', '--per-key', 'none')
    row = site.json('type', 'list')[0]
    assert row['limits'] == {'max': None, 'per_tenant': 2, 'per_key': None, 'key': None}


@pytest.mark.parametrize(
    'options, words',
    [
        ([], '--max'),
        (['--max', 'many'], '--max must be'),
        (['--max', '1000001'], '1000000'),
        (['--per-tenant', '-1'], '--per-tenant must be'),
        (['--per-key', '=1'], '--per-key must name'),
        (['--per-key', 'project=x'], '--per-key must be'),
    ],
)
def test_wrong_limits_are_refused(site, options, words):
    assert_refused(site.run('type', 'limit', 'mail', *options), 2, words)
    assert site.json('type', 'list') == []


# --- what is kept, on both stores


def make_older(store, server, days):
    """As if all that has ended had done so long before."""
    if server is None:
        with contextlib.closing(sqlite3.connect(store.path / 'jobs.db')) as db, db:
            for table in ('job', 'span'):
                db.execute(
                    f'UPDATE {table} SET completed_at = completed_at - ? '
                    'WHERE completed_at IS NOT NULL',
                    (days * 86400000,),
                )
    else:
        server.sql(
            f"UPDATE {store.env['MILLHAND_SCHEMA']}.done "
            f"SET completed_at = completed_at - interval '{days} days'"
        )


def test_the_history_keeps_the_tail_of_each_log(store):
    store.sh('loud', 'seq 20000 >&2; echo "attempt $MILLHAND_ATTEMPT" >&2; exit 1\n')
    store.conf('loud', backoff_base='1ms', backoff_cap='1ms')
    job_id = store.enqueue('loud', {}, '--max-attempts', 2)
    with store.worker('--types', 'loud'):
        history = store.ended(job_id)['history']
    assert [row['number'] for row in history] == [1, 2]
    assert [row['outcome'] for row in history] == ['failed', 'failed']
    for row in history:
        assert 65000 < len(row['log']) <= 65536
        assert row['log'].endswith(f'\n20000\nattempt {row["number"]}\n')


def test_what_ended_is_kept_for_its_days(store, request):
    server = request.getfixturevalue('server') if 'MILLHAND_SCHEMA' in store.env else None
    store.sh('good', 'exit 0\n')
    store.sh('bad', 'exit 65\n')
    ids = {name: store.enqueue(name) for name in ('good', 'bad')}
    ids['cancelled'] = store.enqueue('later', {}, '--delay', '1h')
    store.ok('jobs', 'cancel', ids['cancelled'])
    with store.worker('--types', 'good,bad', '--drain') as worker:
        worker.wait()
    make_older(store, server, 3)

    def left():
        return {
            name
            for name, job_id in ids.items()
            if store.run('jobs', 'show', job_id).returncode == 0
        }

    with store.worker(RETENTION_DAYS=2, FAILED_RETENTION_DAYS=4):
        wait_until(lambda: left() == {'bad'})
    make_older(store, server, 3)
    with store.worker(RETENTION_DAYS=0, FAILED_RETENTION_DAYS=4):
        wait_until(lambda: left() == set())
