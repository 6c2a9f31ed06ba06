"""Wrong use: status 2, one line that says what, on what and why, and nothing done."""
import os
import sqlite3
import subprocess

import pytest
from conftest import MILLHAND, assert_refused, one_line

pytestmark = pytest.mark.sanitized

UUID = '01890000-0000-7000-8000-000000000000'

WRONG = [
    # arguments, a word the line must hold
    (['frobnicate'], 'frobnicate'),
    (['--frobnicate'], 'frobnicate'),
    (['enqueue'], 'type'),
    (['enqueue', 'a', '{}', 'extra'], 'extra'),
    (['enqueue', 'a', '--frobnicate'], 'frobnicate'),
    (['enqueue', ''], 'type'),
    (['enqueue', 'two words'], 'type'),
    (['enqueue', 'a/b'], 'type'),
    (['enqueue', 'x' * 101], 'type'),
    (['enqueue', 'a', ''], 'payload'),
    (['enqueue', 'a', '{'], 'payload'),
    (['enqueue', 'a', '[]'], 'object'),
    (['enqueue', 'a', '"text"'], 'object'),
    (['enqueue', 'a', '{} {}'], 'payload'),
    (['enqueue', 'a', '{"a":1,"a":2}'], 'duplicate'),
    (['enqueue', 'a', '{"a":"\\u0000"}'], 'payload'),
    (['enqueue', 'a', '{"a":NaN}'], 'payload'),
    (['enqueue', 'a', '{"a":1e999}'], 'payload'),
    (['enqueue', 'a', '{"a":' + '[' * 3000 + ']' * 3000 + '}'], 'payload'),
    (['enqueue', 'a', '@no-such-file'], 'no-such-file'),
    (['enqueue', 'a', '--priority', '101'], 'priority'),
    (['enqueue', 'a', '--priority', '-1'], 'priority'),
    (['enqueue', 'a', '--priority', 'high'], 'priority'),
    (['enqueue', 'a', '--priority', ''], 'priority'),
    (['enqueue', 'a', '--priority'], 'priority'),
    (['enqueue', 'a', '--delay', 'soon'], 'delay'),
    (['enqueue', 'a', '--delay', '-5m'], 'delay'),
    (['enqueue', 'a', '--delay', '999999999d'], 'delay'),
    (['enqueue', 'a', '--at', 'tomorrow'], 'at'),
    (['enqueue', 'a', '--at', '2030-01-01T00:00:00'], 'offset'),
    (['enqueue', 'a', '--at', '2030-02-30T00:00:00Z'], 'at'),
    (['enqueue', 'a', '--delay', '5m', '--at', '2030-01-01T00:00:00Z'], 'delay'),
    (['enqueue', 'a', '--max-attempts', '0'], 'attempts'),
    (['enqueue', 'a', '--max-attempts', 'x'], 'attempts'),
    (['enqueue', 'a', '--unique', 'x' * 201], 'unique'),
    (['enqueue', 'a', '--correlation-id', 'x' * 201], 'correlation'),
    (['enqueue', 'a', '--tenant', 'acme'], 'tenant'),
    (['enqueue', 'a', '--wait', '--timeout', 'x'], 'timeout'),
    (['enqueue', '--bulk', 'no-such-file'], 'no-such-file'),
    (['jobs'], 'list'),
    (['jobs', 'frobnicate'], 'frobnicate'),
    (['jobs', 'show'], 'id'),
    (['jobs', 'show', 'not-a-uuid'], 'not-a-uuid'),
    (['jobs', 'show', UUID + '0'], UUID),
    (['jobs', 'list', '--status', 'done'], 'done'),
    (['jobs', 'list', '--limit', '0'], 'limit'),
    (['jobs', 'list', '--limit', '-1'], 'limit'),
    (['jobs', 'list', '--limit', 'x'], 'limit'),
    (['jobs', 'list', '--type', 'a b'], 'type'),
    (['jobs', 'list', '--tenant', 'x'], 'tenant'),
    (['jobs', 'wait'], 'id'),
    (['type'], 'list'),
    (['type', 'pause'], 'type'),
    (['type', 'pause', 'a b'], 'type'),
    (['tenant'], 'list'),
    (['tenant', 'add'], 'name'),
    (['tenant', 'add', 'acme', '--plan', 'gold'], 'gold'),
    (['tenant', 'delete', 'x'], 'x'),
    (['worker', '--concurrency', '0'], 'concurrency'),
    (['worker', '--concurrency', 'x'], 'concurrency'),
    (['worker', '--types', ''], 'types'),
    (['worker', '--types', 'a,b c'], 'types'),
    (['worker', '--types', 'nothing-serves-this'], 'nothing-serves-this'),
    (['worker', 'extra'], 'extra'),
    (['worker', '--handlers', 'no-such-folder'], 'no-such-folder'),
    (['stats', 'extra'], 'extra'),
    (['--db', 'nonsense', 'stats'], '--db'),
    (['--db', 'mysql://x:secret@y', 'stats'], '--db'),
    (['--db', 'sqlite:', 'stats'], 'sqlite'),
    (['--db'], 'db'),
]


@pytest.mark.parametrize('args, word', WRONG, ids=lambda value: ' '.join(value)[:60]
                         if isinstance(value, list) else '')
def test_is_refused_with_status_2_and_one_line(site, args, word):
    site.sh('a', 'echo 1\n')
    assert_refused(site.run(*args), 2, word)


def test_nothing_is_dispatched_by_a_refused_command(site):
    for args, _ in WRONG:
        if args[0] == 'enqueue':
            site.run(*args)
    assert site.jobs() == []


def test_no_command_is_wrong_use_and_says_how_to_get_help(site):
    done = site.run()
    assert done.returncode == 2 and '--help' in done.stderr and not done.stdout


@pytest.mark.parametrize('line, word', [
    ('{', 'line 2'), ('[]', 'line 2'), ('{"payload":{}}', 'type'), ('{"type":"a","x":1}', 'x'),
    ('{"type":"a","priority":"5"}', 'priority'), ('{"type":"a","priority":1.5}', 'priority'),
    ('{"type":5}', 'type'), ('{"type":"a","payload":[]}', 'payload'),
    ('{"type":"a","run_at":"x"}', 'run_at'), ('{"type":"a","max_attempts":0}', 'max_attempts'),
    ('{"type":"a","payload":{"a":1,"a":2}}', 'duplicate'), ('\x00', 'line 2'),
])
def test_one_wrong_line_refuses_the_whole_bulk(site, line, word):
    done = site.run('enqueue', '--bulk', '-', stdin='{"type":"a"}\n' + line + '\n{"type":"a"}\n')
    assert_refused(done, 2, word, '2')
    assert site.jobs() == []


def test_a_bulk_of_nothing_is_no_error(site):
    assert site.ok('enqueue', '--bulk', '-', stdin='') == ''


def test_one_type_too_many_is_refused(site):
    site.ok('enqueue', '--bulk', '-', stdin=''.join(f'{{"type":"t{n}"}}\n' for n in range(1000)))
    assert_refused(site.run('enqueue', 'another'), 1, '1000 types')
    assert site.enqueue('t7')


def test_bytes_that_are_not_utf8_are_refused(site):
    site.file('bad.json').write_bytes(b'{"a":"\xff"}')
    assert_refused(site.run('enqueue', 'a', '@bad.json'), 2, 'payload')


def test_a_payload_over_the_limit_is_refused(site):
    site.file('big.json').write_text('{"a":"' + 'x' * 1048576 + '"}')
    assert_refused(site.run('enqueue', 'a', '@big.json'), 2, '1048576')


def test_the_limit_of_the_payload_is_a_setting(site):
    done = site.run('enqueue', 'a', '{"a":"0123456789"}', env={'MAX_PAYLOAD_BYTES': 10})
    assert done.returncode == 2


def test_an_endless_payload_is_refused(site):
    with open('/dev/zero', 'rb') as endless:
        done = subprocess.run([MILLHAND, 'enqueue', 'a', '-'], stdin=endless, cwd=site.path,
                              env=site.environment(), capture_output=True, text=True, timeout=20,
                              check=False)
    assert done.returncode == 2 and one_line(done.stderr)


def test_a_file_that_is_no_store_is_left_as_it_is(site):
    site.file('jobs.db').write_text('these are no tables\n' * 100)
    assert_refused(site.run('stats'), 1, 'jobs.db')
    assert site.file('jobs.db').read_text() == 'these are no tables\n' * 100


def test_another_programs_database_is_left_as_it_is(site):
    with sqlite3.connect(site.file('jobs.db')) as other:
        other.execute('CREATE TABLE recipes(name)')
    other.close()
    before = site.file('jobs.db').read_bytes()
    assert_refused(site.run('stats'), 1, 'jobs.db')
    assert site.file('jobs.db').read_bytes() == before


def test_a_store_of_a_newer_version_is_refused(site):
    site.enqueue('a')
    with sqlite3.connect(site.file('jobs.db')) as store:
        store.execute('PRAGMA user_version = 9999')
    store.close()
    assert_refused(site.run('stats'), 1, 'newer')


def test_a_folder_that_is_missing_is_said(site):
    assert_refused(site.run('--db', 'sqlite:/no/folder/jobs.db', 'stats'), 1, '/no/folder')


def test_a_folder_in_place_of_the_file_is_said(site):
    site.file('folder.db').mkdir()
    assert_refused(site.run('--db', 'sqlite:folder.db', 'stats'), 1, 'folder.db')


def as_an_owner(site, *args):
    """Runs a command as one to whom modes of files apply: for root, without capabilities."""
    bound = ['setpriv', '--bounding-set=-all'] if os.geteuid() == 0 else []
    return subprocess.run([*bound, MILLHAND, *args], cwd=site.path, env=site.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                          check=False)


@pytest.mark.parametrize('what', ['jobs.db', '.'])
def test_a_store_that_may_not_be_written_is_said(site, what):
    site.enqueue('a')
    mode = site.file(what).stat().st_mode
    site.file(what).chmod(mode & ~0o222)
    assert_refused(as_an_owner(site, 'enqueue', 'a'), 1, 'jobs.db', 'permission denied')
    site.file(what).chmod(mode)
    assert len(site.jobs()) == 1


def test_output_that_nobody_reads_is_no_crash(site):
    site.bulk({'type': 'a'} for _ in range(2000))
    done = subprocess.run(f'{MILLHAND} jobs list --limit 2000 | head -n 1', shell=True,
                          cwd=site.path, env=site.environment(), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0 and done.stderr.count('\n') <= 1


def test_output_that_cannot_be_written_is_a_failure(site):
    with open('/dev/full', 'w', encoding='ascii') as full:
        done = subprocess.run([MILLHAND, 'enqueue', 'a'], stdout=full, stderr=subprocess.PIPE,
                              cwd=site.path, env=site.environment(), text=True, check=False)
    assert done.returncode == 1 and one_line(done.stderr)


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
def test_closed_descriptors_do_not_harm_the_store(site, closed):
    subprocess.run(f'{MILLHAND} enqueue a {closed}; {MILLHAND} enqueue "" {closed}', shell=True,
                   cwd=site.path, env=site.environment(), capture_output=True, check=False)
    assert site.enqueue('b')
    assert {job['type'] for job in site.jobs()} == {'a', 'b'}
    checked = subprocess.run(['sqlite3', str(site.file('jobs.db')), 'PRAGMA integrity_check'],
                             capture_output=True, text=True, check=True)
    assert checked.stdout == 'ok\n'


# --- help

COMMANDS = ['config', 'enqueue', 'health', 'jobs', 'migrate', 'stats', 'tenant', 'type', 'worker']


def test_help_lists_every_command(site):
    text = site.ok('--help')
    for command in COMMANDS:
        assert f' {command} ' in text


@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_has_help(site, command):
    text = site.ok(command, '--help')
    assert f'millhand {command}' in text


def test_help_and_version_need_no_sound_settings(site):
    env = {'LEASE_MS': 'x', 'DATABASE_URL': 'nonsense'}
    assert site.ok('--help', env=env)
    assert site.ok('--version', env=env).startswith('millhand ')


def test_a_worker_that_has_nothing_to_run_says_what_is_built_in(site):
    types = '--types', 'ai_generate,blueprint,index'
    assert_refused(site.run('worker'), 2, 'no handler found', ' '.join(types))
    assert site.run('worker', '--drain', *types).returncode == 0
