"""`bench/compare/run`: that it measures a peer by turns with millhand, and says what it cannot."""
import json
import shutil
import subprocess

import pytest
from conftest import MILLHAND, ROOT

RUN = ROOT / 'bench' / 'compare' / 'run'


def compare(*args):
    command = [RUN, '--millhand', MILLHAND, '--rounds', '1', '--jobs', '50', '--beside', 'sqlite']
    return subprocess.run([*command, *args], check=False, capture_output=True, text=True,
                          timeout=60)


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
