"""Stopping: nothing lost, nothing repeated, never later than SHUTDOWN_TIMEOUT_MS."""
import random
import signal
import sqlite3
import time

import pytest
from conftest import alive, wait_until

pytestmark = pytest.mark.sanitized

GATE = 'echo $$ >>@DIR@/held; while [ ! -e @DIR@/go ]; do sleep 0.02; done; echo 1\n'
ECHO = """
def run(request, job):
    open('@DIR@/ran', 'a').write(job['id'] + '\\n')
    send(id=request['id'], result=1)
"""


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_at_once(site, number):
    site.sh('good', 'echo 1\n')
    with site.worker(LOG_LEVEL='debug') as worker:
        worker.wait_for('no pending jobs')
        began = time.monotonic()
        assert worker.stop(number) == 0
        assert time.monotonic() - began < 1
        assert worker.logged('shutdown signal received') and worker.logged('shutdown complete')


def test_a_worker_that_is_just_starting_stops(site):
    site.sh('good', 'echo 1\n')
    with site.worker() as worker:
        worker.wait_for('worker starting')
        assert worker.stop(timeout=5) == 0


def test_a_running_job_is_finished_first(site):
    site.sh('hold', GATE)
    job_id = site.enqueue('hold')
    with site.worker() as worker:
        site.wait_for_file('held')
        worker.signal()
        worker.wait_for('shutdown signal received')
        site.touch('go')
        assert worker.wait() == 0
    job = site.job(job_id)
    assert (job['status'], job['result'], job['attempts']) == ('completed', 1, 1)


def test_nothing_is_claimed_after_the_signal(site):
    site.sh('hold', GATE)
    first = site.enqueue('hold')
    with site.worker('--concurrency', 2) as worker:
        site.wait_for_file('held')
        worker.signal()
        worker.wait_for('shutdown signal received')
        second = site.enqueue('hold')
        site.touch('go')
        assert worker.wait() == 0
    assert site.job(first)['status'] == 'completed'
    job = site.job(second)
    assert (job['status'], job['attempts']) == ('pending', 0)


def test_jobs_claimed_and_not_started_are_handed_back_at_once(site):
    site.sh('quick', '[ -e @DIR@/slow ] || exit 0\n' + GATE)
    site.bulk({'type': 'quick'} for _ in range(300))
    with site.worker() as worker:
        worker.wait_for('job completed', count=100)
        site.touch('slow')
        site.wait_for_file('held')
        worker.signal()
        worker.wait_for('shutdown signal received')
        wait_until(lambda: len(site.jobs('--status', 'processing')) == 1)
        assert all(job['attempts'] == 0 for job in site.jobs('--status', 'pending'))
        site.touch('go')
        assert worker.wait() == 0
    assert not site.jobs('--status', 'processing')


@pytest.mark.parametrize('seed', range(4))
def test_a_stop_at_any_moment_loses_and_repeats_nothing(site, seed):
    site.sh('note', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran\n')
    site.child('echo', ECHO, concurrency=4)
    ids = site.bulk({'type': t} for _ in range(60) for t in ('note', 'echo'))
    moments = random.Random(seed)
    for _ in range(4):
        with site.worker('--concurrency', 4) as worker:
            worker.wait_for('job completed', count=moments.randint(1, 20))
            assert worker.stop() == 0
        assert not site.jobs('--status', 'processing')
        assert all(job['attempts'] == 0 for job in site.jobs('--status', 'pending'))
    with site.worker('--drain', '--concurrency', 4) as worker:
        assert worker.wait() == 0
    assert sorted(site.wait_for_file('ran')) == sorted(ids)
    assert {(job['status'], job['attempts']) for job in site.jobs()} == {('completed', 1)}


def test_a_stop_while_it_starts_loses_and_repeats_nothing(site):
    site.sh('note', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran\n')
    ids = site.bulk({'type': 'note'} for _ in range(30))
    moments = random.Random(1)
    for _ in range(15):
        with site.worker('--concurrency', 2) as worker:
            time.sleep(moments.random() * 0.04)  # the random moment of the signal
            # Before main() has come to its first line the signal ends any process.
            assert worker.stop() == 0 or not worker.lines
        assert not site.jobs('--status', 'processing')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert sorted(site.wait_for_file('ran')) == sorted(ids)
    assert {(job['status'], job['attempts']) for job in site.jobs()} == {('completed', 1)}


def test_a_job_that_takes_too_long_is_ended_and_handed_back_uncounted(site):
    site.sh('long', 'echo $$ >@DIR@/held; exec sleep 600\n')
    job_id = site.enqueue('long')
    with site.worker(SHUTDOWN_TIMEOUT_MS=1500) as worker:
        pid = site.wait_for_file('held')[0]
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 1.9
    assert not alive(pid)
    job = site.job(job_id)
    assert (job['status'], job['attempts'], job['history']) == ('pending', 0, [])


def test_a_handler_that_ignores_term_does_not_hold_up_the_stop(site):
    site.sh('stubborn', 'trap "" TERM; echo $$ >>@DIR@/held; while :; do sleep 0.1; done\n')
    site.child('deaf', '''
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def run(request, job):
    open('@DIR@/held', 'a').write(f'{os.getpid()}\\n')
    time.sleep(600)
''')
    ids = [site.enqueue('stubborn'), site.enqueue('deaf')]
    with site.worker('--concurrency', 2, SHUTDOWN_TIMEOUT_MS=2000) as worker:
        pids = site.wait_for_file('held', 2)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 2.4
    assert not any(alive(pid) for pid in pids)
    for job_id in ids:
        job = site.job(job_id)
        assert (job['status'], job['attempts']) == ('pending', 0)


def test_a_second_signal_ends_at_once(site):
    site.sh('long', 'trap "" TERM; echo $$ >@DIR@/held; while :; do sleep 0.1; done\n')
    job_id = site.enqueue('long')
    with site.worker() as worker:
        pid = site.wait_for_file('held')[0]
        worker.signal()
        worker.wait_for('shutdown signal received')
        began = time.monotonic()
        worker.signal()
        worker.wait(5)
        assert time.monotonic() - began < 1
    wait_until(lambda: not alive(pid))
    assert site.job(job_id)['status'] in ('pending', 'processing')


def test_a_job_waiting_for_its_retry_does_not_hold_up_the_stop(site):
    site.sh('bad', 'exit 1\n')
    site.conf('bad', backoff_base='1h')
    site.enqueue('bad')
    with site.worker() as worker:
        worker.wait_for('job will retry')
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 1


def test_a_second_worker_goes_on_where_the_first_stopped(site):
    site.sh('long', '[ -e @DIR@/held ] && { echo "$MILLHAND_ATTEMPT"; exit; }\n'
            'echo >@DIR@/held; exec sleep 600\n')
    job_id = site.enqueue('long')
    with site.worker(SHUTDOWN_TIMEOUT_MS=500) as first:
        site.wait_for_file('held')
        with site.worker() as second:
            second.wait_for('store ready')
            assert first.stop() == 0
            job = site.ended(job_id)
    assert (job['status'], job['result'], job['attempts']) == ('completed', 1, 1)


def test_no_process_is_left_behind(site):
    site.sh('family', 'sleep 600 & echo $! >>@DIR@/pids; echo $$ >>@DIR@/pids; wait\n')
    site.enqueue('family')
    with site.worker(SHUTDOWN_TIMEOUT_MS=500) as worker:
        pids = site.wait_for_file('pids', 2)
        assert worker.stop() == 0
    assert not any(alive(pid) for pid in pids)


def test_a_locked_store_does_not_outlast_the_time_allowed(site):
    site.sh('good', 'echo 1\n')
    site.ok('migrate')
    with site.worker(SHUTDOWN_TIMEOUT_MS=1000, LOG_LEVEL='debug') as worker:
        worker.wait_for('no pending jobs')
        blocker = sqlite3.connect(site.file('jobs.db'), isolation_level=None)
        blocker.execute('BEGIN IMMEDIATE')
        began = time.monotonic()
        worker.stop(timeout=20)
        assert time.monotonic() - began < 3
        blocker.close()


def test_a_child_that_ignores_term_does_not_make_a_finished_stop_unclean(site):
    site.child('deaf', 'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
               "def run(request, job):\n    send(id=request['id'], result=1)\n")
    with site.worker(SHUTDOWN_TIMEOUT_MS=400) as worker:
        assert site.ended(site.enqueue('deaf'))['status'] == 'completed'
        assert worker.stop() == 0
