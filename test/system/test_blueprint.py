"""The job type blueprint: from an index to versions of it, with a model and without."""
import json
import re

import pytest

from serve import DEFAULT, SECRET, Server, token
from test_ai_generate import HEAD, Model, fault, start, stop, text
from test_index import commit, git, index, write

TREE = {
    'README.md': '# Mill\n\nGrinds *grain*.\n',
    'api/serve.c': '#include "../core/core.h"\nint serve(void) { return core_grind(); }\n',
    'api/serve.h': '/* Answers requests. */\nint serve(void);\n',
    'core/core.c': '#include "core.h"\n#include "../api/serve.h"\nint core_grind() { return 1; }',
    'core/core.h': '/* Grinds what came. */\nint core_grind(void);\n',
    'odd/a|`b.c': 'int odd;\n',
}


@pytest.fixture
def project(site):
    """A repository, indexed as the project `p`."""
    folder = site.path / 'repository'
    folder.mkdir()
    git(folder, 'init', '-q', '-b', 'main')
    write(folder, TREE)
    commit(folder)
    (site.path / 'tmp').mkdir()
    site.env |= {'ALLOW_LOCAL_PROJECTS': '1', 'TMPDIR': str(site.path / 'tmp')}
    site.ok('project', 'add', 'p', '--url', str(folder))
    assert index(site)['status'] == 'completed'
    return folder


def blueprint(site, **payload):
    """Runs one job to its end; its record."""
    job = site.ok('enqueue', 'blueprint', json.dumps({'project': 'p', **payload})).strip()
    run = site.run('worker', '--drain', '--types', 'blueprint')
    assert run.returncode == 0, run.stderr
    return site.json('jobs', 'show', job)[0]


def result(site, **payload):
    record = blueprint(site, **payload)
    assert record['status'] == 'completed', record
    return record['result']


def shown(site, *options):
    return json.loads(site.ok('blueprint', 'p', '--json', *options))


def purposes(site):
    """Of the whole, of each module and of each file: from where, and what."""
    whole = shown(site)
    found = {'': (whole['purpose_from'], whole['purpose'])}
    for module in whole['modules']:
        found[module['name']] = (module['purpose_from'], module['purpose'])
        for file in module['files']:
            found[file['path']] = (file['purpose_from'], file['purpose'])
    return found


def test_a_blueprint_says_what_a_project_is_made_of(site, project):
    assert 'no blueprint yet' in site.run('blueprint', 'p').stderr
    got = result(site)
    assert got == {'version': 1, 'modules': 4, 'files': len(TREE), 'cycles': 1, 'tokens': 0}
    made = shown(site)
    assert made['commit'] == git(project, 'rev-parse', 'HEAD')
    modules = {module['name']: module for module in made['modules']}
    assert list(modules) == ['.', 'api', 'core', 'odd']
    assert modules['api']['depends_on'] == [{'module': 'core', 'imports': 1}]
    assert made['cycles'][0]['modules'] == ['api', 'core']
    assert made['cycles'][0]['path'][1] == {
        **{'from': 'core', 'to': 'api', 'file': 'core/core.c', 'imports': 'api/serve.h'}
    }
    (grind,) = [s for f in modules['core']['files'] for s in f['symbols'] if s['used_by']]
    assert (grind['name'], grind['used_by']) == ('core_grind', 1)
    found = purposes(site)
    assert found[''] == ('readme', 'Grinds grain.')
    assert found['core'] == found['core/core.h'] == ('comment', 'Grinds what came.')
    markdown = site.ok('blueprint', 'p')
    assert markdown.startswith('# Blueprint of p\n\nGrinds grain.\n')
    assert '- `api` → `core` → `api`\n' in markdown
    assert '| `` odd/a\\|`b.c `` |' in markdown


def test_versions_are_kept_and_the_same_index_gives_the_same_bytes(site, project):
    assert [result(site)['version'] for _ in range(2)] == [1, 2]
    write(project, {'new/new.c': 'int x;\n'})
    commit(project)
    index(site)
    assert result(site)['version'] == 3
    old = ('--version', '1'), ('--version', '2')
    assert len({site.ok('blueprint', 'p', *options) for options in old}) == 1
    assert 'new/new.c' in site.ok('blueprint', 'p')
    versions = site.json('blueprint', 'p', '--list')
    assert [v['version'] for v in versions] == [3, 2, 1]
    assert 'no version 9' in site.run('blueprint', 'p', '--version', '9').stderr
    site.env |= {'MILLHAND_JWT_SECRET': SECRET}
    with Server(site) as server:
        own = token(tenant_id=DEFAULT)
        path = '/v1/projects/p/blueprint'
        assert server.ask('GET', path, token=own).json == shown(site)
        answer = server.ask('GET', path + '?version=1&format=markdown', token=own)
        assert answer.headers['Content-Type'].startswith('text/markdown')
        assert answer.text == site.ok('blueprint', 'p', '--version', '1')
        assert server.ask('GET', path + '?version=9', token=own).status == 404
        assert server.ask('GET', path + '?version=x', token=own).status == 400
        other = token(tenant_id='11111111-1111-1111-1111-111111111111')
        assert server.ask('GET', path, token=other).status == 404


def test_without_an_index_it_fails_for_good(site, project):
    site.ok('project', 'add', 'q', '--url', str(project))
    record = blueprint(site, project='q')
    assert (record['status'], record['attempts']) == ('failed', 1)
    assert 'no index yet' in record['error']


async def write_purposes(request, _wire):
    """One line for each file; of modules and the whole a sentence."""
    files = re.findall(r'^File (\d+): (\S+)$', request.prompt, re.M)
    lines = [f'{number}. Is {path} of the model.\n' for number, path in files]
    return HEAD + start() + text(''.join(lines) or 'Is a part | of the model.\n') + stop(tokens=5)


def test_a_model_writes_purposes_once(site, project):
    with Model({'For': [write_purposes], 'Say': [write_purposes]}) as model:
        site.env |= {
            **{'ANTHROPIC_API_KEY': 'k', 'ANTHROPIC_BASE_URL': model.base, 'ANTHROPIC_MODEL': 'm'}
        }
        assert result(site, budget_tokens=0)['tokens'] == 0
        assert model.tries == {}
        assert result(site, budget_tokens=10)['model_error'].startswith('the budget of 10 tokens')
        first = result(site)
        asked = [len(model.tries[word]) for word in ('For', 'Say')]
        assert (asked, first['tokens']) == ([4, 5], 9 * 30)
        found = purposes(site)
        assert found['api/serve.c'] == ('model', 'Is api/serve.c of the model.')
        assert found['core'] == found[''] == ('model', 'Is a part | of the model.')
        assert result(site)['tokens'] == 0
        write(project, {'core/core.h': '/* Mills. */\nint core_grind(void);\n'})
        commit(project)
        index(site)
        # One file, and its module; what the whole is made up of is called as it was.
        assert result(site)['tokens'] == 2 * 30
        (last,) = [request.prompt for request in model.tries['For'][4:]]
        assert 'core/core.h' in last and 'core/core.c' not in last


def test_a_model_that_fails_leaves_what_was_found(site, project):
    with Model({'For': [fault('invalid_request_error', 'no', 400)]}) as model:
        site.env |= {
            **{'ANTHROPIC_API_KEY': 'k', 'ANTHROPIC_BASE_URL': model.base, 'ANTHROPIC_MODEL': 'm'}
        }
        got = result(site)
        assert (got['version'], len(model.tries['For'])) == (1, 1)
        assert 'no' in got['model_error']
    assert purposes(site)['core'] == ('comment', 'Grinds what came.')
