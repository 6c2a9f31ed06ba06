"""Random acts on a store in a file: after each, what it counts and lists is what it holds.

MILLHAND_TEST_SEED tries another course.
"""
import contextlib
import os
import random
import sqlite3
import subprocess

import pytest
from conftest import wait_until

SEED = int(os.environ.get('MILLHAND_TEST_SEED', '20261'))
STEPS = 70
STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled']
DEFAULT = '00000000-0000-0000-0000-000000000000'
LONG_AGO_MS = 40 * 86400 * 1000  # more than the days that any job is kept

# Each finds what must not be there.
NEVER = {
    'a job without a state': 'SELECT seq FROM job_now WHERE status IS NULL',
    'a job in a span has a status, a unique key or limits': '''
        SELECT seq FROM job JOIN span ON seq BETWEEN first AND last
        WHERE job.status IS NOT NULL OR unique_key IS NOT NULL OR grp IS NOT NULL''',
    'spans overlap': '''
        SELECT a.first, b.first FROM span AS a
        JOIN span AS b ON b.first > a.first AND b.first <= a.last''',
    'a span has a job missing, or one of another lane': '''
        SELECT first FROM span WHERE last - first + 1 <> (
            SELECT count(*) FROM job WHERE seq BETWEEN first AND last AND job.lane = span.lane)''',
    'a processing job is of no lease': '''
        SELECT lease FROM (SELECT lease FROM job UNION SELECT lease FROM span)
        WHERE lease IS NOT NULL AND lease NOT IN (SELECT id FROM lease)''',
    'a job is not among those of its tenant, or one that went is': '''
        SELECT * FROM (SELECT tenant, lane, seq FROM job
                       WHERE seq <= (SELECT seq FROM owned_up_to)
                       EXCEPT SELECT tenant, lane, seq FROM owned)
        UNION ALL
        SELECT * FROM (SELECT tenant, lane, seq FROM owned
                       EXCEPT SELECT tenant, lane, seq FROM job)''',
    'a payload, result or attempt of no job': '''
        SELECT seq FROM (SELECT seq FROM payload UNION SELECT seq FROM result
                         UNION SELECT seq FROM attempt)
        WHERE seq NOT IN (SELECT seq FROM job)''',
    'a job of no tenant': 'SELECT seq FROM job WHERE tenant NOT IN (SELECT number FROM tenant)',
    'the tally differs from a recount': '''
        WITH recount AS (
            SELECT tenant, lane, 0 AS status, count(*) FROM job GROUP BY 1, 2
            UNION ALL
            SELECT -1, lane, 0, count(*) FROM job GROUP BY 2
            UNION ALL
            SELECT tenant, lane, status, count(*) FROM job_now WHERE status >= 2 GROUP BY 1, 2, 3
            UNION ALL
            SELECT -1, lane, status, count(*) FROM job_now WHERE status >= 2 GROUP BY 2, 3),
        told AS (
            SELECT tenant, lane, status, n FROM tally
            WHERE n <> 0 AND (status = 0 OR status >= 2))
        SELECT 'counted', * FROM (SELECT * FROM recount EXCEPT SELECT * FROM told)
        UNION ALL
        SELECT 'told', * FROM (SELECT * FROM told EXCEPT SELECT * FROM recount)''',
}


def ask(site, *statements):
    """Runs statements in one transaction and returns the rows of the last."""
    with contextlib.closing(sqlite3.connect(site.file('jobs.db'))) as db, db:
        for statement in statements:
            rows = db.execute(statement).fetchall()
        return rows


def check_state(site, after):
    for fault, statement in NEVER.items():
        assert ask(site, statement) == [], (fault, after, SEED)


def check_lists(site):
    for number, status in enumerate(STATUSES):
        held = ask(site, f'SELECT count(*) FROM job_now WHERE status = {number}')[0][0]
        assert len(site.jobs('--status', status)) == held, (status, SEED)


class Course:
    """What was done so far: the acts choose among it."""

    def __init__(self, site):
        self.site = site
        self.chance = random.Random(SEED)
        self.ids = []
        self.tenants = {name: site.ok('tenant', 'add', name).strip() for name in ('acme', 'bolt')}
        self.tenants['default'] = DEFAULT

    def one(self):
        tenant = self.chance.choice(list(self.tenants))
        job_type = self.chance.choice(['good', 'bad', 'slow'])
        self.ids.append(self.site.enqueue(job_type, {}, '--tenant', tenant))

    def line(self, tenant, types):
        job = {'type': self.chance.choice(types), 'priority': self.chance.choice([0, 0, 0, 5])}
        if tenant != DEFAULT:
            job['tenant_id'] = tenant
        if self.chance.random() < 0.05:
            job['unique_key'] = str(self.chance.randrange(9))
        if self.chance.random() < 0.05:
            job['delay'] = '300ms'
        return job

    def bulk(self):
        types = self.chance.choice([['good'], ['good', 'good', 'bad', 'slow']])
        tenants = list(self.tenants.values())
        if self.chance.random() < 0.5:
            tenants = [self.chance.choice(tenants)]
        count = self.chance.choice([1, 2, 5, 40])
        self.ids += self.site.bulk(
            self.line(self.chance.choice(tenants), types) for _ in range(count)
        )

    def work(self):
        """A worker that is killed, told to end, or drains."""
        end = self.chance.choice(['kill', 'terminate', 'wait'])
        with self.site.worker('--drain') as worker:
            with contextlib.suppress(subprocess.TimeoutExpired):  # the random moment of the end
                worker.wait(2 if end == 'wait' else self.chance.random() * 0.2)
            if worker.process.poll() is None:
                worker.process.kill() if end == 'kill' else worker.signal()
            worker.wait()

    def act(self):
        """Any of them may be refused, for the job is gone or is not in that state."""
        if self.ids:
            act = self.chance.choice(['cancel', 'retry', 'delete'])
            assert self.site.run('jobs', act, self.chance.choice(self.ids)).returncode in (0, 1)

    def change_type(self):
        acts = [('limit', 'good', '--max', '1'), ('limit', 'good', '--max', 'none')]
        acts += [('pause', 'good'), ('resume', 'good')]
        self.site.run('type', *self.chance.choice(acts))  # refused while there is no such type

    def remove_tenant(self, name):
        self.site.ok('tenant', 'delete', name)
        del self.tenants[name]

    def step(self):
        acts = [self.bulk, self.one, self.work, self.change_type, self.act]
        act = self.chance.choices(acts, [35, 10, 15, 8, 32])[0]
        act()
        return act.__name__


def end_all(site):
    site.ok('type', 'resume', 'good')
    site.ok('type', 'limit', 'good', '--max', 'none')
    with site.worker() as worker:
        wait_until(lambda: not ask(site, 'SELECT 1 FROM job_now WHERE status < 2'), 20)
        assert worker.stop() == 0


def prune_all(site):
    """A worker that starts long after removes every job."""
    past = f'SET completed_at = completed_at - {LONG_AGO_MS}'
    ask(site, f'UPDATE job {past}', f'UPDATE span {past}')
    with site.worker() as worker:
        wait_until(lambda: not ask(site, 'SELECT 1 FROM job'), 10)
        assert worker.stop() == 0


@pytest.fixture
def course(site):
    site.sh('good', 'cat >/dev/null; echo 1\n')
    site.sh('bad', 'cat >/dev/null; exit $(($$ % 3 == 0))\n')
    site.sh('slow', 'cat >/dev/null; sleep 0.05; echo 2\n')
    site.env |= {'LEASE_MS': '1000', 'MAX_CONCURRENT_JOBS': '4', 'BACKOFF_BASE_MS': '10'}
    site.ok('migrate')
    return Course(site)


def test_random_acts_leave_what_is_counted_and_listed_as_it_is_held(site, course):
    for number in range(STEPS):
        if number == STEPS // 2:
            course.remove_tenant('acme')
        name = course.step()
        check_state(site, f'step {number}: {name}')
        if number % 20 == 0:
            check_lists(site)
    end_all(site)
    check_state(site, 'the end of all')
    check_lists(site)
    course.remove_tenant('bolt')
    check_state(site, 'the removal of a tenant')
    assert site.jobs(), 'jobs of the default tenant stayed'
    prune_all(site)
    check_state(site, 'pruning')
