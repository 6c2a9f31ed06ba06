"""The C library as it is installed: its symbols, its header in C and C++, and the examples."""
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import MILLHAND, ROOT, wait_until
from test_documents import block_with

pytestmark = pytest.mark.together

BUILD = Path(MILLHAND).resolve().parent
HEADER = ROOT / 'include' / 'millhand.h'


def run(*args, **options):
    return subprocess.run(
        list(map(str, args)), capture_output=True, text=True, check=False, timeout=60, **options
    )


def ok(*args, **options):
    done = run(*args, **options)
    assert done.returncode == 0, f'{args}: {done.stdout}{done.stderr}'
    return done.stdout


class Tree:
    """What `meson install` leaves, under a folder that stands for /."""

    def __init__(self, root):
        ok('meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', root)
        self.root = root
        self.lib = next(root.rglob('libmillhand.so')).parent
        self.env = {
            **os.environ,
            'PKG_CONFIG_SYSROOT_DIR': str(root),
            'PKG_CONFIG_PATH': str(self.lib / 'pkgconfig'),
            'LD_LIBRARY_PATH': str(self.lib),
        }

    def flags(self, *options):
        return ok('pkg-config', *options, 'millhand', env=self.env).split()

    def compile(self, name, *flags):
        """Builds an example with what pkg-config says, and returns the program."""
        program = self.root / name
        warnings = ['-Wall', '-Wextra', '-Werror']
        ok(
            'cc',
            '-std=gnu99',
            *warnings,
            ROOT / f'examples/c/{name}.c',
            '-o',
            program,
            *(flags or self.flags('--cflags', '--libs')),
        )
        return program


@pytest.fixture(scope='module', name='tree')
def install(tmp_path_factory):
    if not (BUILD / 'build.ninja').exists():
        pytest.skip(f'{BUILD} is not a build folder')
    return Tree(tmp_path_factory.mktemp('tree'))


# --- the header and the shared object


@pytest.mark.parametrize(
    'compiler',
    [
        ('gcc', '-std=c99', '-x', 'c'),
        ('gcc', '-std=c17', '-x', 'c', '-Wconversion'),
        ('clang-14', '-std=c99', '-x', 'c', '-Wdocumentation'),
        ('g++', '-std=c++17', '-x', 'c++'),
        ('g++', '-std=c++11', '-x', 'c++'),
    ],
)
def test_the_header_is_clean_in_c_and_cpp(compiler):
    done = run(
        *compiler,
        '-Wall',
        '-Wextra',
        '-pedantic',
        '-Werror',
        '-fsyntax-only',
        '-',
        input=f'#include "{HEADER}"\n',
    )
    assert done.returncode == 0, done.stderr


def functions():
    found = re.findall(r'^MILLHAND_API [^;(]*?(millhand_\w+)\(', HEADER.read_text(), re.M)
    assert len(found) > 20
    return found


def test_the_manual_names_every_function():
    page = (ROOT / 'man/millhand.3.scd').read_text()
    assert not [name for name in functions() if f'{name}(' not in page]


def test_a_program_in_cpp_works(tree):
    source = tree.root / 'program.cc'
    source.write_text(
        '''
        #include <millhand.h>
        #include <cstdio>
        static int run(millhand_run *run, void *) { return millhand_run_result(run, "[1]", 0); }
        int main(int, char **argv) {
            millhand *mh; millhand_worker *worker; millhand_job *job; millhand_error err;
            millhand_job_spec spec = {}; spec.type = "cpp";
            millhand_handler handler = {}; handler.type = "cpp"; handler.fn = run;
            millhand_worker_options options = {}; options.drain = true;
            options.handlers = &handler; options.handler_count = 1;
            char id[MILLHAND_ID_SIZE];
            if (millhand_open(argv[1], nullptr, &mh, &err) < 0 ||
                millhand_dispatch(mh, &spec, id, &err) < 0 ||
                millhand_worker_new(mh, &options, &worker, &err) < 0 ||
                millhand_worker_run(worker, &err) < 0 || millhand_get(mh, id, &job, &err) < 0)
                return std::puts(err.message), 1;
            std::puts(job->result);
            millhand_job_free(job); millhand_worker_free(worker); millhand_close(mh);
        }'''
    )
    program = tree.root / 'program'
    ok(
        'g++',
        '-std=c++17',
        '-Wall',
        '-Wextra',
        '-pedantic',
        '-Werror',
        source,
        '-o',
        program,
        *tree.flags('--cflags', '--libs'),
    )
    assert ok(program, f'sqlite:{tree.root}/cpp.db', env=tree.env) == '[1]\n'


def test_only_the_functions_of_the_header_are_visible(tree):
    lines = ok('nm', '-D', '--defined-only', tree.lib / 'libmillhand.so').splitlines()
    symbols = {line.split()[-1] for line in lines} - {'MILLHAND_0.1'}
    declared = functions()
    assert symbols == {f'{name}@@MILLHAND_0.1' for name in declared}
    dynamic = ok('readelf', '-d', tree.lib / 'libmillhand.so')
    assert '[libmillhand.so.0]' in dynamic
    for absent in ('libpq', 'libmicrohttpd', 'libcurl'):
        assert absent not in dynamic


# --- the examples, compiled against the installed tree


def ask(tree, program, store, *args):
    return run(program, store, *args, env=tree.env)


def test_the_examples_greet_and_ask(tree, site):
    store = site.env['DATABASE_URL']
    greeter = subprocess.Popen(
        [tree.compile('greet'), store], env=tree.env, text=True, stderr=subprocess.PIPE
    )
    try:
        program = tree.compile('ask')
        assert json.loads(ask(tree, program, store, 'greet', '{"name":"Ada"}').stdout) == {
            'greeting': 'Hello, Ada'
        }
        failed = ask(tree, program, store, 'greet', '{"name":"nobody"}')
        assert failed.returncode == 3 and 'there is nobody to greet' in failed.stderr
        refused = ask(tree, program, store, 'greet', '[]')
        assert refused.returncode == 1 and 'payload: must be a JSON object' in refused.stderr
        greeter.send_signal(signal.SIGTERM)
        log = greeter.communicate(timeout=20)[1]
    finally:
        greeter.kill()
        greeter.wait()
    assert greeter.returncode == 0
    assert log.count('30 job completed {"jobId":') == 1, log


def test_the_example_by_hand(tree, site):
    ids = [site.enqueue('bytes', {}) for _ in range(12)]
    printed = ok(tree.compile('by-hand'), site.env['DATABASE_URL'], 'bytes', env=tree.env)
    assert sorted(line.split()[0] for line in printed.splitlines()) == sorted(ids)
    assert site.job(ids[0])['result'] == [ord('}'), ord('{')]


def test_the_program_of_the_manual_works(tree, site):
    source = tree.root / 'manual.c'
    source.write_text(block_with('doc/c-library.md', 'int main'))
    program = tree.root / 'manual'
    flags = tree.flags('--cflags', '--libs')
    ok('cc', '-Wall', '-Wextra', '-Werror', source, '-o', program, *flags)
    job = site.job(ok(program, site.env['DATABASE_URL'], env=tree.env).strip())
    assert (job['type'], job['status'], job['payload']) == ('greet', 'pending', {'name': 'Ada'})


def test_the_static_library_works_too(tree, site):
    flags = [
        flag.replace('-lmillhand', str(tree.lib / 'libmillhand.a'))
        for flag in tree.flags('--static', '--cflags', '--libs')
    ]
    program = tree.compile('ask', *flags)
    assert 'libmillhand' not in ok('readelf', '-d', program)
    site.sh('length', 'wc -c')
    with site.worker() as worker:
        assert run(program, site.env['DATABASE_URL'], 'length', '{"a":1}').stdout.strip() == '7'
        assert worker.stop() == 0


def test_a_library_that_is_given_no_log_prints_nothing(tree, site):
    program = tree.compile('ask')
    site.sh('quick', 'true')
    with site.worker() as worker:
        done = run(program, site.env['DATABASE_URL'], 'quick', env=tree.env)
        assert (done.returncode, done.stdout, done.stderr) == (0, 'null\n', '')
        wait_until(lambda: worker.logged('job completed'))
        assert worker.stop() == 0
