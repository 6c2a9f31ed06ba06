"""The token of a project's credential: git's server gets it, and nobody else ever sees it."""
import os
import subprocess
from pathlib import Path

import pytest
from conftest import wait_until
from git_server import GitServer

KEY = 'ab' * 32
TOKEN = 'ghp_hunter2hunter2hunter2'
TYPE = 'index'


@pytest.fixture(autouse=True)
def is_built_in(site):
    """Skips a program that was built without the type."""
    if site.run('worker', '--types', TYPE, '--drain').returncode == 2:
        pytest.skip(f'there is no built-in type {TYPE}')


@pytest.fixture(name='repository')
def make_repository(tmp_path):
    """A folder with the bare repository repo.git of one commit."""
    folder = tmp_path / 'git'
    env = {
        'PATH': os.environ['PATH'],
        'HOME': str(tmp_path),
        'GIT_CONFIG_GLOBAL': '/dev/null',
        **{
            f'GIT_{who}_{what}': 'a@b'
            for who in ('AUTHOR', 'COMMITTER')
            for what in ('NAME', 'EMAIL')
        },
    }

    def git(*args, where=folder / 'work'):
        where.mkdir(parents=True, exist_ok=True)
        subprocess.run(['git', *args], cwd=where, env=env, check=True, capture_output=True)

    git('init', '-q')
    (folder / 'work' / 'main.c').write_text('int main(void) { return 0; }\n')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('clone', '-q', '--bare', 'work', 'repo.git', where=folder)
    return folder


@pytest.fixture(name='stores', params=['sqlite', 'postgres'])
def make_store(site, request):
    """The site, and what holds all that its store does."""
    site.env |= {
        'CREDENTIAL_ENCRYPTION_KEY': KEY,
        'ALLOW_LOCAL_PROJECTS': '1',
        'LOG_LEVEL': 'trace',
    }
    if request.param == 'sqlite':
        return site, lambda: b''.join(
            path.read_bytes() for path in site.path.glob('jobs.db*') if path.is_file()
        )
    server = request.getfixturevalue('shared_server')
    schema = 's_' + os.urandom(6).hex()
    site.env |= {'DATABASE_URL': server.url(), 'MILLHAND_SCHEMA': schema}
    site.ok('migrate')
    dump = [next(Path('/usr/lib/postgresql').glob('*/bin/pg_dump')), '--schema', schema]
    return (
        site,
        lambda: subprocess.run([*dump, server.url()], check=True, capture_output=True).stdout,
    )


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b''  # it has ended, or is nobody's to read


def processes():
    """Of every process of this machine: its name, its command line and its environment."""
    return [
        (read(path / 'comm').decode().strip(), read(path / 'cmdline'), read(path / 'environ'))
        for path in Path('/proc').glob('[0-9]*')
    ]


def asks(line):
    """It is what git asks for the token, which may be about to end."""
    return line.split(b'\0')[1].startswith((b"Username for '", b"Password for '"))


def cores_of(pattern):
    """The limits of cores of processes that have the text in their environment."""
    return {
        line.split()[4]
        for path in Path('/proc').glob('[0-9]*')
        if pattern.encode() in read(path / 'environ')
        for line in read(path / 'limits').decode().splitlines()
        if line.startswith('Max core file size')
    }


def test_only_git_is_told_the_token(stores, repository):
    site, dump = stores
    with GitServer(repository, 'x-access-token', TOKEN) as server:
        site.ok('credential', 'add', 'c', stdin=TOKEN)
        site.ok('project', 'add', 'p', '--url', server.url('repo.git'), '--credential', 'c')
        server.go.clear()
        job = site.enqueue(TYPE, {'project': 'p'})
        with site.worker('--types', TYPE, '--drain') as worker:
            assert server.fetching.wait(20)
            seen, cores = processes(), cores_of(TOKEN)
            server.go.set()
            assert worker.wait() == 0
            log = str(worker.lines)
        assert server.refused > 0, 'it asks before it is asked'
    told = {(name, line) for name, line, environment in seen if TOKEN.encode() in environment}
    assert told and all(name.startswith('git') or asks(line) for name, line in told), told
    assert cores == {'0'}
    assert not any(TOKEN.encode() in line for _, line, _ in seen)
    assert site.job(job)['status'] == 'completed', site.job(job)
    assert TOKEN not in log + str(site.job(job)) and TOKEN.encode() not in dump()
    assert site.json('credential', 'show', 'c')[0]['used_at']


def test_a_token_that_is_refused_is_in_no_error(stores, repository):
    site, dump = stores
    with GitServer(repository, 'x-access-token', 'another') as server:
        site.ok('credential', 'add', 'c', stdin=TOKEN)
        site.ok('project', 'add', 'p', '--url', server.url('repo.git'), '--credential', 'c')
        job = site.enqueue(TYPE, {'project': 'p'})
        with site.worker('--types', TYPE, '--drain') as worker:
            assert worker.wait() == 0
            log = str(worker.lines)
    record = site.job(job)
    assert (record['status'], record['attempts']) == ('failed', 1), record
    assert 'Authentication failed' in record['error']
    assert TOKEN not in log + str(record) and TOKEN.encode() not in dump()


def test_a_server_that_sends_git_elsewhere_does_not_send_the_token_there(site, repository):
    site.env |= {'CREDENTIAL_ENCRYPTION_KEY': KEY, 'ALLOW_LOCAL_PROJECTS': '1'}
    with GitServer(repository, 'u', TOKEN) as here, GitServer(repository, 'u', TOKEN) as there:
        here.redirect = f'http://127.0.0.1:{there.port}'
        site.ok('credential', 'add', 'c', '--username', 'u', stdin=TOKEN)
        site.ok('project', 'add', 'p', '--url', here.url('repo.git'), '--credential', 'c')
        job = site.enqueue(TYPE, {'project': 'p'})
        with site.worker('--types', TYPE, '--drain') as worker:
            assert worker.wait() == 0
        assert there.refused > 0 and there.fetches == 0
    assert site.job(job)['status'] == 'failed'


def test_without_the_key_only_what_needs_it_fails(site, repository):
    site.env |= {'CREDENTIAL_ENCRYPTION_KEY': KEY, 'ALLOW_LOCAL_PROJECTS': '1'}
    site.ok('credential', 'add', 'c', stdin=TOKEN)
    site.ok('project', 'add', 'closed', '--url', 'http://127.0.0.1:9/a', '--credential', 'c')
    site.ok('project', 'add', 'open', '--url', repository / 'repo.git')
    del site.env['CREDENTIAL_ENCRYPTION_KEY']
    jobs = [site.enqueue(TYPE, {'project': name}) for name in ('closed', 'open')]
    with site.worker('--types', TYPE, '--drain') as worker:
        assert worker.wait() == 0
    closed, opened = map(site.job, jobs)
    assert (closed['status'], closed['attempts']) == ('failed', 1)
    assert 'CREDENTIAL_ENCRYPTION_KEY is not set' in closed['error']
    assert opened['status'] == 'completed', opened


def test_a_cancel_ends_git_too(site, repository):
    site.env |= {'CREDENTIAL_ENCRYPTION_KEY': KEY, 'ALLOW_LOCAL_PROJECTS': '1'}
    with GitServer(repository, 'x-access-token', TOKEN) as server:
        site.ok('credential', 'add', 'c', stdin=TOKEN)
        site.ok('project', 'add', 'p', '--url', server.url('repo.git'), '--credential', 'c')
        server.go.clear()
        with site.worker('--types', TYPE) as worker:
            job = site.enqueue(TYPE, {'project': 'p'})
            assert server.fetching.wait(20)
            site.ok('jobs', 'cancel', job)
            worker.wait_for('job cancelled', jobId=job)
            wait_until(lambda: not any(TOKEN.encode() in e for _, _, e in processes()))
            assert worker.stop() == 0
