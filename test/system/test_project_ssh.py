"""Projects over ssh, with an sshd of our own: its port, its keys, and whom it lets in."""
import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import free_port, wait_until
from test_index import TREE, commit, git, index, result, write

SSHD = shutil.which('sshd', path=f'{os.environ["PATH"]}:/usr/sbin')
PRIVILEGES = Path('/run/sshd')  # sshd of Debian wants it of root

CONFIG = '''
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication yes
'''


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@pytest.fixture(scope='module')
def sshd(tmp_path_factory):
    """A folder with keys (host, user, stranger) and repo.git, served at `port`."""
    folder = tmp_path_factory.mktemp('sshd')
    for key in ('host', 'user', 'stranger'):
        options = ('-q', '-t', 'ed25519', '-N', '', '-f', folder / key)
        subprocess.run(['ssh-keygen', *options], check=True)
    work = folder / 'work'
    work.mkdir()
    git(work, 'init', '-q', '-b', 'main')
    write(work, TREE)
    commit(work)
    git(work, 'clone', '-q', '--bare', '.', '../repo.git')
    port = free_port()
    (folder / 'config').write_text(CONFIG.format(port=port, folder=folder))
    if os.getuid() == 0:
        PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
    with (folder / 'log').open('w') as log:
        server = subprocess.Popen([SSHD, '-D', '-e', '-f', folder / 'config'], stderr=log)
    try:
        wait_until(lambda: is_listening(port), what='sshd')
        yield folder, port
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def ssh(site, sshd):
    """Writes the ssh configuration that the worker is given: a function."""
    folder, port = sshd
    (site.path / 'tmp').mkdir()
    config, known = site.path / 'ssh config', site.path / 'known_hosts'
    site.env |= {
        'TMPDIR': str(site.path / 'tmp'),
        'ALLOW_PRIVATE_PROJECTS': '1',
        'PROJECT_SSH_CONFIG': str(config),
        'DISPLAY': ':0',  # a password must not be asked for on a screen either
        'SSH_ASKPASS': '/bin/false',
    }

    def write_config(key, host=f'[127.0.0.1]:{port}'):
        host_key = (folder / 'host.pub').read_text()
        known.write_text(f'{host} {host_key}' if host else '')
        lines = ['IdentitiesOnly yes', f'IdentityFile {folder / key}'] if key else []
        config.write_text('\n'.join([f'UserKnownHostsFile {known}', *lines, '']))

    url = f'ssh://127.0.0.1:{port}{folder}/repo.git'
    site.ok('project', 'add', 'p', '--url', url)
    return write_config


def test_ssh_lets_in_the_right_key_and_is_let_in_by_the_right_host(site, ssh):
    ssh('stranger')
    record = index(site)
    assert (record['status'], record['attempts']) == ('failed', 1)
    assert 'Permission denied (publickey' in record['error']
    assert 'none of the keys' in record['error']
    ssh('user', None)
    record = index(site)
    assert (record['status'], record['attempts']) == ('failed', 1)
    assert 'Host key verification failed' in record['error'], record
    assert 'ssh-keyscan' in record['error']
    ssh('user')
    assert result(site)['files'] == len(TREE)


def test_ssh_takes_its_key_from_an_agent(site, sshd, ssh):
    folder, _port = sshd
    said = subprocess.run(['ssh-agent', '-s'], capture_output=True, text=True, check=True).stdout
    agent = dict(word.rstrip(';').split('=') for word in shlex.split(said) if '=' in word)
    try:
        env = os.environ | agent
        subprocess.run(['ssh-add', '-q', folder / 'user'], env=env, check=True)
        ssh(None)
        site.env['SSH_AUTH_SOCK'] = agent['SSH_AUTH_SOCK']
        assert result(site)['files'] == len(TREE)
    finally:
        os.kill(int(agent['SSH_AGENT_PID']), 15)


def test_the_key_of_a_host_with_a_port_is_looked_up_as_ssh_keyscan_writes_it(site, sshd, ssh):
    """The host is a public one, which our ssh reaches here."""
    folder, port = sshd
    tools = site.path / 'tools'
    tools.mkdir()
    real = shutil.which('ssh')
    (tools / 'ssh').write_text(f'#!/bin/sh\nexec {real} -o HostName=127.0.0.1 "$@"\n')
    (tools / 'ssh').chmod(0o700)
    site.env['PATH'] = f'{tools}:{os.environ["PATH"]}'
    del site.env['ALLOW_PRIVATE_PROJECTS']
    site.ok('project', 'add', 'far', '--url', f'ssh://8.8.8.8:{port}{folder}/repo.git')
    ssh('user', '8.8.8.8')
    assert 'Host key verification failed' in index(site, 'far')['error']
    ssh('user', f'[8.8.8.8]:{port}')
    assert result(site, 'far')['files'] == len(TREE)


def test_a_host_that_does_not_answer_is_told_and_tried_again(site, ssh):
    port = free_port()
    ssh('user')
    site.ok('project', 'add', 'gone', '--url', f'ssh://127.0.0.1:{port}/x.git')
    record = index(site, 'gone')
    assert record['status'] == 'pending', record
    assert 'Connection refused' in record['error']
