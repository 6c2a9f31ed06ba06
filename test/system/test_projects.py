"""Projects and credentials as people and tenants meet them: commands, and /v1/projects."""
import json
import os
import pty

from conftest import MILLHAND, assert_refused
from serve import DEFAULT, SECRET, Server, token

KEY, NEW_KEY = 'ab' * 32, 'cd' * 32
SECRET_TOKEN = 'ghp_hunter2hunter2'


def with_key(site, **more):
    site.env |= {'CREDENTIAL_ENCRYPTION_KEY': KEY, **more}


def add_credential(site, name='c', *options, text=SECRET_TOKEN + '\n'):
    return site.ok('credential', 'add', name, *options, stdin=text)


def test_a_token_is_read_and_never_shown(site):
    with_key(site)
    add_credential(site, 'c', '--host', 'github.com')
    shown = site.ok('credential', 'list') + site.ok('credential', 'show', 'c', '--json')
    assert SECRET_TOKEN not in shown and 'github.com' in shown
    (record,) = site.json('credential', 'show', 'c')
    assert set(record) == {
        'tenant_id',
        'name',
        'username',
        'host',
        'key_id',
        'used_at',
        'created_at',
        'updated_at',
    }
    assert_refused(site.run('credential', 'add', 'c', stdin='x'), 1, 'there is one of this name')
    site.ok('credential', 'add', 'c', '--replace', '--username', 'me', stdin='other')
    assert site.json('credential', 'show', 'c')[0]['username'] == 'me'
    for path in site.path.iterdir():
        if path.is_file():
            assert SECRET_TOKEN.encode() not in path.read_bytes(), path
    site.ok('credential', 'delete', 'c')
    assert_refused(site.run('credential', 'delete', 'c'), 1, 'no such credential: c')


def test_a_terminal_shows_nothing_of_the_token(site):
    with_key(site)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(site.path)
        os.execve(MILLHAND, [MILLHAND, 'credential', 'add', 'c'], site.environment())
    seen = b''
    while b'Token: ' not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, SECRET_TOKEN.encode() + b'\n')
    try:
        while chunk := os.read(terminal, 1000):
            seen += chunk
    except OSError:
        pass  # its end, on Linux
    assert os.waitpid(pid, 0)[1] == 0 and SECRET_TOKEN.encode() not in seen
    assert site.json('credential', 'list')[0]['name'] == 'c'


def test_what_is_no_token_and_a_key_that_is_missing_are_refused(site):
    missing = site.run('credential', 'add', 'c', stdin='x')
    assert_refused(missing, 2, 'CREDENTIAL_ENCRYPTION_KEY is not set')
    with_key(site)
    for text in ('', '\n', 'two words', 'two\nlines'):
        assert_refused(site.run('credential', 'add', 'c', stdin=text), 2, 'the token')
    assert_refused(site.run('credential', 'add', 'c', stdin='x' * 5000), 1, 'longer than')
    assert site.json('credential', 'list') == []


def test_rotation_seals_with_the_new_key(site):
    with_key(site)
    add_credential(site, 'a')
    add_credential(site, 'b')
    old = site.json('credential', 'show', 'a')[0]['key_id']
    site.env['CREDENTIAL_ENCRYPTION_KEY'] = NEW_KEY
    lost = site.run('credential', 'rotate')
    assert lost.returncode == 1 and f'sealed with key {old}' in lost.stderr
    site.env['CREDENTIAL_ENCRYPTION_KEY_OLD'] = KEY
    assert '2 credentials sealed' in site.ok('credential', 'rotate')
    assert '0 credentials sealed' in site.ok('credential', 'rotate')
    assert old not in site.ok('credential', 'list')


def test_urls_that_are_no_repository_are_refused(site):
    for url, words in (
        ('ext::sh', 'runs a program'),
        ('https://me:hunter2@h/a', 'a password in it'),
        ('-oProxyCommand=x', 'takes for an option'),
        ('/tmp/a', 'ALLOW_LOCAL_PROJECTS=1'),
        ('http://h/a', 'in clear'),
        ('https://h/\x1b[2J', 'control character'),
    ):
        refused = site.run('project', 'add', 'p', f'--url={url}')
        assert_refused(refused, 2, words)
        assert 'hunter2' not in refused.stderr
    assert_refused(site.run('project', 'add', 'p', '--url', 'https://h/a', '--ref=-x'), 2, 'ref')
    missing = site.run('project', 'add', 'p', '--url', 'https://h/a', '--credential', 'c')
    assert_refused(missing, 1, 'there is no credential c')


def test_a_project_is_added_shown_and_deleted(site):
    project = site.ok('project', 'add', 'p', '--url', 'git@h.org:a/b', '--ref', 'main').strip()
    (shown,) = site.json('project', 'show', project)
    assert (shown['name'], shown['ref'], shown['state']) == ('p', 'main', 'new')
    assert [p['name'] for p in site.json('project', 'list')] == ['p']
    site.ok('project', 'delete', 'p')
    assert_refused(site.run('project', 'show', 'p'), 1, 'no such project: p')


def test_both_move_with_their_store(site):
    with_key(site)
    acme = site.ok('tenant', 'add', 'acme').strip()
    add_credential(site, 'c', '--tenant', acme)
    site.ok('project', 'add', 'p', '--tenant', acme, '--url', 'https://h/a', '--credential', 'c')
    target = f'sqlite:{site.path}/target.db'
    for _ in range(2):  # and again, over what is there
        site.ok('move', '--to', target)
    site.env |= {'DATABASE_URL': target, 'CREDENTIAL_ENCRYPTION_KEY': NEW_KEY}
    site.env['CREDENTIAL_ENCRYPTION_KEY_OLD'] = KEY
    assert '1 credential sealed' in site.ok('credential', 'rotate'), 'it opens there'
    assert site.json('project', 'list')[0]['credential'] == 'c'


# --- over HTTP


def test_a_tenant_has_its_own_projects_over_http(site):
    with_key(site, MILLHAND_JWT_SECRET=SECRET)
    acme = site.ok('tenant', 'add', 'acme').strip()
    for name, host in (('bound', 'h.org'), ('any', None)):
        add_credential(site, name, '--tenant', acme, *(('--host', host) if host else ()))
    site.ok('project', 'add', 'theirs', '--url', 'https://h.org/theirs')
    with Server(site) as server:
        server.token = token(tenant_id=acme)
        body = {'name': 'p', 'url': 'https://h.org/a', 'credential': 'bound', 'ref': None}
        made = server.ask('POST', '/v1/projects', body)
        assert made.status == 201 and made.json['state'] == 'new', made.text
        for more, status in (
            ({}, 409),
            ({'url': 'https://evil.org/a'}, 403),
            ({'credential': 'any'}, 403),
            ({'credential': 'none'}, 422),
            ({'url': 'ssh://git@h.org/a'}, 403),
            ({'url': 'ext::sh'}, 422),
            ({'url': '/etc'}, 422),
            ({'token': 'x'}, 422),
            ({'name': 'a b'}, 422),
        ):
            answer = server.ask('POST', '/v1/projects', body | more)
            assert answer.status == status, (more, answer.text)
        assert [p['name'] for p in server.ask('GET', '/v1/projects').json['projects']] == ['p']
        assert server.ask('GET', f'/v1/projects/{made.json["id"]}').json == made.json
        for method, path in (
            ('GET', 'theirs'),
            ('DELETE', 'theirs'),
            ('POST', 'theirs/index'),
            ('GET', 'a%20b'),
        ):
            assert server.ask(method, f'/v1/projects/{path}').code == 'PROJECT_NOT_FOUND'
        first = server.ask('POST', '/v1/projects/p/index')
        again = server.ask('POST', f'/v1/projects/{made.json["id"]}/index')
        assert (first.status, again.status) == (201, 200) and first.json['id'] == again.json['id']
        assert (first.json['type'], first.json['payload']) == ('index', {'project': 'p'})
        assert server.ask('POST', '/v1/projects/p/blueprint').json['type'] == 'blueprint'
        assert server.ask('GET', '/v1/credentials').status == 404
        assert server.ask('DELETE', '/v1/projects/p').status == 204
        server.token = token(tenant_id=DEFAULT)
        assert [p['name'] for p in server.ask('GET', '/v1/projects').json['projects']] == ['theirs']
        assert server.stop() == 0
    assert SECRET_TOKEN not in json.dumps(site.jobs())
