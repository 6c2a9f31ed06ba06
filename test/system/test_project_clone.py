"""Ways to a repository, and what is left where one who clones it is killed."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from conftest import wait_until
from git_server import GitServer
from test_index import SLOW_GIT, TREE, commit, found, git, index, left_behind, result, write

TOKEN = 'ghp_hunter2hunter2hunter2'


@pytest.fixture
def repository(site):
    """The folder of a repository, and repo.git beside it."""
    folder = site.path / 'git' / 'work'
    folder.mkdir(parents=True)
    git(folder, 'init', '-q', '-b', 'main')
    write(folder, TREE)
    commit(folder)
    git(folder, 'clone', '-q', '--bare', '.', '../repo.git')
    (site.path / 'tmp').mkdir()
    site.env |= {'TMPDIR': str(site.path / 'tmp'), 'CREDENTIAL_ENCRYPTION_KEY': 'ab' * 32}
    return folder


@pytest.fixture
def certificate(tmp_path):
    """Of 127.0.0.1, signed by itself, with its key."""
    name, path = '/CN=127.0.0.1', tmp_path / 'server.pem'
    options = f'-x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj {name}'
    subprocess.run(
        ['openssl', 'req', *options.split(), '-addext', 'subjectAltName=IP:127.0.0.1']
        + ['-keyout', path, '-out', tmp_path / 'certificate.pem'],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + (tmp_path / 'certificate.pem').read_bytes())
    return path


def test_https_wants_a_certificate_a_token_and_a_host_that_is_everybodys(
    site, repository, certificate
):
    site.ok('credential', 'add', 'right', stdin=TOKEN)
    site.ok('credential', 'add', 'wrong', stdin='another')
    trusted = {'GIT_SSL_CAINFO': str(certificate)}
    private = {'ALLOW_PRIVATE_PROJECTS': '1'}
    cases = [
        ('right', trusted, 'has the private address 127.0.0.1: set ALLOW_PRIVATE_PROJECTS=1', 0),
        ('right', private, 'certificate', 0),
        ('wrong', trusted | private, 'Authentication failed', 1),
        ('right', trusted | private, None, 1),
    ]
    env = dict(site.env)
    with GitServer(repository.parent, 'x-access-token', TOKEN, certificate) as server:
        for number, (credential, more, expected, asked) in enumerate(cases):
            site.env, server.given = env | more, []
            name = f'p{number}'
            site.ok(
                *('project', 'add', name, '--url', server.url('repo.git')),
                *('--credential', credential),
            )
            record = index(site, name)
            assert (record['error'] is None) == (record['status'] == 'completed') == (not expected)
            assert expected is None or expected in record['error'], record
            assert bool(server.given) == bool(asked), (name, server.given)
            if expected and asked:
                assert record['attempts'] == 1
        with GitServer(repository.parent, 'x-access-token', TOKEN, certificate) as elsewhere:
            server.redirect = f'https://127.0.0.1:{elsewhere.port}'
            git(repository, 'commit', '-q', '--allow-empty', '-m', 'x')
            assert index(site, 'p3')['status'] == 'failed'
            assert elsewhere.given and set(elsewhere.given) == {None}


FAKE_SSH = '''#!/bin/sh
printf '%s\\n' "$*" >>{log}
for last; do :; done
exec sh -c "$last"
'''


def test_ssh_asks_nobody_and_keeps_to_the_address_that_was_checked(site, repository):
    tools, log = site.path / 'tools', site.path / 'ssh.log'
    tools.mkdir()
    (tools / 'ssh').write_text(FAKE_SSH.format(log=log))
    (tools / 'ssh').chmod(0o700)
    site.env['PATH'] = f'{tools}:{os.environ["PATH"]}'
    path = repository.parent / 'repo.git'
    site.ok('project', 'add', 'in', '--url', f'git@localhost:{path}')
    site.ok('project', 'add', 'out', '--url', f'ssh://git@8.8.8.8:22{path}')
    record = index(site, 'in')
    assert 'has the private address' in record['error'] and not log.exists()
    assert index(site, 'out')['status'] == 'completed'
    for line in log.read_text().splitlines():
        assert '-o BatchMode=yes' in line
        assert '-o HostName=8.8.8.8 -o CheckHostIP=no -o HostKeyAlias=8.8.8.8 ' in line
    site.env['ALLOW_PRIVATE_PROJECTS'] = '1'
    assert index(site, 'in')['status'] == 'completed'


@pytest.fixture
def project(site, repository):
    """The repository as the project `p`, a folder of this machine."""
    site.env |= {'ALLOW_LOCAL_PROJECTS': '1', 'LEASE_MS': '1000'}
    site.ok('project', 'add', 'p', '--url', repository)
    return repository


def hold(site, tool, stage):
    """Has a tool stop for a minute, once, where its arguments have the word; what tells of it."""
    tools = site.path / 'tools'
    tools.mkdir()
    script = SLOW_GIT.replace('sleep 60', 'exec sleep 60')
    real = shutil.which(tool)
    (tools / tool).write_text(script.format(stage=stage, folder=tools, git=real, after=0))
    (tools / tool).chmod(0o700)
    site.env['PATH'] = f'{tools}:{os.environ["PATH"]}'
    return tools / 'stopped'


def test_one_job_at_a_time_has_a_project_however_it_is_named(site, project):
    stopped = hold(site, 'git', 'clone')
    (shown,) = site.json('project', 'show', 'p')
    first = site.enqueue('index', {'project': 'p'})
    with site.worker('--types', 'index', '--concurrency', '2') as worker:
        wait_until(stopped.exists)
        second = site.enqueue('index', {'project': shown['id']})
        worker.wait_for('job put off', jobId=second)
        site.ok('jobs', 'cancel', first)
        record = site.wait_for_status(second, 'completed')
    assert (record['attempts'], record['result']['files']) == (1, len(TREE))


def test_a_blueprint_too_is_drawn_by_one_job_at_a_time(site, project):
    assert result(site)['files'] == len(TREE)
    (shown,) = site.json('project', 'show', 'p')
    with socket.create_server(('127.0.0.1', 0)) as silent:
        asked = {
            'ANTHROPIC_API_KEY': 'k',
            'ANTHROPIC_MODEL': 'm',
            'ANTHROPIC_BASE_URL': f'http://127.0.0.1:{silent.getsockname()[1]}',
        }
        first = site.enqueue('blueprint', {'project': 'p'})
        with site.worker('--types', 'blueprint', '--concurrency', '2', **asked) as worker:
            silent.settimeout(20)
            connection, _ = silent.accept()
            second = site.enqueue('blueprint', {'project': shown['id'], 'budget_tokens': 0})
            worker.wait_for('job put off', jobId=second)
            assert site.json('project', 'show', 'p')[0]['state'] == 'indexed'
            site.ok('jobs', 'cancel', first)
            connection.close()
            assert site.wait_for_status(second, 'completed')['result']['version'] == 1


def descendants(path):
    """Processes whose environment names the folder."""
    found = []
    for process in Path('/proc').glob('[0-9]*'):
        try:
            env = (process / 'environ').read_bytes()
        except OSError:
            continue
        if str(path).encode() in env and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


@pytest.mark.parametrize(
    ('tool', 'stage'), [('git', 'clone'), ('git', 'checkout'), ('ctags', ''), (None, 'store')]
)
def test_a_worker_that_is_killed_leaves_nothing_to_the_next(site, project, tool, stage):
    stopped = hold(site, tool or 'git', stage if tool else 'ls-files')
    job = site.enqueue('index', {'project': 'p'}, '--max-attempts', '1')
    worker = site.worker('--types', 'index')
    wait_until(stopped.exists)
    lock = sqlite3.connect(site.path / 'jobs.db', isolation_level=None, timeout=10)
    if tool is None:  # so that the job is held where it writes what it found
        lock.execute('BEGIN IMMEDIATE')
    worker.signal(signal.SIGKILL)
    worker.wait()
    wait_until(lambda: not descendants(site.path / 'tmp'), what='the end of all processes')
    if tool is None:
        lock.execute('ROLLBACK')
    lock.close()
    assert left_behind(site)
    with site.worker('--types', 'index') as after:
        after.wait_for('removed what was left of clones')
        assert left_behind(site) == []
        site.wait_for_status(job, 'failed')
    assert result(site)['read'] == len(TREE) - 1
    store = sqlite3.connect(site.path / 'jobs.db')
    ((unseen,),) = store.execute(
        'SELECT count(*) FROM index_file f JOIN project_index i ON f.born <> i.run'
    )
    (shown,) = site.json('project', 'show', 'p')
    assert (unseen, shown['state'], shown['path']) == (0, 'indexed', '')


@pytest.mark.parametrize('filters', [True, False])
def test_a_second_run_fetches_only_what_changed(site, repository, filters):
    """Where the server knows filters; elsewhere all of it, to the same end."""
    bare = repository.parent / 'repo.git'
    git(bare, 'config', 'uploadpack.allowFilter', str(filters).lower())
    (repository / 'large.txt').write_bytes(os.urandom(100000).hex().encode())
    (repository / 'go.mod').write_text('module example.org/x\n')
    commit(repository)
    git(repository, 'push', '-q', '../repo.git', 'main')
    site.env['ALLOW_LOCAL_PROJECTS'] = '1'
    site.ok('credential', 'add', 'c', stdin=TOKEN)
    with GitServer(repository.parent, 'x-access-token', TOKEN) as server:
        site.ok('project', 'add', 'p', '--url', server.url('repo.git'), '--credential', 'c')
        first = result(site)
        assert server.sent > 100000
        write(repository, {'tool/util.py': 'def divide(text):\n    return text\n', 'new.c': ''})
        git(repository, 'rm', '-q', 'web/load.ts')
        commit(repository)
        git(repository, 'push', '-q', '../repo.git', 'main')
        server.sent = 0
        second = result(site)
    # What changed and what came, and one whose import means nothing any more.
    assert (second['read'], second['files']) == (3, first['files'])
    assert (server.sent < 50000) == filters
    assert found(site, 'divide', '--symbols') == ['tool/util.py:1: function divide(text)']
    assert left_behind(site) == []


STOPPING_TOOL = '''#!/bin/sh
if [ -e {folder}/stop-{tool} ]; then
    read -r word <{folder}/stop-{tool}
    case "$*" in *"$word"*) mv {folder}/stop-{tool} {folder}/stopped; sleep 60;; esac
fi
exec {real} "$@"
'''

# So that publishing takes for ever, the store locked meanwhile.
SLOW_PUBLISHING = '''
CREATE TRIGGER slow BEFORE UPDATE OF run ON project_index BEGIN
    SELECT count(*) FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                          SELECT x FROM n LIMIT 1000000000000);
END
'''


def is_locked(database):
    """For longer than any transaction takes."""
    store = sqlite3.connect(database, isolation_level=None, timeout=0.5)
    try:
        store.execute('BEGIN IMMEDIATE')
        return False
    except sqlite3.OperationalError:
        return True
    finally:
        store.close()


def test_a_child_that_is_killed_alone_leaves_nothing(site, project):
    """At each stage; its worker lives, and the next attempt does it all."""
    tools, database = site.path / 'tools', site.path / 'jobs.db'
    tools.mkdir()
    for tool in ('git', 'ctags'):
        script = STOPPING_TOOL.format(folder=tools, tool=tool, real=shutil.which(tool))
        (tools / tool).write_text(script)
        (tools / tool).chmod(0o700)
    site.env['PATH'] = f'{tools}:{os.environ["PATH"]}'
    site.env['LEASE_MS'] = '10000'
    site.conf('index', backoff_base='300ms')
    stages = [*(('git', w) for w in ('clone', 'ls-files', 'checkout')), ('ctags', ''), (None, '')]
    with site.worker('--types', 'index') as worker:

        def kill_at(tool, word, attempts):
            name = f'{tool}-{word}-{attempts}'
            site.ok('project', 'add', name, '--url', project)
            if tool:
                (tools / f'stop-{tool}').write_text(f'{word}\n')
            else:
                store = sqlite3.connect(database, isolation_level=None)
                store.execute(SLOW_PUBLISHING)
            job = site.enqueue('index', {'project': name}, '--max-attempts', str(attempts))
            wait_until((tools / 'stopped').exists if tool else lambda: is_locked(database))
            (child,) = subprocess.run(
                ['pgrep', '-P', str(worker.process.pid)], capture_output=True, text=True
            ).stdout.split()
            os.kill(int(child), signal.SIGKILL)
            if tool:
                (tools / 'stopped').unlink()
            else:
                store.execute('DROP TRIGGER slow')
                store.close()
            return name, site.wait_for_status(job, 'completed' if attempts > 1 else 'failed')

        others = lambda: [p for p in descendants(site.path) if p != worker.process.pid]
        for tool, word in stages:
            name, record = kill_at(tool, word, 2)
            assert (record['attempts'], record['result']['read']) == (2, len(TREE) - 1), tool
            wait_until(lambda: not others(), what='the end of all processes')
            assert left_behind(site) == []
            (shown,) = site.json('project', 'show', name)
            assert (shown['state'], shown['path']) == ('indexed', '')
        kill_at('git', 'clone', 1)
        assert left_behind(site) != []
        worker.stop()
    assert left_behind(site) == []  # also without a next attempt


@pytest.mark.parametrize('how', ['KILL', 'cancel'])
@pytest.mark.parametrize('kind', ['blueprint', 'ai_generate'])
def test_one_that_waits_for_a_model_is_ended(site, project, kind, how):
    assert result(site)['files'] == len(TREE)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        asked = {
            'ANTHROPIC_API_KEY': 'k',
            'ANTHROPIC_MODEL': 'm',
            'ANTHROPIC_BASE_URL': f'http://127.0.0.1:{silent.getsockname()[1]}',
        }
        payload = {'project': 'p'} if kind == 'blueprint' else {'prompt': 'x'}
        job = site.enqueue(kind, payload, '--max-attempts', '1')
        with site.worker('--types', kind, **asked) as worker:
            silent.settimeout(20)
            connection, _ = silent.accept()
            (child,) = subprocess.run(
                ['pgrep', '-P', str(worker.process.pid)], capture_output=True, text=True
            ).stdout.split()
            if how == 'KILL':
                os.kill(int(child), signal.SIGKILL)
                site.wait_for_status(job, 'failed')
            else:
                site.ok('jobs', 'cancel', job)
                worker.wait_for('job cancelled', jobId=job)
            wait_until(lambda: not Path('/proc', child).exists())
            connection.close()
    if kind == 'blueprint':
        assert 'no blueprint yet' in site.run('blueprint', 'p').stderr
        again = site.enqueue(kind, json.dumps({'project': 'p'}))
        assert site.run('worker', '--drain', '--types', kind).returncode == 0
        assert site.job(again)['result']['version'] == 1
