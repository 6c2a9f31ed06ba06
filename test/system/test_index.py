"""The job type index and the search in what it found, on repositories made here."""
import json
import os
import signal
import subprocess
import time

import pytest

from serve import DEFAULT, SECRET, Server, token

TREE = {
    'README.md': '# Tool\n\nParses requests.\n',
    'src/main.c': '#include "parse.h"\n#include <stdio.h>\n\nint main(void)\n{ return 0; }\n',
    'src/parse.h': '/* Parses. */\nstruct request {\n    int size;\n};\n',
    'tool/app.py': 'from . import util\n\n\ndef parse_request(text):\n    return util.split(0)\n',
    'tool/util.py': '"""Helps."""\n\n\ndef split(text):\n    return text.split()\n',
    'tool/__init__.py': '',
    'web/app.ts': "import { load } from './load';\nexport function start() { load(); }\n",
    'web/load.ts': 'export const load = () => 1;\n',
    'data.bin': 'a\0b',
    'Makefile.am': 'bin_PROGRAMS = tool\ntool_SOURCES = src/main.c\n',
}


def git(folder, *args):
    env = {'PATH': os.environ['PATH'], 'HOME': '/nonexistent', 'GIT_CONFIG_NOSYSTEM': '1'}
    for who in ('AUTHOR', 'COMMITTER'):
        env |= {f'GIT_{who}_NAME': 'n', f'GIT_{who}_EMAIL': 'n@example.org'}
    run = subprocess.run(['git', '-C', folder, *args], env=env, capture_output=True, check=True)
    return run.stdout.decode().strip()


def write(folder, tree):
    for name, text in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def commit(folder):
    git(folder, 'add', '-A')
    git(folder, 'commit', '-q', '-m', 'm')
    return git(folder, 'rev-parse', 'HEAD')


@pytest.fixture
def project(site):
    """A repository of several languages, added as the project `p`."""
    folder = site.path / 'repository'
    folder.mkdir()
    git(folder, 'init', '-q', '-b', 'main')
    write(folder, TREE)
    commit(folder)
    (site.path / 'tmp').mkdir()
    site.env |= {'ALLOW_LOCAL_PROJECTS': '1', 'TMPDIR': str(site.path / 'tmp')}
    site.ok('project', 'add', 'p', '--url', str(folder))
    return folder


def index(site, project='p'):
    """Runs one index job to its end; its record."""
    job = site.ok('enqueue', 'index', json.dumps({'project': project})).strip()
    run = site.run('worker', '--drain', '--types', 'index')
    assert run.returncode == 0, run.stderr
    return site.json('jobs', 'show', job)[0]


def result(site, project='p'):
    record = index(site, project)
    assert record['status'] == 'completed', record
    return record['result']


def left_behind(site):
    """What is in work folders; where one goes meanwhile, what was seen of it."""
    _top, *rest = os.walk(site.path / 'tmp')
    return [name for _folder, dirs, files in rest for name in dirs + files]


def found(site, *words):
    return site.run('search', 'p', *words).stdout.splitlines()


def test_an_index_counts_and_finds_what_is_there(site, project):
    got = result(site)
    assert got['commit'] == git(project, 'rev-parse', 'HEAD')
    assert got['files'] == len(git(project, 'ls-files').splitlines()) == len(TREE)
    assert got['lines'] == sum(t.count('\n') for t in TREE.values() if '\0' not in t)
    tags = subprocess.run(
        ['ctags', '--options=NONE', '-f', '-', '--recurse', '.'], cwd=project, capture_output=True
    )
    assert got['symbols'] == tags.stdout.count(b'\n')
    assert got['languages']['Python'] == {
        **{'files': 3, 'lines': 10, 'code': 5, 'comments': 1, 'blanks': 4}
    }
    assert (got['read'], left_behind(site)) == (len(TREE) - 1, [])
    (shown,) = site.json('project', 'show', 'p')
    assert (shown['state'], shown['path'], shown['commit']) == ('indexed', '', got['commit'])
    assert found(site, 'parseRequest') == [
        'tool/app.py:4: function parse_request(text)',
        'README.md:3: Parses requests.',
        'src/parse.h:1: /* Parses. */',
        'tool/app.py:4: def parse_request(text):',
    ]
    assert found(site, 'split', '--symbols') == ['tool/util.py:4: function split(text)']
    assert site.run('search', 'p', 'nothing').returncode == 1
    (hit,) = [json.loads(x) for x in found(site, 'main', '--symbols', '--json')]
    assert (hit['path'], hit['line'], hit['kind']) == ('src/main.c', 4, 'function')


def test_a_second_run_reads_only_what_changed(site, project):
    first = result(site)
    again = result(site)
    assert (again['read'], again['files']) == (0, first['files'])
    write(project, {'tool/util.py': 'def divide(text):\n    return text\n', 'web/new.ts': ''})
    git(project, 'rm', '-q', 'web/load.ts')
    commit(project)
    third = result(site)
    # The two that changed, and the one whose import means nothing any more.
    assert (third['read'], third['files']) == (3, first['files'])
    assert found(site, 'split', '--symbols') == []
    assert found(site, 'divide', '--symbols') == ['tool/util.py:1: function divide(text)']
    assert found(site, 'load', '--symbols') == []


def test_a_go_mod_that_changes_says_what_imports_mean(site, project):
    go = {
        'go.mod': 'module a\n',
        'main.go': 'package main\n\nimport "a/x"\n',
        'x/x.go': 'package x\n',
    }
    write(project, go)
    commit(project)
    result(site)
    write(project, {'x/x.go': 'package x\n\nvar X = 1\n'})
    commit(project)
    assert result(site)['read'] == 1
    write(project, {'go.mod': 'module b\n'})
    commit(project)
    assert result(site)['read'] == 2  # and what imports by the old name


def test_a_folder_that_is_no_repository_is_read_where_it_is(site, project):
    folder = site.path / 'plain'
    write(folder, {**TREE, '.gitignore': '*.py\n!util.py\n/web/\n', 'web/x/y': ''})
    site.ok('project', 'add', 'plain', '--url', str(folder))
    got = result(site, 'plain')
    assert (got['commit'], got['files'], got['read']) == (None, 7, 6)
    (folder / 'tool' / 'util.py').write_text('x = 1\n')
    assert result(site, 'plain')['read'] <= 2  # the changed one, and the binary one is not read


def test_hostile_repositories_do_no_harm(site, project):
    secret, mark = site.path / 'secret.c', site.path / 'ran'
    secret.write_text('int hidden_symbol;\n')
    write(
        project,
        {
            '.ctags.d/x.ctags': '--langdef=Evil\n--map-C=+.evil\n',
            '.ctags': f'--_interactive=default\n--exec={mark}\n',
            '.gitattributes': '* filter=evil diff=evil\n',
            '.gitmodules': f'[submodule "m"]\n path = m\n url = ext::sh -c "touch {mark}"\n',
            '-f': 'int dash;\n',
            'new\nline.c': 'int newline_symbol;\n',
            'deep/' * 100 + 'x.c': 'int deep_symbol;\n',
            'huge.c': 'int huge_symbol;\n' * 100000,
            'x/.gitignore': '*a*a*a*a*a*a*a*a*a*a*b\n' * 1000,
            'x/' + 'a' * 200: '',
            'bad.c': 'int bad_symbol;\n' + '\\' * 5000 + '"' * 5000,
        },
    )
    (project / 'out').symlink_to('/')
    (project / 'loop').symlink_to('.')
    (project / 'link.c').symlink_to(secret)
    with open(os.fsencode(project) + b'/\xff.c', 'w') as file:
        file.write('int bytes_symbol;\n')
    git(project, 'config', 'core.fsmonitor', f'touch {mark}')
    git(project, 'config', 'filter.evil.smudge', f'touch {mark}')
    git(project, '-c', 'core.fsmonitor=false', 'add', '-A')
    git(project, '-c', 'core.fsmonitor=false', 'commit', '-q', '-m', 'm')
    mark.unlink(missing_ok=True)
    got = result(site)
    assert got['files'] == len(TREE) + 12
    for word in ('dash', 'newline_symbol', 'deep_symbol', 'bytes_symbol'):
        assert bool(found(site, word)), word
    for word in ('hidden_symbol', 'huge_symbol'):
        assert found(site, word) == []
    assert found(site, 'bytes_symbol', '--symbols') == ['\\377.c:1: variable bytes_symbol']
    assert not mark.exists() and secret.exists()
    assert left_behind(site) == []


POINTER = """version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""


def test_what_looks_like_more_than_files_is_files(site, project):
    """A bare repository, once all around and once inside, a submodule, and files of LFS."""
    mark, home = site.path / 'ran', site.path / 'home'
    run = f'touch {mark}'
    bare = {
        'HEAD': 'ref: refs/heads/main\n',
        'config': f'[core]\n bare = true\n fsmonitor = "{run}"\n sshCommand = "{run}"\n'
        f'[filter "lfs"]\n smudge = "{run}"\n process = "{run}"\n required = true\n',
        'objects/x': '',
        'refs/x': '',
        'hooks/post-checkout': f'#!/bin/sh\n{run}\n',
    }
    write(project, bare | {f'inside/{name}': text for name, text in bare.items()})
    write(
        project,
        {
            'photo.txt': POINTER,
            '.gitattributes': '*.txt filter=lfs diff=lfs merge=lfs -text\n',
            '.gitmodules': '[submodule "m"]\n path = m\n'
            f' url = "ext::sh -c \'{run}\'"\n update = !{run}\n',
        },
    )
    (project / 'hooks' / 'post-checkout').chmod(0o755)
    git(project, 'add', '-A')
    git(project, 'update-index', '--add', '--cacheinfo', f'160000,{"1" * 40},m')
    git(project, 'commit', '-q', '-m', 'm')
    home.mkdir()
    (home / '.gitconfig').write_text(bare['config'].replace('bare = true', ''))
    site.env['HOME'] = str(home)
    got = result(site)
    assert got['files'] == len(TREE) + 2 * len(bare) + 3
    assert found(site, '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393') == [
        'photo.txt:2: ' + POINTER.splitlines()[1]
    ]
    assert not mark.exists() and left_behind(site) == []


def test_a_small_repository_that_unfolds_to_billions_of_files_is_refused(site, project):
    assert result(site)['files'] == len(TREE)
    tree = git(project, 'rev-parse', 'HEAD^{tree}')
    for _ in range(10):
        lines = ''.join(f'040000 tree {tree}\t{name}\n' for name in range(10))
        made = subprocess.run(
            ['git', '-C', project, 'mktree'], input=lines.encode(), capture_output=True, check=True
        )
        tree = made.stdout.decode().strip()
    bomb = git(project, 'commit-tree', '-m', 'm', tree)
    git(project, 'update-ref', 'refs/heads/main', bomb)
    record = index(site)
    assert (record['status'], record['attempts']) == ('failed', 1), record
    assert 'the tree has more than 500000 files' in record['error']
    assert left_behind(site) == []


def test_tenants_browse_what_is_theirs_over_http(site, project):
    result(site)
    other = site.ok('tenant', 'add', 'other').strip()
    site.env['MILLHAND_JWT_SECRET'] = SECRET
    with Server(site) as server:
        server.token = token(tenant_id=DEFAULT)
        ask = lambda path: server.ask('GET', '/v1/projects/p' + path)
        (hit,) = ask('/search?q=parseRequest&in=symbols').json['hits']
        assert (hit['path'], hit['line'], hit['text']) == ('tool/app.py', 4, 'parse_request')
        page = ask('/files?path=tool&limit=2').json
        assert [f['path'] for f in page['files']] == ['tool/__init__.py', 'tool/app.py']
        page = ask('/files?path=tool&after=' + page['after']).json
        assert ([f['symbols'] for f in page['files']], page['after']) == ([1], None)
        (symbol,) = ask('/symbols?file=src/main.c').json['symbols']
        assert (symbol['name'], symbol['kind'], symbol['line']) == ('main', 'function', 4)
        for path in ('/search?q=%2B', '/search?q=a&limit=0', '/symbols', '/files?limit=1x'):
            assert ask(path).status == 400, path
        server.token = token(tenant_id=other)
        assert ask('/search?q=main').status == ask('/files').status == 404


SLOW_GIT = '''#!/bin/sh
case "$*" in *{stage}*)
    if [ ! -e {folder}/stopped ]; then
        touch {folder}/stopped
        [ {after} = 1 ] && {git} "$@"
        sleep 60
    fi;;
esac
exec {git} "$@"
'''


@pytest.mark.parametrize('stage', ['clone', 'checkout', 'ls-files'])
@pytest.mark.parametrize('how', ['KILL', 'cancel'])
def test_one_that_is_ended_leaves_nothing(site, project, stage, how):
    tools = site.path / 'tools'
    tools.mkdir()
    real = subprocess.run(['sh', '-c', 'command -v git'], capture_output=True, text=True)
    script = SLOW_GIT.format(stage=stage, folder=tools, git=real.stdout.strip(), after=1)
    (tools / 'git').write_text(script)
    (tools / 'git').chmod(0o700)
    site.env['PATH'] = f'{tools}:{os.environ["PATH"]}'
    job = site.ok('enqueue', 'index', '{"project":"p"}', '--max-attempts', '1').strip()
    worker = site.worker('--types', 'index')
    deadline = time.monotonic() + 30
    while not (tools / 'stopped').exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert left_behind(site) != []
    assert site.json('project', 'show', 'p')[0]['state'] == 'indexing'
    if how == 'KILL':
        for child in subprocess.run(
            ['pgrep', '-P', str(worker.process.pid)], capture_output=True, text=True
        ).stdout.split():
            os.killpg(int(child), signal.SIGKILL)
    else:
        site.ok('jobs', 'cancel', job)
    while site.json('jobs', 'show', job)[0]['status'] == 'processing' or (
        how == 'cancel' and left_behind(site)
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker.stop()
    assert result(site)['read'] == len(TREE) - 1
    assert left_behind(site) == []
    (shown,) = site.json('project', 'show', 'p')
    assert (shown['state'], shown['path']) == ('indexed', '')


def test_what_cannot_be_indexed_says_why(site, project):
    assert 'there is no project' in index(site, 'none')['error']
    site.ok('project', 'add', 'gone', '--url', '/nonexistent/x.git')
    record = index(site, 'gone')
    assert record['status'] == 'failed' and record['error']
    assert site.json('project', 'show', 'gone')[0]['state'] == 'failed'
