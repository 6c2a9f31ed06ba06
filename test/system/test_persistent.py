"""Persistent handlers, written in Python and Node from the contract alone."""
import json
import re
import signal
import sqlite3
import time

import pytest
from conftest import alive, wait_until
from test_enqueue import FIELDS, when
from test_oneshot import put_off

pytestmark = pytest.mark.sanitized

ECHO = '''
def run(request, job):
    send(id=request['id'], result={'type': job['type'], 'pid': os.getpid(), **job['payload']})
'''
# Holds every job in a thread of its own until @DIR@/go exists.
GATED = '''
def hold(request, job):
    open('@DIR@/held', 'a').write(job['id'] + '\\n')
    wait_for('@DIR@/go')
    send(id=request['id'], result=os.getpid())
def run(request, job):
    threading.Thread(target=hold, args=(request, job), daemon=True).start()
'''


def outcome(site, job_type, payload=None, *options, **env):
    job_id = site.enqueue(job_type, payload, *options)
    with site.worker(**env) as worker:
        job = site.ended(job_id)
        assert worker.stop() == 0
    return job


# --- messages

def test_a_python_child_runs_a_job(site):
    site.child('echo', ECHO)
    job = outcome(site, 'echo', {'a': 1.5})
    assert job['status'] == 'completed'
    assert (job['result']['type'], job['result']['a']) == ('echo', 1.5)


def test_a_node_child_runs_a_job(site):
    site.node_child('echo', 'function run(m, job) { send({ id: m.id, result: job.payload }); }\n')
    assert outcome(site, 'echo', {'a': [1, 2]})['result'] == {'a': [1, 2]}


def test_one_child_runs_job_after_job(site):
    site.child('echo', ECHO)
    ids = site.bulk({'type': 'echo', 'payload': {'n': n}} for n in range(20))
    with site.worker():
        jobs = [site.ended(job_id) for job_id in ids]
    assert [job['result']['n'] for job in jobs] == list(range(20))
    assert len({job['result']['pid'] for job in jobs}) == 1


def test_the_request_is_json_rpc_2_with_the_record(site):
    site.conf('raw', mode='persistent')
    site.write('raw', '#!/usr/bin/python3\nimport json, sys\nline = sys.stdin.readline()\n'
               'open("@DIR@/line", "w").write(line)\n'
               'print(json.dumps({"jsonrpc":"2.0","id":json.loads(line)["id"],"result":None}),\n'
               '      flush=True)\nsys.stdin.read()\n')
    job = outcome(site, 'raw', '{"price":1.10}', '--correlation-id', 'c-1')
    assert job['status'] == 'completed' and job['result'] is None, job['history']
    text = site.file('line').read_text()
    request = json.loads(text)
    assert (request['jsonrpc'], request['method']) == ('2.0', 'job.run')
    assert list(request['params']) == FIELDS
    assert request['params']['status'] == 'processing' and request['params']['attempts'] == 1
    assert request['params']['correlation_id'] == 'c-1'
    assert '{"price":1.10}' in text


def test_the_environment_of_a_child_is_clean(site):
    site.child('env', '''
def run(request, job):
    names = [v.split('=')[0] for v in open('/proc/self/environ').read().split('\\0') if v]
    send(id=request['id'], result=[n for n in names if not n.startswith('MILLHAND_')])
''')
    assert set(outcome(site, 'env', SECRET_TOKEN='s', TZ='UTC')['result']) \
        == {'PATH', 'HOME', 'LANG', 'TZ'}


def test_no_descriptor_of_a_child_is_open_but_three(site):
    site.child('fds', '''
fds = [n for n in range(256) if os.path.exists(f'/proc/self/fd/{n}')]
def run(request, job): send(id=request['id'], result=fds)
''')
    assert outcome(site, 'fds')['result'] == [0, 1, 2]


def test_an_error_is_a_failed_attempt_and_is_retried(site):
    site.child('bad', "def run(request, job): send(id=request['id'],"
               " error={'code': -1, 'message': 'no luck'})\n", backoff_base='20ms')
    job = outcome(site, 'bad')
    assert (job['status'], job['attempts']) == ('failed', 3)
    assert 'no luck' in job['error']


def test_retry_false_fails_for_good(site):
    site.child('bad', "def run(request, job): fail(request, 'bad address', retry=False)\n")
    job = outcome(site, 'bad')
    assert (job['status'], job['attempts']) == ('failed', 1) and 'bad address' in job['error']


def test_later_puts_off_and_does_not_count(site):
    site.child('later', "def run(request, job): fail(request, 'busy', later='5m')\n")
    job_id = site.enqueue('later')
    with site.worker() as worker:
        job = put_off(site, job_id)
        assert worker.stop() == 0
    assert job['attempts'] == 0
    assert when(job['run_at']) - when(job['created_at']) == pytest.approx(300, abs=5)


def test_progress_is_seen_while_the_job_runs(site):
    site.child('slow', '''
def run(request, job):
    progress(job, 0.25)
    wait_for('@DIR@/go')
    send(id=request['id'], result=1)
''')
    job_id = site.enqueue('slow')
    with site.worker():
        wait_until(lambda: site.job(job_id)['progress'] == 0.25)
        site.touch('go')
        assert site.ended(job_id)['status'] == 'completed'


def test_job_log_is_logged_with_the_ids_of_the_job(site):
    site.child('talk', "def run(request, job):\n    log(job, 'halfway there')\n"
               "    send(id=request['id'], result=1)\n")
    job_id = site.enqueue('talk', {}, '--correlation-id', 'c-7')
    with site.worker(LOG_LEVEL='debug') as worker:
        site.ended(job_id)
        assert worker.stop() == 0
    said = [line for line in worker.lines if 'halfway there' in json.dumps(line)]
    assert [(line['jobId'], line['correlationId']) for line in said] == [(job_id, 'c-7')]


def test_job_log_goes_into_the_attempt_history(site):
    site.child('talk', "def run(request, job):\n    log(job, 'halfway there')\n"
               "    fail(request, 'no', retry=False)\n")
    assert 'halfway there' in outcome(site, 'talk')['history'][0]['log']


def test_standard_error_of_a_child_is_logged(site):
    site.child('talk', "def run(request, job):\n    print('plain words', file=sys.stderr)\n"
               "    sys.stderr.flush()\n    send(id=request['id'], result=1)\n")
    with site.worker(LOG_LEVEL='debug') as worker:
        site.ended(site.enqueue('talk'))
        wait_until(lambda: any('plain words' in json.dumps(line) for line in worker.lines))


@pytest.mark.parametrize('message', [
    {'method': 'job.unknown', 'params': {}}, {'method': 'job.progress'},
    {'method': 'job.progress', 'params': {'id': 'none', 'progress': 0.5}},
    {'method': 'job.progress', 'params': {'id': 5, 'progress': 'x'}},
    {'method': 'job.log', 'params': {'id': None}},
], ids=str)
def test_an_odd_notification_harms_nothing(site, message):
    site.child('odd', f"def run(request, job):\n    send(**{message!r})\n"
               "    send(id=request['id'], result=1)\n")
    job = outcome(site, 'odd', {}, '--max-attempts', 1)
    assert job['result'] == 1, job['history']


# --- several at once

def test_one_python_child_holds_several_jobs_at_once(site):
    site.child('hold', GATED, concurrency=3, processes=1)
    ids = site.bulk({'type': 'hold'} for _ in range(3))
    with site.worker('--concurrency', 3):
        site.wait_for_file('held', 3)
        site.touch('go')
        assert len({site.ended(job_id)['result'] for job_id in ids}) == 1


def test_one_node_child_holds_several_jobs_at_once(site):
    site.node_child('hold', '''
const held = [];
function run(m, job) {
    held.push(m.id);
    send({ method: 'job.progress', params: { id: job.id, progress: held.length / 3 } });
    if (held.length === 3) held.reverse().forEach((id) => send({ id, result: process.pid }));
}
''', concurrency=3, processes=1)
    ids = site.bulk({'type': 'hold'} for _ in range(3))
    with site.worker('--concurrency', 3):
        jobs = [site.ended(job_id) for job_id in ids]
    assert {job['status'] for job in jobs} == {'completed'}
    assert len({job['result'] for job in jobs}) == 1


def test_without_concurrency_each_child_holds_one_job(site):
    site.child('hold', GATED)
    ids = site.bulk({'type': 'hold'} for _ in range(2))
    with site.worker('--concurrency', 2):
        site.wait_for_file('held', 2)
        site.touch('go')
        assert len({site.ended(job_id)['result'] for job_id in ids}) == 2


def test_processes_limits_the_children(site):
    site.child('echo', ECHO, processes=1)
    ids = site.bulk({'type': 'echo'} for _ in range(12))
    with site.worker('--concurrency', 4):
        assert len({site.ended(job_id)['result']['pid'] for job_id in ids}) == 1


def test_a_full_child_does_not_hold_up_other_types(site):
    site.child('hold', GATED, processes=1)
    site.sh('quick', 'echo 1\n')
    held = site.bulk({'type': 'hold'} for _ in range(4))
    with site.worker('--concurrency', 4):
        site.wait_for_file('held', 1)
        assert site.ended(site.enqueue('quick'))['status'] == 'completed'
        site.touch('go')
        for job_id in held:
            assert site.ended(job_id)['attempts'] == 1


def test_a_worker_whose_children_are_busy_does_not_ask_the_store_all_the_time(site):
    site.child('hold', GATED, processes=1)
    site.sh('quick', 'echo 1\n')
    site.bulk({'type': 'hold'} for _ in range(4))
    with site.worker('--concurrency', 4, LOG_LEVEL='debug') as worker:
        site.wait_for_file('held')
        for _ in range(5):
            site.enqueue('quick')
        site.touch('go')
        wait_until(lambda: all(job['status'] == 'completed' for job in site.jobs()))
        assert worker.stop() == 0
    assert len(worker.logged('polling for jobs')) < 60


# --- what goes wrong

def test_a_child_that_dies_fails_the_attempts_it_held(site):
    site.child('die', GATED.replace("wait_for('@DIR@/go')",
                                    "wait_for('@DIR@/go'); os.kill(os.getpid(), 9)"),
               concurrency=2, processes=1)
    ids = site.bulk({'type': 'die', 'max_attempts': 1} for _ in range(2))
    with site.worker('--concurrency', 2):
        site.wait_for_file('held', 2)
        site.touch('go')
        jobs = [site.ended(job_id) for job_id in ids]
    for job in jobs:
        assert (job['status'], job['attempts']) == ('failed', 1)
        assert 'signal 9' in job['error']


def test_a_child_that_died_is_started_again(site):
    site.child('die', "def run(request, job):\n    if job['attempts'] == 1: sys.exit(7)\n"
               "    send(id=request['id'], result=1)\n", backoff_base='20ms')
    job = outcome(site, 'die')
    assert (job['status'], job['attempts']) == ('completed', 2)
    assert '7' in job['history'][0]['error']


def test_a_child_that_keeps_dying_is_started_with_a_growing_pause(site):
    site.child('die', "def run(request, job):\n    open('@DIR@/starts', 'a')"
               ".write(f'{time.time()}\\n')\n    sys.exit(1)\n", backoff_base='1ms')
    site.enqueue('die', {}, '--max-attempts', 100)
    with site.worker():
        times = [float(line) for line in site.wait_for_file('starts', 6, timeout=60)]
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert gaps[4] > 2 * gaps[1] and gaps[4] > 0.2, gaps


def test_a_child_that_cannot_be_started_fails_the_attempt(site):
    site.conf('none', mode='persistent', command='/no/such/program')
    job = outcome(site, 'none', {}, '--max-attempts', 1)
    assert job['status'] == 'failed' and '/no/such/program' in job['error']


@pytest.mark.parametrize('line', [
    'garbage', '[]', '42', '{}', '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":999999,"result":1}',
    '{"jsonrpc":"2.0","id":"x","result":1}', '\\377\\376', '{"jsonrpc":"2.0","id":1,"resu',
])
def test_a_line_that_is_no_message_harms_only_its_child(site, line):
    site.child('odd', f"def run(request, job):\n    os.write(1, b'{line}\\n')\n"
               "    send(id=request['id'], result=1)\n")
    site.sh('good', 'echo 1\n')
    bad = site.enqueue('odd', {}, '--max-attempts', 1)
    with site.worker() as worker:
        assert site.ended(bad)['status'] in ('completed', 'failed')
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
        assert worker.stop() == 0


def test_an_endless_line_harms_only_its_child(site):
    site.child('odd', "def run(request, job):\n    while True: os.write(1, b'x' * 65536)\n")
    site.sh('good', 'echo 1\n')
    bad = site.enqueue('odd', {}, '--max-attempts', 1)
    with site.worker() as worker:
        assert site.ended(bad)['status'] == 'failed'
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
        assert worker.stop() == 0


def test_a_result_over_the_limit_fails_the_attempt(site):
    site.child('big', "def run(request, job): send(id=request['id'], result='x' * 5000)\n")
    job = outcome(site, 'big', {}, '--max-attempts', 1, MAX_RESULT_BYTES=4096)
    assert job['status'] == 'failed' and job['result'] is None


def test_a_time_out_fails_the_attempt_and_replaces_the_child(site):
    site.child('slow', "def run(request, job):\n    if job['attempts'] == 1: time.sleep(600)\n"
               "    send(id=request['id'], result=os.getpid())\n",
               timeout='300ms', backoff_base='20ms')
    job = outcome(site, 'slow')
    assert (job['status'], job['attempts']) == ('completed', 2)
    assert 'time' in job['history'][0]['error']


def test_a_child_that_does_not_read_blocks_no_other(site):
    site.conf('deaf', mode='persistent', timeout='500ms')
    site.write('deaf', '#!/bin/sh\nexec sleep 600\n')
    site.sh('good', 'echo 1\n')
    site.file('big.json').write_text(json.dumps({'text': 'x' * 1000000}))
    bad = site.ok('enqueue', 'deaf', '@big.json', '--max-attempts', 1).strip()
    with site.worker('--concurrency', 2) as worker:
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
        assert site.ended(bad)['status'] == 'failed'
        assert worker.stop() == 0


# --- recycling, cancelling, stopping

def test_a_child_is_replaced_after_recycle_after_jobs(site):
    site.child('echo', ECHO, recycle_after=2)
    ids = site.bulk({'type': 'echo'} for _ in range(6))
    with site.worker():
        jobs = [site.ended(job_id) for job_id in ids]
    pids = [job['result']['pid'] for job in jobs]
    assert {job['status'] for job in jobs} == {'completed'}
    assert {job['attempts'] for job in jobs} == {1}
    assert all(pids.count(pid) == 2 for pid in pids)


def test_cancel_is_told_to_the_child_which_may_answer(site):
    site.child('slow', '''
waiting = {}
def run(request, job):
    waiting[job['id']] = request
    open('@DIR@/held', 'a').write(f'{os.getpid()}\\n')
def cancelled(params):
    open('@DIR@/cancelled', 'a').write(params['id'] + '\\n')
    fail(waiting.pop(params['id']), 'cancelled')
''')
    job_id = site.enqueue('slow')
    with site.worker():
        pid = site.wait_for_file('held')[0]
        site.ok('jobs', 'cancel', job_id)
        assert site.wait_for_file('cancelled') == [job_id]
        site.enqueue('slow')
        assert site.wait_for_file('held', 2)[1] == pid
    assert site.job(job_id)['status'] == 'cancelled'


def test_a_child_that_ignores_cancel_is_killed_and_its_other_jobs_lose_no_attempt(site):
    site.child('hold', '''
def hold(request, job):
    open('@DIR@/held', 'a').write(f"{job['id']} {os.getpid()}\\n")
    wait_for('@DIR@/go')
    send(id=request['id'], result=job['attempts'])
def run(request, job):
    threading.Thread(target=hold, args=(request, job), daemon=True).start()
''', concurrency=2, processes=1)
    ids = site.bulk({'type': 'hold', 'max_attempts': 1} for _ in range(2))
    with site.worker('--concurrency', 2) as worker:
        pid = site.wait_for_file('held', 2)[0].split()[1]
        site.ok('jobs', 'cancel', ids[0])
        wait_until(lambda: not alive(pid), timeout=30)
        site.touch('go')
        job = site.ended(ids[1])
        assert worker.stop() == 0
    assert (job['status'], job['attempts'], job['result']) == ('completed', 1, 1)
    assert site.job(ids[0])['status'] == 'cancelled'


def test_an_idle_child_ends_with_the_worker(site):
    site.child('echo', ECHO)
    job_id = site.enqueue('echo')
    with site.worker() as worker:
        pid = site.ended(job_id)['result']['pid']
        assert alive(pid)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 3
    assert not alive(pid)


def test_a_running_job_of_a_child_is_finished_before_the_worker_stops(site):
    site.child('hold', GATED)
    job_id = site.enqueue('hold')
    with site.worker() as worker:
        site.wait_for_file('held')
        worker.signal(signal.SIGTERM)
        worker.wait_for('shutdown signal received')
        site.touch('go')
        assert worker.wait() == 0
    assert site.job(job_id)['status'] == 'completed'


def test_a_result_keeps_its_bytes(site):
    site.conf('raw', mode='persistent')
    site.write('raw', '#!/usr/bin/python3\nimport json, sys\n'
               'number = json.loads(sys.stdin.readline())["id"]\n'
               'print(\'{"jsonrpc":"2.0","id":%s,"result":{"price":1.10}}\' % json.dumps(number),\n'
               '      flush=True)\nsys.stdin.read()\n')
    job = outcome(site, 'raw')
    assert re.search(r'"result": ?\{"price":1\.10\}', site.ok('--json', 'jobs', 'show', job['id']))


def test_a_log_line_of_any_length_harms_nothing(site):
    site.child('talk', "def run(request, job):\n    log(job, 'x' * 300000 + 'end')\n"
               "    fail(request, 'no')\n")
    job = outcome(site, 'talk', {}, '--max-attempts', 1)
    assert job['status'] == 'failed'
    assert len(job['history'][0]['log']) == 65536 and job['history'][0]['log'].endswith('end\n')


def test_a_child_that_closes_its_output_and_lives_on_fails_its_job(site):
    site.child('odd', "def run(request, job):\n    os.close(1)\n    time.sleep(600)\n")
    assert outcome(site, 'odd', {}, '--max-attempts', 1)['status'] == 'failed'


def test_a_type_that_has_room_again_is_claimed_at_once(site):
    """Also when the room came while a claim was under way, here held up by a lock."""
    gate = "def run(request, job):\n    open('@DIR@/{0}', 'a').write(job['id'] + '\\n')\n" \
           "    wait_for('@DIR@/go-{0}')\n    send(id=request['id'], result=1)\n" \
           "    open('@DIR@/answered', 'a').write('x\\n')\n"
    site.child('a', gate.format('a'), processes=1)
    site.child('b', gate.format('b'), processes=1)
    site.enqueue('a')
    site.bulk({'type': 'b'} for _ in range(3))
    with site.worker('--concurrency', 4, LOG_LEVEL='debug') as worker:
        site.wait_for_file('a')
        site.wait_for_file('b')
        blocker = sqlite3.connect(site.file('jobs.db'), isolation_level=None)
        blocker.execute('BEGIN IMMEDIATE')
        asked = len(worker.logged('polling for jobs'))
        site.touch('go-a')
        worker.wait_for('polling for jobs', count=asked + 1)
        site.touch('go-b')
        site.wait_for_file('answered', 2)
        blocker.execute('ROLLBACK')
        blocker.close()
        site.wait_for_file('b', 2, timeout=5)
