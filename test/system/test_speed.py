"""What idle costs and how quickly work begins. Bounds are generous: the machine may be busy."""
import os
import statistics
import time

import pytest
from test_enqueue import when

pytestmark = pytest.mark.alone


def memory_kib(pid, file, name):
    with open(f'/proc/{pid}/{file}', encoding='ascii') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


def busy_ns(pid):
    """Processor time of all threads."""
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/schedstat', encoding='ascii') as file:
            total += int(file.read().split()[0])
    return total


@pytest.fixture
def idle(site):
    """A worker that has run a job and has nothing to do."""
    site.sh('good', 'echo 1\n')
    with site.worker() as worker:
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
        yield worker


def test_an_idle_worker_is_woken_by_another_process(site, idle):
    waits = []
    for _ in range(20):
        job = site.ended(site.enqueue('good'))
        waits.append((when(job['started_at']) - when(job['created_at'])) * 1000)
    print('ms from dispatch to claim:', sorted(round(wait) for wait in waits))
    assert statistics.median(waits) < 50, waits


def test_an_idle_worker_needs_less_than_10_mb(idle):
    rss = memory_kib(idle.pid, 'status', 'VmRSS')
    print('VmRSS', rss, 'KiB, Pss', memory_kib(idle.pid, 'smaps_rollup', 'Pss'), 'KiB')
    assert rss < 10 * 1000


def test_an_idle_worker_uses_no_processor_time(idle):
    time.sleep(0.5)  # the last job's clean-up is not idleness
    before = busy_ns(idle.pid)
    time.sleep(3)    # the span that is measured
    used = (busy_ns(idle.pid) - before) / 1e6
    print(f'{used:.2f} ms in 3 s')
    assert used < 15


def test_memory_does_not_grow_with_the_number_of_jobs(site, idle):
    def run(count):
        ids = site.bulk({'type': 'good'} for _ in range(count))
        site.ended(ids[-1], timeout='60s')
        return memory_kib(idle.pid, 'status', 'VmRSS')
    before = run(200)
    assert run(600) < before + 1000


def test_the_first_job_is_claimed_within_50_ms_of_the_start(site):
    site.sh('good', 'echo 1\n')
    waits = []
    for _ in range(5):
        site.enqueue('good')
        with site.worker('--drain') as worker:
            claimed = worker.wait_for('job claimed')
            worker.wait()
        waits.append(claimed['time'] - worker.started * 1000)
    print('ms from start to first claim:', [round(wait, 1) for wait in waits])
    assert min(waits) < 50, waits


def test_a_large_bulk_is_dispatched_in_seconds(site):
    began = time.monotonic()
    site.bulk({'type': 'good'} for _ in range(20000))
    took = time.monotonic() - began
    print(f'20,000 jobs in {took:.2f} s')
    assert took < 10
