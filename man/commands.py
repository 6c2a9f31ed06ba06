"""The commands and settings of a millhand, as it prints them: what the manual is made from."""
import re
import subprocess
from dataclasses import dataclass, field


@dataclass
class Option:
    name: str  # with its dashes
    value: str  # what its value is called, '' for a flag
    help: str


@dataclass
class Command:
    words: list
    usage: str
    text: str  # what the help says before its tables
    summary: str = ''
    options: list = field(default_factory=list)
    verbs: list = field(default_factory=list)
    examples: list = field(default_factory=list)


@dataclass
class Setting:
    name: str
    default: str  # what holds unless it is set, or ''
    notes: list  # what it is for, then what is expected


def printed(program, *args):
    return subprocess.run([program, *args], capture_output=True, text=True, check=True).stdout


def rows(text, title):
    """The (left, right) of each indented line below "TITLE:"."""
    found = re.search(rf'^{title}.*:\n((?:  .*\n)+)', text, re.M)
    for line in found.group(1).splitlines() if found else []:
        left, _, right = line.strip().partition('  ')
        yield left.strip(), right.strip()


def options(text):
    for left, right in rows(text, 'Options'):
        name, _, value = left.partition(' ')
        yield Option(name, value, right)


def examples(text):
    found = re.search(r'^Examples:\n((?:  .*\n)+)', text, re.M)
    return [line[2:] for line in found.group(1).splitlines()] if found else []


def prose(text):
    """Between the usage and the first table."""
    body = text.split('\n\n', 1)[1]
    return (
        re.split(r'\n(?:Commands|Options|Examples)[^\n]*:\n', '\n' + body)[0]
        .split('\nOptions of every command')[0]
        .strip()
    )


def command(program, words, summary=''):
    text = printed(program, *words, '--help')
    found = Command(
        words,
        text.split('\n')[0].removeprefix('Usage: '),
        prose(text),
        summary,
        list(options(text)),
        examples=examples(text),
    )
    if len(words) == 1:
        found.verbs = [
            command(program, words + [left.split()[0]], right)
            for left, right in rows(text, 'Commands')
        ]
    return found


def all_of(program):
    """(the commands, the options of every command)"""
    overview = printed(program, 'help')
    return (
        [command(program, [name], summary) for name, summary in rows(overview, 'Commands')],
        list(options(overview)),
    )


def settings(example):
    """Those of .env.example, which the program prints and a unit test compares."""
    for block in example.split('\n\n')[1:]:
        *lines, last = [line.removeprefix('# ') for line in block.strip().split('\n')]
        name, default = last.removeprefix('#').split('=', 1)
        notes = [line for line in lines if not line.startswith('unless set: ')]
        for line in lines[len(notes) :]:
            default = line.removeprefix('unless set: ')
        yield Setting(name, default, notes)
