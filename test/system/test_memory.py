"""Out of memory at any allocation: one line, an exit status, and nothing lost.

Each allocation of a command fails in turn (test/lib/fail_alloc.c is preloaded). To keep the suite
quick a run takes every STRIDE-th, beginning where the day says, so that in STRIDE days all are
tried; MILLHAND_TEST_STRIDE=1 tries all at once.
"""
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import MILLHAND, ROOT

pytestmark = pytest.mark.together

STRIDE = int(os.environ.get('MILLHAND_TEST_STRIDE', '61'))
FIRST = int(time.time() // 86400) % STRIDE + 1
KILLED = 20  # seconds after which a command hangs


@pytest.fixture(scope='module')
def preload(tmp_path_factory):
    if 'sanitize' in MILLHAND:
        pytest.skip('the sanitizers have an allocator of their own')
    library = tmp_path_factory.mktemp('preload') / 'fail_alloc.so'
    source = ROOT / 'test' / 'lib' / 'fail_alloc.c'
    subprocess.run(['cc', '-shared', '-fPIC', '-O1', '-o', library, source], check=True)
    return library


def run(site, preload, number, *args, **env):
    """Runs a command whose allocation `number` fails, none where that is 0."""
    more = {'LD_PRELOAD': preload, 'FAIL_ALLOC': number, **env}
    return subprocess.run(
        [MILLHAND, *args],
        cwd=site.path,
        env=site.environment(more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=KILLED,
    )


def allocations(site, preload, *args):
    counted = site.path / 'counted'
    assert run(site, preload, 0, *args, FAIL_ALLOC_COUNT=counted).returncode == 0
    return int(counted.read_text())


def each_in_turn(site, preload, check, *args, **env):
    total = allocations(site, preload, *args)
    numbers = range(FIRST, total + 1, STRIDE)
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda number: run(site, preload, number, *args, **env), numbers)
        for number, done in zip(numbers, runs):
            check(f'{args}, allocation {number} of {total}', done)


def assert_said(what, done):
    assert done.returncode in (0, 1, 2), f'{what}: ended with {done.returncode}: {done.stderr}'
    if done.returncode == 0:
        assert done.stderr == '', what
    else:
        assert done.stderr.count('\n') == 1, f'{what}: {done.stderr}'


@pytest.mark.parametrize(
    'command',
    [['jobs', 'list', '--json'], ['stats'], ['type', 'list'], ['jobs', 'list', '--type', 'good']],
    ids=lambda words: ' '.join(words),
)
@pytest.mark.parametrize('then', ['one fails', 'all fail from there on'])
def test_a_command_says_so(site, preload, command, then):
    site.enqueue('good', {'n': 1})
    env = {} if then == 'one fails' else {'FAIL_ALLOC_ON': 1}
    each_in_turn(site, preload, assert_said, *command, **env)


def test_a_dispatch_is_whole_or_refused(site, preload):
    ids = {site.enqueue('good', {'n': 1})}

    def check(what, done):
        assert_said(what, done)
        if done.returncode == 0:
            ids.add(done.stdout.strip())

    each_in_turn(site, preload, check, 'enqueue', 'good', '{"n": 1}')
    jobs = site.jobs()
    assert ids - {''} <= {job['id'] for job in jobs}
    assert all(job['payload'] == {'n': 1} for job in jobs)


def test_a_worker_loses_no_job_and_keeps_results_as_they_are(site, preload):
    """An allocation that fails may cost an attempt, never the job."""
    site.sh('good', 'echo \'{"answer": [1, 2]}\'\n')
    site.enqueue('good')
    site.env['MAX_CONCURRENT_JOBS'] = '1'
    total = allocations(site, preload, 'worker', '--drain')
    for number in range(FIRST, total + 1, STRIDE):
        job_id = site.enqueue('good', {'number': number})
        what = f'allocation {number} of {total}'
        done = run(site, preload, number, 'worker', '--drain')
        assert done.returncode in (0, 1), f'{what}: {done.returncode}: {done.stderr[-600:]}'
        assert_line_is_json(what, done.stderr)
        job = site.job(job_id)
        if job['status'] != 'completed':
            assert job['status'] == 'pending', f'{what}: {job}'
            site.ok('jobs', 'cancel', job_id)
        else:
            assert job['result'] == {'answer': [1, 2]}, f'{what}: {job}'


def assert_line_is_json(what, text):
    for line in text.splitlines():
        if not line.startswith('millhand: '):
            assert json.loads(line), what
