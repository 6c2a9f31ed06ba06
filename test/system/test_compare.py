"""`bench/compare/run`: that it measures a peer by turns with millhand, and says what it cannot."""
import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import MILLHAND, ROOT

RUN = ROOT / 'bench' / 'compare' / 'run'


def compare(*args, **env):
    command = [RUN, '--millhand', MILLHAND, '--rounds', '1', '--jobs', '50', '--beside', 'sqlite']
    return subprocess.run([*command, *args], check=False, capture_output=True, text=True,
                          timeout=60, env=os.environ | env)


@pytest.mark.skipif(not shutil.which('beanstalkd'), reason='beanstalkd is not installed')
@pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')
def test_a_peer_is_measured_beside_millhand():
    done = compare('--json', '--peers', 'beanstalkd', '--workloads', 'W1,W6,W8')
    assert done.returncode == 0, done.stderr
    bulk, held, start = map(json.loads, done.stdout.splitlines())
    assert bulk['ratio'] == pytest.approx(bulk['millhand'] / bulk['theirs'])
    assert start['ratio'] == pytest.approx(start['theirs'] / start['millhand'])  # less is better
    assert held['why'] and 'ratio' not in held
    for record in (bulk, start):
        assert record['peer'] == 'beanstalkd' and record['store'] == 'sqlite'
        assert record['min'] == record['max'] == record['ratio'] > 0


def test_what_is_not_there_is_said_and_skipped():
    done = compare('--peers', 'pgmq', '--workloads', 'W1')
    assert done.returncode == 0 and 'pgmq is skipped' in done.stderr and '--pgmq' in done.stderr
    refused = compare('--peers', 'nobody')
    assert refused.returncode == 2 and 'beanstalkd' in refused.stderr


def test_packages_of_python_that_cannot_be_had_are_said(tmp_path):
    done = compare('--peers', 'procrastinate', '--workloads', 'W1', HOME=str(tmp_path),
                   PIP_NO_INDEX='1', PIP_FIND_LINKS='')
    assert done.returncode == 0 and done.stdout == '', done.stderr
    assert 'procrastinate is skipped: its packages cannot be installed' in done.stderr


PEER = '''
import asyncio, contextlib

CHUNK = 7
jobs = asyncio.Queue()

class Queue:
    async def set_up(self): print('made')
    async def many(self, payloads):
        assert len(payloads) <= 500
        for payload in payloads: jobs.put_nowait(payload)
    async def one(self, payload): jobs.put_nowait(payload)

@contextlib.asynccontextmanager
async def opened(place):
    yield Queue()

@contextlib.asynccontextmanager
async def working(place, handler, at_once):
    async def work():
        while True: await handler((await jobs.get())['n'])
    workers = [asyncio.create_task(work()) for _ in range(at_once or 2)]
    yield
    for worker in workers: worker.cancel()
'''


def test_a_library_of_python_is_driven(tmp_path):
    (tmp_path / 'peer.py').write_text(PEER)
    command = [sys.executable, RUN.parent / 'python.py', tmp_path / 'peer.py', 'nowhere']
    keys = {'drain': {'rate'}, 'pickup': {'p50', 'p95', 'p99'}, 'flow': {'share'}}
    for verb, expected in keys.items():
        out = subprocess.run([*command, verb, '20'], check=True, capture_output=True, text=True,
                             timeout=30).stdout
        made, figures = out.splitlines()
        assert made == 'made' and set(json.loads(figures)) == expected
        assert all(value > 0 for value in json.loads(figures).values())
