"""A short life of each kind of process under valgrind: no invalid access, nothing lost."""
import os
import shutil
import signal
import subprocess

import pytest
from conftest import MILLHAND, wait_until

VALGRIND = ['valgrind', '--quiet', '--error-exitcode=99', '--leak-check=full', '--track-fds=no',
            '--errors-for-leak-kinds=definite,indirect,possible', '--child-silent-after-fork=yes']

pytestmark = pytest.mark.skipif(
    'ASAN_OPTIONS' in os.environ or not shutil.which('valgrind'),
    reason='valgrind is not installed, or the sanitizers do its work')


def run(site, *args, stdin=''):
    done = subprocess.run([*VALGRIND, MILLHAND, *args], cwd=site.path, env=site.environment(),
                          input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_worker_that_drains(site):
    site.sh('good', 'echo 1\n')
    site.sh('bad', 'echo words >&2; exit 1\n')
    site.conf('bad', backoff_base='1ms')
    site.child('echo', "def run(request, job): send(id=request['id'], result=job['payload'])\n")
    site.bulk({'type': t, 'payload': {'n': 1}} for _ in range(5) for t in ('good', 'bad', 'echo'))
    run(site, 'worker', '--drain', '--concurrency', '3')
    assert {job['status'] for job in site.jobs('--type', 'echo')} == {'completed'}


def test_a_worker_that_is_stopped(site):
    site.sh('hold', 'echo >@DIR@/held; exec sleep 600\n')
    site.enqueue('hold')
    process = subprocess.Popen([*VALGRIND, MILLHAND, 'worker'], cwd=site.path, text=True,
                               env=site.environment({'SHUTDOWN_TIMEOUT_MS': 4000}),
                               stderr=subprocess.PIPE)
    try:
        wait_until(lambda: site.file('held').exists())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors


def test_commands(site):
    run(site, 'enqueue', '--bulk', '-', stdin='{"type":"good"}\n' * 100)
    run(site, 'jobs', 'list')
    run(site, 'stats')
    run(site, 'config')
