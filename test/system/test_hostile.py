"""One-shot handlers that misbehave: each may harm its own job and nothing else."""
import json
import os
import signal
import time

import pytest
from conftest import alive, wait_until

pytestmark = pytest.mark.sanitized

MIB = 1024 * 1024


def rss_kib(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))


@pytest.fixture
def good(site):
    """Asserts, after the test, that the worker still runs jobs."""
    site.sh('good', 'echo 1\n')

    def check(worker):
        job = site.ended(site.enqueue('good'))
        assert job['status'] == 'completed'
        assert worker.stop() == 0
    return check


def ended_badly(site, good, job_type, payload=None, **env):
    """Runs one such job to its end, checks the worker, returns the record."""
    job_id = site.enqueue(job_type, payload, '--max-attempts', 1)
    with site.worker(**env) as worker:
        job = site.ended(job_id)
        good(worker)
    return job


# --- cannot be run

def test_a_missing_interpreter_is_said(site, good):
    site.write('odd', '#!/no/such/interpreter\n')
    job = ended_badly(site, good, 'odd')
    assert job['status'] == 'failed' and 'unable to run' in job['error']


def test_a_lost_run_bit_is_said(site, good):
    path = site.sh('odd', 'echo 1\n')
    with site.worker() as worker:
        assert site.ended(site.enqueue('odd'))['status'] == 'completed'
        path.chmod(0o644)
        job = site.ended(site.enqueue('odd', {}, '--max-attempts', 1))
        good(worker)
    assert job['status'] == 'failed' and 'ermission denied' in job['error']


def test_a_handler_that_is_gone_is_said(site, good):
    path = site.sh('odd', 'echo 1\n')
    with site.worker() as worker:
        assert site.ended(site.enqueue('odd'))['status'] == 'completed'
        path.unlink()
        job = site.ended(site.enqueue('odd', {}, '--max-attempts', 1))
        good(worker)
    assert job['status'] == 'failed' and 'unable to run' in job['error']


def test_a_command_that_does_not_exist_is_said(site, good):
    site.conf('odd', command='/no/such/program --now')
    job = ended_badly(site, good, 'odd')
    assert job['status'] == 'failed' and '/no/such/program' in job['error']


# --- input

def big_payload(site):
    path = site.file('big.json')
    path.write_text(json.dumps({'text': 'x' * (MIB - 20)}))
    return f'@{path}'


def test_a_mebibyte_that_is_never_read_blocks_nothing(site, good):
    site.sh('deaf', 'echo 1\n')
    assert ended_badly(site, good, 'deaf', big_payload(site))['status'] == 'completed'


def test_a_mebibyte_that_is_read_arrives(site, good):
    site.sh('reads', 'wc -c\n')
    assert ended_badly(site, good, 'reads', big_payload(site))['result'] == MIB - 20 + 12


def test_input_closed_early_is_no_failure(site, good):
    site.sh('closes', 'exec 0<&-; sleep 0.1; echo 1\n')
    assert ended_badly(site, good, 'closes', big_payload(site))['status'] == 'completed'


def test_input_read_in_part_is_no_failure(site, good):
    site.sh('peeks', 'head -c 10 >/dev/null; echo 1\n')
    assert ended_badly(site, good, 'peeks', big_payload(site))['status'] == 'completed'


# --- output

def test_a_result_at_the_limit_is_kept(site, good):
    site.sh('big', f'head -c {MIB - 2} /dev/zero | tr "\\0" x | sed "s/.*/\\"&\\"/"\n')
    job = ended_badly(site, good, 'big')
    assert job['status'] == 'completed' and len(job['result']) == MIB - 2


def test_a_result_over_the_limit_fails_the_attempt(site, good):
    site.sh('big', 'head -c 5000 /dev/zero | tr "\\0" x\n')
    job = ended_badly(site, good, 'big', MAX_RESULT_BYTES=4096)
    assert job['status'] == 'failed' and job['result'] is None
    assert 'MAX_RESULT_BYTES' in job['error']


def test_a_text_that_outgrows_the_limit_as_a_json_string_fails_the_attempt(site, good):
    site.sh('big', 'head -c 3000 /dev/zero | tr "\\0" \'"\'\n')
    job = ended_badly(site, good, 'big', MAX_RESULT_BYTES=4096)
    assert job['status'] == 'failed' and job['result'] is None


def test_endless_output_is_ended_and_not_kept_in_memory(site, good):
    site.sh('endless', 'exec yes\n')
    job_id = site.enqueue('endless', {}, '--max-attempts', 1)
    with site.worker() as worker:
        began = time.monotonic()
        job = site.ended(job_id)
        assert time.monotonic() - began < 15
        if 'ASAN_OPTIONS' not in os.environ:
            assert rss_kib(worker.pid) < 40 * 1024
        good(worker)
    assert job['status'] == 'failed' and job['result'] is None


def test_an_endless_line_on_standard_error_is_cut(site, good):
    site.sh('loud', 'head -c 50000000 /dev/zero | tr "\\0" x >&2; echo 1\n')
    job_id = site.enqueue('loud')
    with site.worker() as worker:
        assert site.ended(job_id)['status'] == 'completed'
        if 'ASAN_OPTIONS' not in os.environ:
            assert rss_kib(worker.pid) < 40 * 1024
        good(worker)
    assert max(len(json.dumps(line)) for line in worker.lines) < 70000


def test_only_the_last_64_kib_of_standard_error_are_kept(site, good):
    site.sh('loud', 'seq 1 20000 >&2; echo "the end" >&2; exit 1\n')
    job = ended_badly(site, good, 'loud', LOG_LEVEL='error')
    log = job['history'][0]['log']
    assert 60000 < len(log) <= 65536
    assert log.rstrip('\n').endswith('19999\n20000\nthe end')


@pytest.mark.parametrize('stream', ['1', '2', '"$MILLHAND_EVENT_FD"'])
def test_bytes_that_are_not_utf8_harm_nothing(site, good, stream):
    site.write('odd', f'#!/bin/bash\nprintf \'a\\377\\376\\0b\\n\' >&{stream}; exit ${{1-0}}\n')
    job = ended_badly(site, good, 'odd')
    assert job['status'] in ('completed', 'failed')


def test_bytes_that_are_not_utf8_in_an_attempt_log_are_replaced(site, good):
    site.sh('odd', 'printf \'a\\377b\\n\' >&2; exit 1\n')
    assert ended_badly(site, good, 'odd')['history'][0]['log'].strip() in ('a\ufffdb', 'a?b')


def test_control_characters_do_not_break_the_log(site, good):
    site.sh('odd', 'printf \'\\033[31mred\\007\\n\' >&2; exit 1\n')
    assert ended_badly(site, good, 'odd')['status'] == 'failed'


@pytest.mark.parametrize('stream', ['1', '2', '"$MILLHAND_EVENT_FD"'])
def test_a_closed_stream_is_no_failure(site, good, stream):
    site.write('odd', f'#!/bin/bash\nexec {stream.strip(chr(34))}>&-\nsleep 0.05; exit 0\n'
               if stream != '"$MILLHAND_EVENT_FD"' else
               '#!/bin/bash\neval "exec $MILLHAND_EVENT_FD>&-"; sleep 0.05; exit 0\n')
    assert ended_badly(site, good, 'odd')['status'] == 'completed'


# --- time

def test_a_time_out_fails_the_attempt(site, good):
    site.sh('slow', 'exec sleep 600\n')
    site.conf('slow', timeout='200ms')
    job = ended_badly(site, good, 'slow')
    assert job['status'] == 'failed' and 'time' in job['error']


def test_a_time_out_is_retried(site, good):
    site.sh('slow', '[ "$MILLHAND_ATTEMPT" = 2 ] && exit 0; exec sleep 600\n')
    site.conf('slow', timeout='200ms', backoff_base='20ms')
    with site.worker() as worker:
        job = site.ended(site.enqueue('slow'))
        good(worker)
    assert (job['status'], job['attempts']) == ('completed', 2)


def test_a_handler_that_ignores_term_is_killed_five_seconds_later(site, good):
    site.sh('stubborn', 'trap "" TERM; echo $$ >@DIR@/pid; while :; do sleep 0.1; done\n')
    site.conf('stubborn', timeout='200ms')
    began = time.monotonic()
    job = ended_badly(site, good, 'stubborn')
    assert job['status'] == 'failed'
    assert 5 <= time.monotonic() - began < 12
    assert not alive(site.file('pid').read_text().strip())


def test_a_time_out_ends_the_whole_process_group(site, good):
    site.sh('family', 'sleep 600 & echo $! >@DIR@/pid; wait\n')
    site.conf('family', timeout='300ms')
    assert ended_badly(site, good, 'family')['status'] == 'failed'
    assert not alive(site.file('pid').read_text().strip())


# --- grandchildren

def test_a_grandchild_that_holds_the_output_open_does_not_hold_the_job(site, good):
    site.sh('parent', 'sleep 600 & echo 1\n')
    began = time.monotonic()
    assert ended_badly(site, good, 'parent')['result'] == 1
    assert time.monotonic() - began < 10


def test_a_grandchild_in_a_session_of_its_own_does_not_hold_the_job(site, good):
    site.sh('parent', 'setsid sh -c \'echo $$ >@DIR@/pid; exec sleep 600\' &\n'
            'while [ ! -s @DIR@/pid ]; do sleep 0.01; done; echo 1\n')
    began = time.monotonic()
    try:
        assert ended_badly(site, good, 'parent')['result'] == 1
        assert time.monotonic() - began < 15
    finally:
        os.kill(int(site.file('pid').read_text()), signal.SIGKILL)


def test_a_handler_that_stops_itself_is_timed_out(site, good):
    site.sh('stops', 'kill -STOP $$; echo 1\n')
    site.conf('stops', timeout='200ms')
    assert ended_badly(site, good, 'stops')['status'] == 'failed'


# --- cancel

def test_cancel_ends_the_running_handler(site, good):
    site.sh('slow', 'trap "echo term >@DIR@/term; exit 0" TERM; echo $$ >@DIR@/pid\n'
            'while :; do sleep 0.05; done\n')
    job_id = site.enqueue('slow')
    with site.worker() as worker:
        pid = site.wait_for_file('pid')[0]
        site.ok('jobs', 'cancel', job_id)
        assert site.job(job_id)['status'] == 'cancelled'
        wait_until(lambda: not alive(pid))
        worker.wait_for('job cancelled', jobId=job_id)
        good(worker)
    assert site.file('term').exists()
    assert site.job(job_id)['status'] == 'cancelled'


def test_cancel_kills_a_handler_that_ignores_term(site, good):
    site.sh('stubborn', 'trap "" TERM; echo $$ >@DIR@/pid; while :; do sleep 0.1; done\n')
    job_id = site.enqueue('stubborn')
    with site.worker() as worker:
        pid = site.wait_for_file('pid')[0]
        site.ok('jobs', 'cancel', job_id)
        began = time.monotonic()
        wait_until(lambda: not alive(pid))
        assert 4 < time.monotonic() - began < 10
        good(worker)


def test_a_cancelled_handler_cannot_complete_its_job(site, good):
    site.sh('slow', 'trap "" TERM; echo $$ >@DIR@/pid\n'
            'while [ ! -e @DIR@/go ]; do sleep 0.02; done; echo 1\n')
    job_id = site.enqueue('slow')
    with site.worker() as worker:
        pid = site.wait_for_file('pid')[0]
        site.ok('jobs', 'cancel', job_id)
        site.touch('go')
        wait_until(lambda: not alive(pid))
        good(worker)
    job = site.job(job_id)
    assert job['status'] == 'cancelled' and job['result'] is None


# --- all at once

def test_no_handler_harms_the_jobs_beside_it(site):
    site.sh('good', 'sleep 0.05; echo 1\n')
    site.sh('endless', 'exec yes\n')
    site.sh('dies', 'kill -KILL $$\n')
    site.sh('forks', 'for i in 1 2 3 4 5; do sleep 600 & done; exit 1\n')
    site.sh('deaf', 'exec sleep 600\n')
    site.conf('deaf', timeout='300ms')
    bad = ['endless', 'dies', 'forks', 'deaf']
    site.bulk({'type': t, 'max_attempts': 1} for _ in range(5) for t in ['good', *bad, 'good'])
    with site.worker('--concurrency', 6) as worker:
        wait_until(lambda: all(job['status'] in ('completed', 'failed') for job in site.jobs()), 40)
        assert worker.stop() == 0
    for job in site.jobs():
        assert job['status'] == ('completed' if job['type'] == 'good' else 'failed'), job
