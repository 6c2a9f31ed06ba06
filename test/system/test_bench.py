"""`millhand bench`: that it measures, beside a ceiling, and leaves nothing behind."""
import json
import signal
import subprocess

from conftest import MILLHAND, assert_refused, wait_until

FIGURES = {
    ('W1', None, 'jobs/s'): 1,
    ('W2', None, 'jobs/s'): 2,
    ('W3', None, 'jobs/s'): 3,
    ('W4', 'p50', 'ms'): 1,
    ('W4', 'p95', 'ms'): 1,
    ('W4', 'p99', 'ms'): 1,
    ('W5', None, 'jobs/s'): 1,
}


def files(site):
    return sorted(path.name for path in site.path.iterdir())


def test_every_workload_is_measured_beside_its_ceiling(site):
    site.enqueue('mine')
    before = files(site), site.jobs()
    lines = site.json('bench', '--quick')
    seen = [(line['workload'], line['figure'], line['unit']) for line in lines]
    assert {figure: seen.count(figure) for figure in seen} == FIGURES
    for line in lines:
        assert 0 < line['min'] <= line['median'] <= line['max'], line
        assert abs(line['ratio'] - line['median'] / line['ceiling']) < 1e-6 * line['ratio'], line
    assert (files(site), site.jobs()) == before


def test_a_person_gets_a_table(site):
    printed = site.ok('bench', '--quick', '--only', 'W1', '--rounds', 2).splitlines()
    assert printed[0].split()[-6:] == ['unit', 'millhand', 'min', 'max', 'ceiling', 'ratio']
    assert len(printed) == 2 and printed[1].startswith('W1  bulk dispatch')


def test_wrong_use_is_refused(site):
    assert_refused(site.run('bench', '--only', 'W99'), 2, '--only')
    assert_refused(site.run('bench', '--rounds', '0'), 2, '--rounds', '1 to 100')
    assert_refused(site.run('bench', '--jobs', 'many'), 2, '--jobs')
    assert_refused(site.run('--db', 'postgres://host/x', 'bench'), 2, 'SQLite only')
    assert_refused(site.run('--db', 'sqlite:no/such/folder/x', 'bench'), 1, 'no/such/folder')


def test_an_interrupt_leaves_nothing_behind(site):
    before = files(site)
    bench = subprocess.Popen(
        [MILLHAND, 'bench', '--only', 'W2'],
        cwd=site.path,
        env=site.environment(),
        stdout=subprocess.PIPE,
    )
    wait_until(lambda: files(site) != before)
    bench.send_signal(signal.SIGINT)
    assert bench.communicate(timeout=30)[0] == b''
    assert bench.returncode == -signal.SIGINT
    assert files(site) == before
