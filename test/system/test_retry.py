"""Retries, backoff and the dead letter."""
import time

import pytest
from conftest import assert_refused, wait_until
from test_enqueue import when


def failing(site, **settings):
    site.sh('bad', 'date +%s.%N >>@DIR@/starts; exit 1\n')
    if settings:
        site.conf('bad', **settings)


def test_backoff_doubles_from_one_second_with_a_jitter_below_a_quarter(site):
    failing(site)
    job_id = site.enqueue('bad')
    with site.worker():
        waits = []
        for attempt in (1, 2):
            job = wait_until(lambda n=attempt: len(site.job(job_id)['history']) == n
                             and site.job(job_id))
            assert job['status'] == 'pending' and job['next_retry_at'] == job['run_at']
            waits.append(when(job['run_at']) - when(job['history'][-1]['ended_at']))
        job = site.ended(job_id)
    assert 0.98 <= waits[0] <= 1.3 and 1.98 <= waits[1] <= 2.55, waits
    assert job['status'] == 'failed' and job['next_retry_at'] is None


def test_an_attempt_never_begins_before_its_time(site):
    failing(site, backoff_base='300ms')
    with site.worker():
        site.ended(site.enqueue('bad'))
    starts = [float(line) for line in site.wait_for_file('starts', 3)]
    assert 0.29 <= starts[1] - starts[0] < 1.5
    assert 0.59 <= starts[2] - starts[1] < 2.0


def test_backoff_cap_limits_the_wait(site):
    failing(site, backoff_base='100ms', backoff_cap='100ms')
    began = time.monotonic()
    with site.worker():
        assert site.ended(site.enqueue('bad', {}, '--max-attempts', 6))['attempts'] == 6
    assert time.monotonic() - began < 5


def test_a_waiting_retry_holds_no_slot(site):
    failing(site, backoff_base='1h')
    site.sh('good', 'echo 1\n')
    bad = site.enqueue('bad')
    with site.worker():
        wait_until(lambda: site.job(bad)['history'])
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
    assert site.job(bad)['status'] == 'pending'


def test_the_dead_letter_is_listed(site):
    failing(site)
    job_id = site.enqueue('bad', {}, '--max-attempts', 1)
    with site.worker() as worker:
        site.ended(job_id)
        worker.wait_for('job moved to dead letter', jobId=job_id)
    assert [job['id'] for job in site.jobs('--status', 'failed')] == [job_id]


def test_a_failed_job_is_retried_by_hand_from_attempt_one(site):
    site.sh('fixed', '[ -e @DIR@/fixed ]\n')
    job_id = site.enqueue('fixed', {}, '--max-attempts', 1)
    with site.worker():
        assert site.ended(job_id)['status'] == 'failed'
        site.touch('fixed')
        site.ok('jobs', 'retry', job_id)
        job = site.ended(job_id)
    assert (job['status'], job['attempts']) == ('completed', 1)


def test_a_retry_is_refused_while_the_unique_key_is_taken(site):
    failing(site)
    job_id = site.enqueue('bad', {}, '--max-attempts', 1, '--unique', 'k')
    with site.worker():
        site.ended(job_id)
    site.enqueue('bad', {}, '--unique', 'k', '--delay', '1h')
    assert_refused(site.run('jobs', 'retry', job_id), 1, 'unique key')
    assert site.job(job_id)['status'] == 'failed'


def test_max_attempts_in_the_settings_limits_a_type(site):
    failing(site, max_attempts=2, backoff_base='20ms')
    with site.worker():
        assert site.ended(site.enqueue('bad', {}, '--max-attempts', 5))['attempts'] == 2


@pytest.mark.parametrize('status', ['pending', 'completed'])
def test_only_failed_and_cancelled_jobs_are_retried(site, status):
    site.sh('good', 'echo 1\n')
    job_id = site.enqueue('good')
    if status == 'completed':
        with site.worker():
            site.ended(job_id)
    assert_refused(site.run('jobs', 'retry', job_id), 1, status)
