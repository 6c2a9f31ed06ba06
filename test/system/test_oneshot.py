"""One-shot handlers that behave: input, environment, results, exit statuses, events."""
import json
import re
import subprocess

import pytest
from conftest import MILLHAND, alive, wait_until
from test_enqueue import when

pytestmark = pytest.mark.sanitized


def outcome(site, job_type, payload=None, *options, **env):
    """Dispatches one job, runs a worker until it has ended, returns its record."""
    job_id = site.enqueue(job_type, payload, *options)
    with site.worker(**env) as worker:
        job = site.ended(job_id)
        assert worker.stop() == 0
    return job


def put_off(site, job_id):
    """Waits until the job is due later than it was dispatched for, and returns its record."""
    def due_later():
        job = site.job(job_id)
        return job if job['status'] == 'pending' and job['run_at'] != job['created_at'] else None
    return wait_until(due_later)


# --- input

def test_the_payload_is_standard_input_to_the_byte(site):
    body = '{ "b":1.10, "a":0.1, "big":123456789012345678901234567890, "u":"\\u00e9é" }'
    site.sh('keep', 'cat >@DIR@/input\n')
    outcome(site, 'keep', body)
    assert site.file('input').read_text() == body


def test_a_payload_larger_than_a_pipe_comes_whole(site):
    site.sh('count', 'sleep 0.05\nwc -c\n')
    site.file('large.json').write_text(json.dumps({'text': 'x' * 300000}))
    job = outcome(site, 'count', f'@{site.path}/large.json')
    assert job['result'] == site.file('large.json').stat().st_size


def test_the_environment_names_the_job(site):
    site.python('env', "import json, os; print(json.dumps(dict(os.environ)))")
    job = outcome(site, 'env', {}, '--max-attempts', 7, '--correlation-id', 'order-9')
    for name, value in {'JOB_ID': job['id'], 'TYPE': 'env', 'TENANT_ID': job['tenant_id'],
                        'ATTEMPT': '1', 'MAX_ATTEMPTS': '7', 'CORRELATION_ID': 'order-9'}.items():
        assert job['result'][f'MILLHAND_{name}'] == value


def test_the_environment_is_clean(site):
    site.python('env', "import json\n"
                "text = open('/proc/self/environ').read()\n"
                "names = [v.split('=')[0] for v in text.split('\\0') if v]\n"
                "print(json.dumps([n for n in names if not n.startswith('MILLHAND_')]))")
    names = outcome(site, 'env', SECRET_TOKEN='s', TZ='UTC', ANTHROPIC_API_KEY='k')['result']
    assert set(names) == {'PATH', 'HOME', 'LANG', 'TZ'}


def test_no_setting_of_the_worker_reaches_a_handler(site):
    site.python('env', "print(open('/proc/self/environ').read().replace('\\0', '\\n'))")
    text = outcome(site, 'env', MILLHAND_JWT_SECRET='hunter2-hunter2-hunter2-hunter2-')['result']
    assert 'hunter2' not in text and 'sqlite:' not in text and 'HANDLERS' not in text


def test_env_in_the_settings_passes_variables_on(site):
    site.python('env', "import json, os; print(json.dumps(dict(os.environ)))")
    site.conf('env', env='API_HOST MODE=fast')
    result = outcome(site, 'env', API_HOST='api.test', OTHER='x')['result']
    assert (result['API_HOST'], result['MODE'], 'OTHER' in result) == ('api.test', 'fast', False)


def test_no_descriptor_is_open_but_the_four(site):
    site.python('fds', '''
import json, os
fds = []
for name in os.listdir('/proc/self/fd'):
    try:
        os.fstat(int(name))
        fds.append(int(name))
    except OSError:
        pass
print(json.dumps({'fds': sorted(fds), 'event': int(os.environ['MILLHAND_EVENT_FD'])}))
''')
    result = outcome(site, 'fds')['result']
    assert result['fds'] == sorted([0, 1, 2, result['event']])


def test_a_handler_has_a_process_group_of_its_own(site):
    site.python('group', 'import os; print(os.getpgrp() == os.getpid())')
    assert outcome(site, 'group')['result'] == 'True'


def test_signals_have_their_defaults(site):
    site.sh('signals', "grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2\n")
    masks = [int(mask, 16) for mask in outcome(site, 'signals')['result'].split()]
    # 32 and 33 are glibc's own, and it lets every child it spawns ignore them.
    assert [mask & ~(3 << 31) for mask in masks] == [0, 0]


def test_the_extension_is_not_part_of_the_type(site):
    site.write('greet.sh', '#!/bin/sh\necho \'"hello"\'\n')
    assert outcome(site, 'greet')['result'] == 'hello'


def test_command_in_the_settings_is_run_with_its_words(site):
    script = site.file('elsewhere.sh')
    script.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    script.chmod(0o755)
    site.conf('words', command=f'{script} one "two three" \'four\'')
    assert outcome(site, 'words')['result'] == 'one|two three|four|'


# --- result

@pytest.mark.parametrize('printed, result', [
    ('{"a": [1, 2.50]}', {'a': [1, 2.5]}),
    ('[1, 2]', [1, 2]),
    ('42', 42),
    ('"text"', 'text'),
    ('true', True),
    ('null', None),
    ('', None),
    ('  {"a": 1}\n\n', {'a': 1}),
])
def test_json_output_is_the_result(site, printed, result):
    site.file('printed').write_text(printed)
    site.sh('say', 'cat @DIR@/printed\n')
    job = outcome(site, 'say')
    assert job['status'] == 'completed' and job['result'] == result


def test_text_output_is_kept_as_a_string(site):
    site.sh('say', 'echo "hello, \\"world\\""\n')
    assert outcome(site, 'say')['result'].rstrip('\n') == 'hello, "world"'


def test_the_bytes_of_a_json_result_are_kept(site):
    site.sh('say', 'echo \'{"price":1.10,"big":123456789012345678901234567890}\'\n')
    job = outcome(site, 'say')
    shown = site.ok('--json', 'jobs', 'show', job['id'])
    assert '{"price":1.10,"big":123456789012345678901234567890}' in shown


def test_a_completed_record_is_filled_in(site):
    site.sh('say', 'echo 1\n')
    job = outcome(site, 'say', WORKER_ID='mill-1')
    assert job['status'] == 'completed' and job['attempts'] == 1 and job['error'] is None
    assert job['worker_id'] == 'mill-1'
    assert job['created_at'] <= job['started_at'] <= job['completed_at']
    assert job['history'] == []


# --- exit status

def test_exit_65_fails_for_good(site):
    site.sh('never', 'echo "bad address" >&2; exit 65\n')
    job = outcome(site, 'never')
    assert (job['status'], job['attempts']) == ('failed', 1)
    assert job['error'] and job['result'] is None


def test_another_exit_status_is_retried_until_no_attempt_is_left(site):
    site.sh('bad', 'echo "$MILLHAND_ATTEMPT" >>@DIR@/attempts; exit 3\n')
    site.conf('bad', backoff_base='20ms')
    job = outcome(site, 'bad')
    assert (job['status'], job['attempts']) == ('failed', 3)
    assert '3' in job['error']
    assert site.file('attempts').read_text().split() == ['1', '2', '3']


def test_a_death_by_signal_is_a_failed_attempt_that_names_it(site):
    site.sh('dies', 'kill -SEGV $$\n')
    job = outcome(site, 'dies', {}, '--max-attempts', 1)
    assert job['status'] == 'failed' and 'signal 11' in job['error']


def test_a_job_that_fails_once_succeeds_at_the_second_attempt(site):
    site.sh('second', '[ "$MILLHAND_ATTEMPT" = 2 ] && exit 0; exit 1\n')
    site.conf('second', backoff_base='20ms')
    job = outcome(site, 'second')
    assert (job['status'], job['attempts'], len(job['history'])) == ('completed', 2, 1)
    assert job['error'] is None or job['error'] == job['history'][0]['error']


def test_the_attempt_history_keeps_what_was_written_to_standard_error(site):
    site.sh('bad', 'echo "attempt $MILLHAND_ATTEMPT" >&2; echo "no such host" >&2; exit 1\n')
    site.conf('bad', backoff_base='20ms')
    job = outcome(site, 'bad', {}, '--max-attempts', 2, WORKER_ID='mill-1')
    assert [attempt['number'] for attempt in job['history']] == [1, 2]
    for number, attempt in enumerate(job['history'], 1):
        assert attempt['log'].splitlines() == [f'attempt {number}', 'no such host']
        assert attempt['worker_id'] == 'mill-1' and attempt['outcome'] == 'failed'
        assert attempt['started_at'] <= attempt['ended_at']


def test_exit_75_puts_off_for_a_minute_and_does_not_count(site):
    site.sh('later', 'exit 75\n')
    job_id = site.enqueue('later')
    with site.worker() as worker:
        job = put_off(site, job_id)
        assert worker.stop() == 0
    assert job['attempts'] == 0 and job['history'] == [] and job['next_retry_at'] is None
    assert when(job['run_at']) - when(job['created_at']) == pytest.approx(60, abs=5)


def test_later_says_for_how_long(site):
    site.write('later', '#!/bin/bash\necho \'{"later":"5m"}\' >&"$MILLHAND_EVENT_FD"; exit 75\n')
    job_id = site.enqueue('later')
    with site.worker() as worker:
        job = put_off(site, job_id)
        assert worker.stop() == 0
    assert when(job['run_at']) - when(job['created_at']) == pytest.approx(300, abs=5)


def test_a_job_put_off_runs_again_with_the_same_attempt_number(site):
    site.write('later', '''#!/bin/bash
echo "$MILLHAND_ATTEMPT" >>@DIR@/runs
[ "$(wc -l <@DIR@/runs)" = 4 ] && exit 0
echo '{"later":"20ms"}' >&"$MILLHAND_EVENT_FD"
exit 75
''')
    job = outcome(site, 'later', {}, '--max-attempts', 1)
    assert (job['status'], job['attempts']) == ('completed', 1)
    assert site.file('runs').read_text().split() == ['1'] * 4


# --- progress and log

def test_progress_is_seen_while_the_job_runs(site):
    site.write('slow', '''#!/bin/bash
echo '{"progress":0.25,"message":"a quarter"}' >&"$MILLHAND_EVENT_FD"
while [ ! -e @DIR@/go ]; do sleep 0.02; done
''')
    job_id = site.enqueue('slow')
    with site.worker() as worker:
        job = wait_until(lambda: site.job(job_id)['progress'] and site.job(job_id))
        assert (job['progress'], job['status']) == (0.25, 'processing')
        site.touch('go')
        site.ended(job_id)
        assert worker.stop() == 0


@pytest.mark.parametrize('line', ['garbage', '{"progress":7}', '{"progress":"x"}', '[]', '{}',
                                  '{"later":"soon"}', '{"progress":0.5', '\\377\\376'])
def test_a_wrong_event_line_harms_nothing(site, line):
    site.write('odd', f'#!/bin/bash\nprintf \'{line}\\n\' >&"$MILLHAND_EVENT_FD"; echo 1\n')
    job = outcome(site, 'odd')
    assert (job['status'], job['result']) == ('completed', 1)
    assert job['progress'] is None or 0 <= job['progress'] <= 1


def test_standard_error_goes_to_the_log_line_by_line(site):
    site.sh('talk', 'echo "first line" >&2; echo "second line" >&2\n')
    job_id = site.enqueue('talk', {}, '--correlation-id', 'c-7')
    with site.worker(LOG_LEVEL='debug') as worker:
        site.ended(job_id)
        assert worker.stop() == 0
    said = [line for line in worker.lines
            if re.search('(first|second) line', json.dumps(line))]
    assert len(said) == 2
    assert all(line['correlationId'] == 'c-7' and line['jobId'] == job_id for line in said)


def test_what_a_handler_left_behind_is_killed_when_it_ends(site):
    site.sh('leaves', 'sleep 600 >/dev/null 2>&1 & echo $! >@DIR@/pid\n')
    outcome(site, 'leaves')
    pid = site.file('pid').read_text().strip()
    wait_until(lambda: not alive(pid))


def test_an_ignored_sigchld_loses_no_exit_status(site):
    site.sh('bad', 'exit 3\n')
    job_id = site.enqueue('bad', {}, '--max-attempts', 1)
    subprocess.run(['/bin/sh', '-c', 'trap "" CHLD; exec "$0" worker --drain', MILLHAND],
                   cwd=site.path, env=site.environment(), check=True, stderr=subprocess.DEVNULL)
    assert site.job(job_id)['status'] == 'failed'


def test_the_whole_group_has_its_time_after_term(site):
    site.write('step.py', '#!/usr/bin/python3\nimport signal, sys, time\n'
               'def tidy(*_):\n    time.sleep(0.5)\n    open("@DIR@/tidied", "w").write("x\\n")\n'
               '    sys.exit(1)\n'
               'signal.signal(signal.SIGTERM, tidy)\nopen("@DIR@/up", "w").write("x\\n")\n'
               'time.sleep(600)\n')
    site.sh('long', '"@DIR@/handlers/step.py"; exit 1\n')
    site.conf('long', timeout='1s')
    job_id = site.enqueue('long', {}, '--max-attempts', 1)
    with site.worker():
        site.wait_for_file('up')
        assert site.ended(job_id)['status'] == 'failed'
        assert site.wait_for_file('tidied')


def test_env_in_the_settings_replaces_what_is_passed_on(site):
    site.python('env', "print(open('/proc/self/environ').read().replace('\\0', '\\n'))")
    site.conf('env', env='TZ=Europe/Vienna')
    text = outcome(site, 'env', {}, TZ='UTC')['result']
    assert text.count('TZ=') == 1 and 'TZ=Europe/Vienna' in text
