"""Completions: the real shells are asked, for words a person would begin."""
import re
import shutil
import subprocess

import pytest
from conftest import MILLHAND, ROOT

pytestmark = pytest.mark.together

BASH = '''
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_millhand
printf '%s\\n' "${COMPREPLY[@]}"
'''


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """The completions of a shell, by its name."""
    folder = tmp_path_factory.mktemp('completions')

    def make(shell):
        path = folder / shell
        made = subprocess.run(
            [ROOT / 'man' / 'completions', MILLHAND, shell],
            capture_output=True,
            text=True,
            check=True,
        )
        path.write_text(made.stdout)
        return path

    return make


def in_bash(script, *words):
    done = subprocess.run(
        ['bash', '-c', BASH, 'bash', script, 'millhand', *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ''
    return done.stdout.split()


def in_fish(script, *words):
    line = ' '.join(['millhand', *words])
    done = subprocess.run(
        ['fish', '--no-config', '-c', f'source {script}; complete -C "{line}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    return [row.split('\t')[0] for row in done.stdout.splitlines()]


@pytest.mark.parametrize('shell, ask', [('bash', in_bash), ('fish', in_fish)])
def test_a_shell_offers_what_fits(made, shell, ask):
    if shutil.which(shell) is None:
        pytest.skip(f'no {shell}')
    script = made(shell)
    assert ask(script, 'enq') == ['enqueue']
    assert set(ask(script, 'jobs', '')) == {'cancel', 'delete', 'list', 'retry', 'show', 'wait'}
    assert ask(script, 'jobs', 'list', '--st') == ['--status']
    assert set(ask(script, 'jobs', 'list', '--status', 'c')) == {'completed', 'cancelled'}
    assert ask(script, '--db', 'x', 'worker', '--dr') == ['--drain']


def test_every_command_is_offered(made):
    listed = subprocess.run([MILLHAND, 'help'], capture_output=True, text=True, check=True).stdout
    block = re.search(r'^Commands:\n((?:  .*\n)+)', listed, re.M).group(1)
    commands = set(re.findall(r'^  (\S+)', block, re.M))
    assert set(in_bash(made('bash'), '')) == commands
    zsh = made('zsh').read_text()
    for command in commands:
        assert f"'{command}:" in zsh


def test_zsh_reads_its_completions(made):
    if shutil.which('zsh') is None:
        pytest.skip('no zsh')
    done = subprocess.run(['zsh', '-n', made('zsh')], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
