"""The log: pino's shape, the words people search for, nothing secret."""
import json
import os
import pty
import re
import socket
import subprocess
import time

import pytest
from conftest import MILLHAND, wait_until

MARKER = 'TOP-SECRET-MARKER'


def test_every_line_has_the_shape_of_pino(site):
    site.sh('good', 'echo 1\n')
    before = time.time() * 1000 - 1
    site.enqueue('good')
    with site.worker('--drain', LOG_LEVEL='trace') as worker:
        assert worker.wait() == 0
    for line in worker.lines:
        assert list(line)[:4] == ['level', 'time', 'pid', 'hostname'], line
        assert line['level'] in (10, 20, 30, 40, 50, 60)
        assert before <= line['time'] <= time.time() * 1000
        assert line['pid'] == worker.pid and line['hostname'] == socket.gethostname()
        assert isinstance(line['msg'], str)


def test_the_life_of_a_job_is_told_in_the_contracts_words(site):
    site.sh('good', 'echo 1\n')
    job_id = site.enqueue('good', {}, '--correlation-id', 'order-9')
    with site.worker(WORKER_ID='mill-1') as worker:
        worker.wait_for('worker starting')
        worker.wait_for('store ready')
        claimed = worker.wait_for('job claimed', jobId=job_id)
        completed = worker.wait_for('job completed', jobId=job_id)
        worker.signal()
        worker.wait_for('shutdown signal received')
        worker.wait_for('shutdown complete')
        assert worker.wait() == 0
    for line in (claimed, completed):
        assert (line['correlationId'], line['workerId'], line['level']) == ('order-9', 'mill-1', 30)
    assert isinstance(completed['durationMs'], (int, float)) and completed['durationMs'] >= 0


def test_the_polling_messages_are_debug(site):
    site.sh('good', 'echo 1\n')
    with site.worker(LOG_LEVEL='debug') as worker:
        assert worker.wait_for('polling for jobs')['level'] == 20
        assert worker.wait_for('no pending jobs')['level'] == 20


def test_a_failing_job_is_told_in_the_contracts_words(site):
    site.sh('bad', 'exit 1\n')
    site.conf('bad', backoff_base='20ms')
    job_id = site.enqueue('bad', {}, '--max-attempts', 2)
    with site.worker() as worker:
        worker.wait_for('job moved to dead letter', jobId=job_id)
        assert len(worker.logged('job failed', jobId=job_id)) == 2
        assert len(worker.logged('job will retry', jobId=job_id)) == 1


def test_every_line_about_a_job_has_its_correlation_id(site):
    site.sh('bad', 'echo words >&2; exit 1\n')
    site.conf('bad', backoff_base='20ms')
    site.enqueue('bad', {}, '--correlation-id', 'order-9')
    with site.worker(LOG_LEVEL='trace') as worker:
        worker.wait_for('job moved to dead letter')
        worker.stop()
    lines = [line for line in worker.lines if 'jobId' in line]
    assert len(lines) > 6 and all(line['correlationId'] == 'order-9' for line in lines)


def test_the_correlation_id_is_the_job_id_where_none_was_given(site):
    site.sh('good', 'echo 1\n')
    job_id = site.enqueue('good')
    with site.worker() as worker:
        assert worker.wait_for('job claimed')['correlationId'] == job_id


def test_the_worker_id_is_host_pid_and_start(site):
    site.sh('good', 'echo 1\n')
    with site.worker('--drain') as worker:
        worker.wait()
    match = re.fullmatch(rf'(.+)-{worker.pid}-(\d+)', worker.lines[0]['workerId'])
    assert match and match.group(1) == socket.gethostname()
    assert abs(int(match.group(2)) / 1000 - worker.started) < 5


@pytest.mark.parametrize('level', ['info', 'warn'])
def test_no_payload_and_no_result_is_logged(site, level):
    site.sh('say', 'cat\n')
    site.child('echo', "def run(request, job): send(id=request['id'], result=job['payload'])\n")
    site.sh('bad', 'cat >/dev/null; exit 1\n')
    ids = [site.enqueue(job_type, {'key': MARKER}, '--max-attempts', 1)
           for job_type in ('say', 'echo', 'bad', 'say')]
    with site.worker(LOG_LEVEL=level, MILLHAND_JWT_SECRET=MARKER * 3,
                     ANTHROPIC_API_KEY=MARKER) as worker:
        for job_id in ids:
            site.ended(job_id)
        worker.stop()
    assert MARKER not in json.dumps(worker.lines)


@pytest.mark.parametrize('payload', [f'{{"{MARKER}":', f'{{"{MARKER}":1,"{MARKER}":2}}',
                                     f'["{MARKER}"]'])
def test_no_payload_is_part_of_an_error(site, payload):
    done = site.run('enqueue', 'greet', payload)
    assert done.returncode == 2 and MARKER not in done.stderr


def test_no_key_is_logged_at_any_level(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    with site.worker('--drain', LOG_LEVEL='trace', MILLHAND_JWT_SECRET=MARKER * 3,
                     ANTHROPIC_API_KEY=MARKER) as worker:
        worker.wait()
    assert MARKER not in json.dumps(worker.lines)


def test_the_level_is_obeyed(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    with site.worker('--drain', LOG_LEVEL='error') as worker:
        assert worker.wait() == 0
    assert worker.lines == []


def test_queue_statistics_come_at_their_interval(site):
    site.sh('good', 'echo 1\n')
    site.bulk([{'type': 'stranger'}] * 3)
    with site.worker(MONITOR_INTERVAL_MS=200) as worker:
        line = worker.wait_for('queue statistics', count=3)
    assert 3 in line.values(), line


def test_the_log_is_pretty_for_people_when_asked(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    done = site.run('worker', '--drain', env={'LOG_FORMAT': 'pretty'})
    assert 'job completed' in done.stderr and '{"level"' not in done.stderr


def run_on_terminal(site, **env):
    """What a worker prints on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([MILLHAND, 'worker', '--drain'], cwd=site.path, stderr=theirs,
                               stdin=theirs, stdout=theirs,
                               env=site.environment({'LOG_FORMAT': 'auto', **env}))
    os.close(theirs)
    text = b''
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:
        pass  # how a terminal says that the other side has closed
    os.close(ours)
    assert process.wait(10) == 0
    return text.decode()


def test_on_a_terminal_the_log_is_pretty(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    text = run_on_terminal(site)
    assert 'job completed' in text and '{"level"' not in text


def test_in_production_it_is_json_on_a_terminal_too(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    assert '{"level"' in run_on_terminal(site, MILLHAND_ENV='production')


def test_what_a_job_is_called_cannot_colour_a_terminal(site):
    site.sh('good', 'printf "\\033[31mred\\033[0m" >&2; exit 65\n')
    site.enqueue('good')
    done = site.run('worker', '--drain', env={'LOG_FORMAT': 'pretty'})
    assert '\x1b' not in done.stderr


def test_a_log_that_nobody_reads_any_more_does_not_end_the_worker(site):
    site.sh('good', 'echo 1\n')
    process = subprocess.Popen([MILLHAND, 'worker'], cwd=site.path, env=site.environment(),
                               stderr=subprocess.PIPE)
    process.stderr.readline()
    process.stderr.close()
    try:
        job_id = site.enqueue('good')
        wait_until(lambda: site.job(job_id)['status'] == 'completed')
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
