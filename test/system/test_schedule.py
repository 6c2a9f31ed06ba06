"""Schedules: when they fire, that each slot has one job, and what people do with them."""
import datetime
import random
import sqlite3
import time
import zoneinfo

import pytest
from conftest import assert_refused, wait_until

SEED = 20261
MINUTE = datetime.timedelta(minutes=1)
UTC = datetime.timezone.utc


# --- the two nights, by Python's own time zones and a clock on the wall

ALL = set(range(60))
# The expression, its minutes and hours, and whether it follows the clock on the wall.
EXPRESSIONS = [
    ('30 2 * * *', {30}, {2}, False),
    ('0,30 0-3 * * *', {0, 30}, {0, 1, 2, 3}, False),
    ('*/20 * * * *', {0, 20, 40}, ALL, True),
    ('15 */2 * * *', {15}, set(range(0, 24, 2)), True),
    ('@daily', {0}, {0}, False),
    ('@hourly', {0}, ALL, True),
]
NIGHTS = [
    ('Europe/Berlin', '2026-03-28T12:00:00Z'), ('Europe/Berlin', '2026-10-24T12:00:00Z'),
    ('America/New_York', '2026-03-07T12:00:00Z'), ('America/New_York', '2026-10-31T12:00:00Z'),
    ('Australia/Lord_Howe', '2026-04-04T00:00:00Z'),
    ('Australia/Lord_Howe', '2026-10-03T00:00:00Z'),
    ('America/Santiago', '2026-04-04T12:00:00Z'), ('America/Santiago', '2026-09-05T12:00:00Z'),
    ('Africa/Casablanca', '2026-02-14T12:00:00Z'), ('Africa/Casablanca', '2026-03-21T12:00:00Z'),
    ('Asia/Kolkata', '2026-03-28T12:00:00Z'),
]


def walk(minutes, hours, wild, zone, start):
    """The slots of 36 hours, minute by minute, as crond sees them."""
    def shows(local):
        return local.minute in minutes and local.hour in hours
    tz = zoneinfo.ZoneInfo(zone)
    seen = start.astimezone(tz).replace(tzinfo=None)  # the latest that the wall has shown
    for number in range(1, 36 * 60):
        now = start + number * MINUTE
        local = now.astimezone(tz).replace(tzinfo=None)
        skipped = []
        again = local <= seen
        if not wild and not again:
            skipped = [seen + i * MINUTE for i in range(1, (local - seen) // MINUTE)]
        if any(map(shows, skipped)) or (shows(local) and (wild or not again)):
            yield now
        seen = max(seen, local)


@pytest.mark.parametrize('zone, start', NIGHTS)
def test_slots_of_the_two_nights_are_those_of_crond(site, zone, start):
    begin = datetime.datetime.fromisoformat(start.replace('Z', '+00:00'))
    for expression, minutes, hours, wild in EXPRESSIONS:
        want = [slot.strftime('%Y-%m-%dT%H:%M:%S.000Z')
                for slot in walk(minutes, hours, wild, zone, begin)]
        seen = site.json('schedule', 'next', expression, '--tz', zone, '--from', start, '--count',
                         len(want))
        assert [row['slot'] for row in seen] == want, (expression, zone)


# --- firing


def slots_of(jobs, name):
    """The slots that jobs are of, in their order."""
    return sorted(job['correlation_id'].split('@')[1] for job in jobs
                  if job['correlation_id'].startswith(name + '@'))


def fire_while_workers_are_killed(site):
    """Each slot must have exactly one job."""
    site.sh('tick', 'exit 0\n')
    chance = random.Random(SEED)
    workers = [site.worker(LEASE_MS=1000) for _ in range(3)]
    try:
        for worker in workers:  # asleep, before there is a schedule
            worker.wait_for('worker starting')
        site.ok('schedule', 'add', 'second', 'tick', '--cron', '* * * * * *', '--missed', 'all')
        first = site.json('schedule', 'show', 'second')[0]['created_at']

        def enough():
            number = chance.randrange(len(workers))
            workers[number].process.kill()
            workers[number].wait()
            workers[number] = site.worker(LEASE_MS=1000)
            time.sleep(chance.random() * 0.3)  # the random moment of the kill
            return len(site.jobs('--type', 'tick')) >= 4
        wait_until(enough, 20)
        site.ok('schedule', 'delete', 'second')
        jobs = site.jobs('--type', 'tick')
    finally:
        for worker in workers:
            worker.process.kill()
            worker.wait()
    made = datetime.datetime.fromisoformat(first[:19]).replace(tzinfo=UTC)
    text = [(made + datetime.timedelta(seconds=i)).strftime('%Y-%m-%dT%H:%M:%SZ')
            for i in range(len(jobs) + 1)]
    # The first slot was worked out just before the schedule was written, perhaps a second earlier.
    assert slots_of(jobs, 'second') in (text[:-1], text[1:])
    assert all(job['run_at'] == job['correlation_id'].split('@')[1].replace('Z', '.000Z')
               for job in jobs)


def test_each_slot_has_one_job_while_workers_are_killed(site):
    fire_while_workers_are_killed(site)


def test_missed_slots_are_handled_as_asked(site):
    now = datetime.datetime.now(UTC).replace(microsecond=0, second=0)
    then = now - datetime.timedelta(minutes=30)  # the last of four slots; far from the next
    site.sh('t', 'echo "$MILLHAND_CORRELATION_ID" >>@DIR@/ran\n')
    for name, options in {'one': [], 'skip': ['--missed', 'skip'], 'all': ['--missed', 'all'],
                          'alone': ['--missed', 'all', '--overlap', 'skip'],
                          'paused': []}.items():
        site.ok('schedule', 'add', name, 't', '--cron', f'{then.minute} * * * *', *options)
    with sqlite3.connect(site.path / 'jobs.db') as store:
        start = then - datetime.timedelta(hours=3)
        store.execute('UPDATE schedule SET next_at = ?', [int(start.timestamp() * 1000)])
    site.ok('schedule', 'pause', 'paused')
    site.ok('schedule', 'resume', 'paused')
    with site.worker('--drain', '--concurrency', 4) as worker:
        assert worker.wait() == 0
        assert worker.logged('schedule fired', schedule='all', jobs=4)
        assert worker.logged('schedule fired', schedule='skip', jobs=0)
    jobs = site.jobs()
    text = [(start + datetime.timedelta(hours=i)).strftime('%Y-%m-%dT%H:%M:%SZ') for i in range(4)]
    assert slots_of(jobs, 'one') == text[3:]
    assert slots_of(jobs, 'skip') == []
    assert slots_of(jobs, 'all') == text
    assert slots_of(jobs, 'alone') == text[:1]
    assert slots_of(jobs, 'paused') == []
    assert {job['status'] for job in jobs} == {'completed'}
    assert len(site.wait_for_file('ran', 6)) == 6
    later = then + datetime.timedelta(hours=1)
    assert {row['next_at'] for row in site.json('schedule', 'list')} == {
        later.strftime('%Y-%m-%dT%H:%M:%S.000Z')}


def test_a_schedule_that_cannot_be_fired_is_named_and_holds_up_no_other(site):
    for name in ('broken', 'sound'):
        site.ok('schedule', 'add', name, 't', '--cron', '@daily')
    with sqlite3.connect(site.path / 'jobs.db') as store:  # as on a machine without its zone
        store.execute("UPDATE schedule SET next_at = next_at - 172800000,"
                      " tz = CASE name WHEN 'broken' THEN 'Mars/Base' ELSE tz END")
    site.sh('t', 'exit 0\n')
    with site.worker('--once') as worker:
        assert worker.wait() == 0
        line = worker.wait_for('schedule cannot be fired', schedule='broken')
        assert 'Mars/Base' in line['error']
        assert not worker.logged('store failed, trying again')
    assert [job['status'] for job in site.jobs()] == ['completed']
    assert site.json('schedule', 'list')[0]['next_at'] < site.json('schedule', 'list')[1]['next_at']


def test_hundreds_that_cannot_be_fired_hold_up_no_other(site):
    site.sh('t', 'exit 0\n')
    site.ok('schedule', 'add', 'good', 't', '--cron', '* * * * *')
    with sqlite3.connect(site.path / 'jobs.db') as store:
        store.execute('UPDATE schedule SET next_at = 2000')
        columns = [row[1] for row in store.execute('PRAGMA table_info(schedule)')]
        changed = {'id': 'NULL', 'name': "'bad' || n", 'tz': "'Gone/City'", 'next_at': '1000'}
        store.execute(
            'WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 250) '
            f'INSERT INTO schedule SELECT {", ".join(changed.get(name, name) for name in columns)} '
            'FROM schedule, c'
        )
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
        assert worker.logged('schedule cannot be fired', schedule='bad1')
    assert [job['status'] for job in site.jobs()] == ['completed']


# --- people


def test_a_schedule_is_added_shown_edited_paused_and_deleted(site):
    added = site.json('schedule', 'add', 'report', 'mail', '--cron', '30 7 * * mon-fri', '--tz',
                      'Europe/Berlin', '--payload', '{"to": "ann"}', '--priority', 7,
                      '--max-attempts', 2)[0]
    assert list(added) == ['name', 'tenant_id', 'type', 'cron', 'tz', 'payload', 'priority',
                           'max_attempts', 'missed', 'overlap', 'paused', 'next_at', 'last_at',
                           'created_at', 'updated_at']
    assert (added['payload'], added['priority'], added['max_attempts']) == ({'to': 'ann'}, 7, 2)
    assert (added['missed'], added['overlap'], added['last_at']) == ('one', 'allow', None)
    shown = site.json('schedule', 'show', 'report')[0]
    assert shown['upcoming'][0] == added['next_at'] and len(shown['upcoming']) == 5
    text = site.ok('schedule', 'show', 'report')
    assert 'Europe/Berlin' in text and ' 07:30:00 +0' in text
    assert '30 7 * * mon-fri' in site.ok('schedule', 'list')

    edited = site.json('schedule', 'edit', 'report', '--cron', '@yearly', '--payload', '-',
                       '--type', 'letter', stdin='{"to": "bob"}')[0]
    assert (edited['cron'], edited['type'], edited['priority']) == ('@yearly', 'letter', 7)
    assert edited['payload'] == {'to': 'bob'}
    assert edited['next_at'].endswith('-12-31T23:00:00.000Z')

    assert site.ok('schedule', 'pause', 'report') == 'paused\n'
    assert site.json('schedule', 'list')[0]['next_at'] is None
    assert site.ok('schedule', 'resume', 'report').startswith('next 20')
    assert site.json('schedule', 'list')[0]['next_at'] == edited['next_at']
    site.ok('schedule', 'delete', 'report')
    assert site.ok('schedule', 'list') == ''


def test_tenants_have_schedules_of_their_own(site):
    tenant = site.ok('tenant', 'add', 'acme').strip()
    site.ok('schedule', 'add', 's', 'a', '--cron', '@daily')
    site.ok('schedule', 'add', 's', 'b', '--cron', '@daily', '--tenant', 'acme')
    assert tenant in site.ok('schedule', 'list')
    assert [row['type'] for row in site.json('schedule', 'list', '--tenant', 'acme')] == ['b']
    assert site.json('schedule', 'show', 's')[0]['type'] == 'a'
    site.ok('tenant', 'delete', 'acme')
    assert [row['type'] for row in site.json('schedule', 'list')] == ['a']


@pytest.mark.parametrize('status, args, words', [
    (2, ['add', 's', 't'], ['--cron is needed']),
    (2, ['add', 's', 't', '--cron', '* * 0 * *'], ['day of month "0"', 'expected 1 to 31']),
    (2, ['add', 's', 't', '--cron', '0 0 30 2 *'], ['no month of these has such a day']),
    (2, ['add', 's', 't', '--cron', '* * * *'], ['expected 5 fields', 'not 4']),
    (2, ['add', 's', 't', '--cron', '@daily', '--tz', 'Europe/Atlantis'], ['Europe/Atlantis']),
    (2, ['add', 's', 't', '--cron', '@daily', '--tz', '../../etc/passwd'], ['not the name']),
    (2, ['add', 's', 't', '--cron', '@daily', '--payload', '[1]'], ['must be a JSON object']),
    (2, ['add', 's', 't', '--cron', '@daily', '--missed', 'some'], ['one, skip or all']),
    (2, ['add', 's', 't', '--cron', '@daily', '--overlap', 'some'], ['allow or skip']),
    (2, ['add', 'a b', 't', '--cron', '@daily'], ['not a name', 'a b']),
    (2, ['add', 's', 'a b', '--cron', '@daily'], ['type: expected']),
    (2, ['edit', 's'], ['nothing to change']),
    (2, ['next', '* * * * 8'], ['day of week "8"']),
])
def test_wrong_use_is_refused_before_there_is_a_store(site, status, args, words):
    assert_refused(site.run('schedule', *args), status, *words)
    assert not site.file('jobs.db').exists()


def test_what_is_not_there_or_there_already_is_refused(site):
    site.ok('schedule', 'add', 's', 't', '--cron', '@daily')
    assert_refused(site.run('schedule', 'add', 's', 't', '--cron', '@daily'), 1, 'there is one')
    for verb in ('show', 'pause', 'resume', 'delete'):
        assert_refused(site.run('schedule', verb, 'other'), 1, 'no such schedule', 'other')
    assert_refused(site.run('schedule', 'edit', 'other', '--cron', '@daily'), 1, 'no such schedule')
