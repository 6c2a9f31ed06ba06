"""What one tenant has, and every route of `millhand serve` asked for it by another."""
import time

import pytest
from serve import SECRET, Server, token
from test_index import commit, git, write

MARK = 'zebrafish'  # in all that acme has
TREE = {
    'README.md': f'# {MARK}\n',
    'src/main.c': f'int {MARK}_main(void)\n{{\n    return 0;\n}}\n',
}
KEY = 'ab' * 32


@pytest.fixture(params=['sqlite', 'postgres'])
def tenants(request, site):
    """Acme has one of everything, bolt has nothing."""
    site.env |= {'ALLOW_LOCAL_PROJECTS': '1', 'CREDENTIAL_ENCRYPTION_KEY': KEY}
    site.env['TMPDIR'] = str(site.path)
    if request.param == 'postgres':
        server = request.getfixturevalue('shared_server')
        site.env['DATABASE_URL'] = f'postgres://test@127.0.0.1:{server.port}/postgres'
        site.env['MILLHAND_SCHEMA'] = f'tenants_{time.monotonic_ns()}'
        site.ok('migrate', '--roles')
    site.acme, site.bolt = (site.ok('tenant', 'add', name).strip() for name in ('acme', 'bolt'))
    folder = site.path / MARK
    folder.mkdir()
    git(folder, 'init', '-q', '-b', 'main')
    write(folder, TREE)
    commit(folder)
    own = ('--tenant', 'acme')
    site.sh('bad', f'echo {MARK} >&2; exit 65\n')
    site.ok('credential', 'add', f'{MARK}-key', *own, stdin=MARK)
    site.ok('schedule', 'add', f'{MARK}-nightly', 'bad', '--cron', '@daily', *own)
    site.ok('project', 'add', f'{MARK}-site', '--url', folder, *own)
    site.job_id = site.enqueue('bad', {'word': MARK}, '--unique', f'{MARK}-once', *own)
    site.enqueue('index', {'project': f'{MARK}-site'}, *own)
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    site.enqueue('blueprint', {'project': f'{MARK}-site'}, *own)
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    with Server(site, MILLHAND_JWT_SECRET=SECRET) as server:
        server.acme, server.bolt = token(tenant_id=site.acme), token(tenant_id=site.bolt)
        yield server
        assert server.stop() == 0


def seen_by(server, who):
    """All that can be looked at without knowing a name."""
    paths = server.ask('GET', '/v1/openapi.json').json['paths']
    looks = [path for path in paths if path.startswith('/v1/') and '{' not in path]
    asked = [path for path in looks if 'get' in paths[path] and path != '/v1/events']
    return {path: server.ask('GET', path, token=who) for path in asked}


def words_of(seen):
    """What acme's things are called."""
    project = seen['/v1/projects'].json['projects'][0]
    jobs = [job['id'] for job in seen['/v1/jobs'].json['jobs']]
    return [*jobs, project['id'], project['name'], f'{MARK}-nightly', 'bad']


BODIES = {
    ('PATCH', '/v1/schedules/{name}'): {'paused': True},
    ('PATCH', '/v1/types/{type}/limits'): {'max': 1},
}
QUERIES = {
    '/v1/projects/{name}/search': f'?q={MARK}',
    '/v1/projects/{name}/symbols': '?file=src/main.c',
}


def by_word(paths, words):
    """Every route that has a word in it, with each of the words there."""
    for path, methods in paths.items():
        if '{' not in path or path == '/web/{file}':
            continue
        for method in (name.upper() for name in methods):
            for word in words:
                where = path[: path.index('{')] + word + path[path.index('}') + 1 :]
                yield method, where + QUERIES.get(path, ''), BODIES.get((method, path))


def assert_a_super_admin_reaches_any_project_by_its_id(site, tenants):
    admin = token(tenant_id=None, app_metadata={'role': 'super_admin'})
    (project,) = tenants.ask('GET', '/v1/projects', token=admin).json['projects']
    assert project['tenant_id'] == site.acme
    path = f'/v1/projects/{project["id"]}'
    assert tenants.ask('GET', path, token=admin).json == project
    assert tenants.ask('GET', f'{path}/search?q={MARK}', token=admin).json['hits']
    assert tenants.ask('GET', f'{path}/blueprint', token=admin).json['modules']
    job = tenants.ask('POST', f'{path}/index', token=admin)
    assert (job.status, job.json['tenant_id']) == (201, site.acme)
    assert tenants.ask('GET', f'/v1/projects/{MARK}-site', token=admin).status == 404
    assert tenants.ask('DELETE', path, token=admin).status == 204


def test_no_route_tells_one_tenant_of_another(site, tenants):
    before = seen_by(tenants, tenants.acme)
    words = words_of(before)
    project = words[-4]
    found = tenants.ask('GET', f'/v1/projects/{project}/search?q={MARK}', token=tenants.acme)
    blueprints = f'/v1/projects/{project}/blueprints'
    assert found.json['hits'] and MARK in str(before['/v1/jobs'].json)
    assert tenants.ask('GET', blueprints, token=tenants.acme).json['blueprints'][0]['version'] == 1

    for path, answer in seen_by(tenants, tenants.bolt).items():
        assert MARK not in answer.text and not any(word in answer.text for word in words), path
    paths = tenants.ask('GET', '/v1/openapi.json').json['paths']
    for method, where, body in by_word(paths, words):
        answer = tenants.ask(method, where, body, token=tenants.bolt)
        wanted = 403 if where.startswith('/v1/types/') else 404
        assert answer.status == wanted and MARK not in answer.text, (method, where, answer.text)

    for act in ('cancel', 'retry', 'delete'):
        body = {'ids': [site.job_id]}
        (done,) = tenants.ask('POST', f'/v1/jobs/{act}', body, token=tenants.bolt).json['jobs']
        assert done == {'id': site.job_id, 'done': False, 'code': 'JOB_NOT_FOUND'}
    cursor = tenants.ask('GET', '/v1/jobs?limit=1', token=tenants.acme).json['cursor']
    page = tenants.ask('GET', f'/v1/jobs?cursor={cursor}', token=tenants.bolt).json
    assert page == {'jobs': [], 'cursor': None}
    for nobody in (site.acme, project):
        answer = tenants.ask('GET', f'/v1/jobs?tenant={nobody}', token=tenants.bolt)
        assert answer.code == 'FORBIDDEN', 'whether there is such a tenant or not'
    new = {'name': 'mine', 'url': 'https://example.org/mine.git'}
    theirs, none = (
        tenants.ask('POST', '/v1/projects', {**new, 'credential': name}, token=tenants.bolt)
        for name in (f'{MARK}-key', 'no-such-key')
    )
    assert (theirs.status, theirs.code) == (none.status, none.code) and theirs.status >= 400
    assert theirs.text.replace(f'{MARK}-key', 'no-such-key') == none.text

    after = seen_by(tenants, tenants.acme)
    for path in ('/v1/jobs', '/v1/projects', '/v1/schedules'):
        assert after[path].json == before[path].json, path
    once = {'type': 'bad', 'unique_key': f'{MARK}-once'}
    assert tenants.ask('POST', '/v1/jobs', once, token=tenants.bolt).status == 201
    assert_a_super_admin_reaches_any_project_by_its_id(site, tenants)
