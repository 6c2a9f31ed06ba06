"""`millhand bench`: that it measures, beside a ceiling, and leaves nothing behind."""
import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import MILLHAND, assert_refused, wait_until

MEMBERS = ['store', 'workload', 'title', 'figure', 'unit', 'jobs', 'rounds', 'median', 'min', 'max',
           'ceiling', 'ratio']

FIGURES = {
    ('W1', None, 'jobs/s'): 1,
    ('W2', None, 'jobs/s'): 2,
    ('W3', None, 'jobs/s'): 3,
    ('W4', 'p50', 'ms'): 2,
    ('W4', 'p95', 'ms'): 2,
    ('W4', 'p99', 'ms'): 2,
    ('W5', None, 'jobs/s'): 1,
    ('W6', 'first tenth', 'jobs/s'): 1,
    ('W6', 'last tenth', 'jobs/s'): 1,
    **{
        ('W7', f"{who}'s {what}, {when}", unit): 1
        for who in ('worker', 'server')
        for what, when, unit in (
            ('memory', 'idle', 'MB'),
            ('time', 'idle', 'ms/min'),
            ('memory', 'loaded', 'MB'),
            ('time', 'loaded', 'us/job'),
        )
    },
    ('W8', None, 'ms'): 1,
    ('W9', 'dispatch', 'jobs/s'): 1,
    ('W9', 'drain', 'jobs/s'): 1,
}
ALONE = [('W4', 'pick-up, half load'), ('W7', 'cost'), ('W8', 'start to first claim')]


class File:
    """A SQLite store, and what lies around it."""
    name = 'sqlite'
    only = 'W1,W2,W3,W4,W5,W6,W7,W8,W9'
    server_is_seen = False  # there is none

    def __init__(self, site):
        self.site = site
        self.options = ()
        site.enqueue('mine')

    def around(self):
        return sorted(path.name for path in self.site.path.iterdir()), self.site.jobs()


class Schema:
    """A database in which bench may make a schema, and its schemas."""
    name = 'postgres'
    only = 'W1,W2,W3,W6,W7,W8'  # of the others no part is PostgreSQL's own, and a schema is dear
    server_is_seen = os.geteuid() == 0  # others may not look at its memory

    def __init__(self, server):
        self.server = server
        self.options = ('--db', server.url())

    def around(self):
        return self.server.sql('SELECT nspname FROM pg_namespace ORDER BY 1')


@pytest.fixture(params=['sqlite', 'postgres'])
def ground(request, site):
    if request.param == 'sqlite':
        return File(site)
    return Schema(request.getfixturevalue('shared_server'))


def test_every_workload_is_measured_beside_its_ceiling(site, ground):
    before = ground.around()
    lines = site.json(*ground.options, 'bench', '--quick', '--only', ground.only, timeout=80)
    seen = [(line['workload'], line['figure'], line['unit']) for line in lines]
    wanted = {figure: n for figure, n in FIGURES.items() if figure[0] in ground.only}
    assert {figure: seen.count(figure) for figure in seen} == wanted
    for line in lines:
        assert list(line) == MEMBERS and line['store'] == ground.name
        if (line['figure'] or '').startswith("server's") and not ground.server_is_seen:
            continue
        idle = line['unit'] == 'ms/min'  # which may well be 0
        assert (0 if idle else 1e-9) <= line['min'] <= line['median'] <= line['max'], line
        if (line['workload'], line['title']) in ALONE:
            assert line['ceiling'] is None and line['ratio'] is None
        else:
            ratio = line['median'] / line['ceiling']
            assert abs(line['ratio'] - ratio) < 1e-6 * line['ratio'], line
    assert ground.around() == before


def test_a_person_gets_a_table(site):
    printed = site.ok('bench', '--quick', '--only', 'W1', '--rounds', 2).splitlines()
    assert printed[0].split()[-6:] == ['unit', 'millhand', 'min', 'max', 'ceiling', 'ratio']
    assert len(printed) == 2 and printed[1].startswith('W1  bulk dispatch')


def test_wrong_use_is_refused(site):
    assert_refused(site.run('bench', '--only', 'W99'), 2, '--only')
    assert_refused(site.run('bench', '--rounds', '0'), 2, '--rounds', '1 to 100')
    assert_refused(site.run('bench', '--jobs', 'many'), 2, '--jobs')
    nowhere = site.run('--db', 'postgres://127.0.0.1:1/x', 'bench', '--only', 'W1')
    assert_refused(nowhere, 1, 'W1', '127.0.0.1')
    assert_refused(site.run('--db', 'sqlite:no/such/folder/x', 'bench'), 1, 'no/such/folder')


def test_an_interrupt_leaves_nothing_behind(site, ground):
    before = ground.around()
    bench = subprocess.Popen(
        [MILLHAND, *ground.options, 'bench', '--only', 'W2', '--jobs', '1000000'],
        cwd=site.path,
        env=site.environment(),
        stdout=subprocess.PIPE,
    )
    wait_until(lambda: ground.around() != before)
    bench.send_signal(signal.SIGINT)
    assert bench.communicate(timeout=30)[0] == b''
    assert bench.returncode == -signal.SIGINT
    assert ground.around() == before


def children(pid):
    """Its children, and theirs; those that have ended and wait for their parent are none."""
    found = set()
    for stat in Path('/proc').glob('[0-9]*/stat'):
        with suppress(OSError):
            fields = stat.read_text().rsplit(')', 1)[1].split()
            if int(fields[1]) == pid and fields[0] != 'Z':
                found |= {int(stat.parent.name)} | children(int(stat.parent.name))
    return found


def test_a_second_interrupt_leaves_no_process_behind(site):
    bench = subprocess.Popen([MILLHAND, 'bench', '--only', 'W7'], cwd=site.path,
                             env=site.environment(), stdout=subprocess.PIPE)
    wait_until(lambda: len(children(bench.pid)) == 2)  # a worker and its persistent child
    left = children(bench.pid)
    for _ in range(2):
        bench.send_signal(signal.SIGINT)
    assert bench.wait(timeout=10) == -signal.SIGINT
    wait_until(lambda: not any(Path(f'/proc/{pid}/exe').exists() for pid in left))
