"""`millhand jobs`, `stats`, `tenant` and `type`: what people and programs see and may do."""
import json
import re

import pytest
from conftest import assert_refused, wait_until

NOBODY = '01890000-0000-7000-8000-000000000000'
DEFAULT_TENANT = '00000000-0000-0000-0000-000000000000'


@pytest.fixture
def finished(site):
    """One job of each kind: completed, failed, cancelled, pending."""
    site.sh('good', 'echo \'{"n":1}\'\n')
    site.sh('bad', 'echo "no such host" >&2; exit 65\n')
    ids = {'completed': site.enqueue('good', {'a': 1}), 'failed': site.enqueue('bad')}
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    ids['cancelled'] = site.enqueue('good')
    site.ok('jobs', 'cancel', ids['cancelled'])
    ids['pending'] = site.enqueue('good')
    return ids


# --- list

def test_list_is_newest_first(site, finished):
    assert [job['id'] for job in site.jobs()] == [
        finished[status] for status in ('pending', 'cancelled', 'failed', 'completed')]


@pytest.mark.parametrize('status', ['pending', 'completed', 'failed', 'cancelled'])
def test_list_filters_by_status(site, finished, status):
    assert [job['id'] for job in site.jobs('--status', status)] == [finished[status]]


def test_list_filters_by_type(site, finished):
    assert {job['type'] for job in site.jobs('--type', 'bad')} == {'bad'}


def test_list_filters_by_tenant(site, finished):
    tenant = site.json('tenant', 'add', 'acme')[0]['id']
    job_id = site.enqueue('good', {}, '--tenant', tenant)
    assert [job['id'] for job in site.jobs('--tenant', tenant)] == [job_id]
    assert len(site.jobs('--tenant', DEFAULT_TENANT)) == 4


def test_list_obeys_its_limit(site):
    ids = site.bulk({'type': 'good'} for _ in range(30))
    listed = site.json('jobs', 'list', '--limit', 7)
    assert [job['id'] for job in listed] == ids[:-8:-1]


def test_list_goes_beyond_a_page(site):
    ids = site.bulk({'type': 'good'} for _ in range(2500))
    assert [job['id'] for job in site.json('jobs', 'list', '--limit', 2400)] == ids[:-2401:-1]


def test_list_by_id(site, finished):
    listed = site.json('jobs', 'list', finished['failed'], finished['completed'])
    assert {job['id'] for job in listed} == {finished['failed'], finished['completed']}


def test_list_is_a_table_for_people(site, finished):
    lines = site.ok('jobs', 'list').splitlines()
    assert len(lines) >= 5
    for status, job_id in finished.items():
        row = next(line for line in lines if job_id in line)
        assert status in row


def test_an_empty_list_prints_nothing_for_programs(site):
    assert site.ok('--json', 'jobs', 'list') == ''


# --- show

def test_show_prints_the_record_and_the_attempt_history(site, finished):
    text = site.ok('jobs', 'show', finished['failed'])
    for words in (finished['failed'], 'bad', 'failed', 'no such host', '65'):
        assert words in text


def test_show_prints_the_result(site, finished):
    assert re.search(r'\{"n": ?1\}', site.ok('jobs', 'show', finished['completed']))


@pytest.mark.parametrize('command', ['show', 'cancel', 'retry', 'delete', 'wait'])
def test_an_unknown_job_is_said(site, command):
    assert_refused(site.run('jobs', command, NOBODY), 1, NOBODY)


# --- cancel, retry, delete

def test_a_pending_job_is_cancelled_and_never_runs(site):
    site.sh('good', 'echo >>@DIR@/ran\n')
    job_id = site.enqueue('good')
    site.ok('jobs', 'cancel', job_id)
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    job = site.job(job_id)
    assert (job['status'], job['attempts']) == ('cancelled', 0)
    assert not site.file('ran').exists()


@pytest.mark.parametrize('status', ['completed', 'failed', 'cancelled'])
def test_what_has_ended_is_not_cancelled(site, finished, status):
    assert_refused(site.run('jobs', 'cancel', finished[status]), 1, status)
    assert site.job(finished[status])['status'] == status


def test_a_cancelled_job_is_retried(site, finished):
    site.ok('jobs', 'retry', finished['cancelled'])
    assert site.job(finished['cancelled'])['status'] == 'pending'


@pytest.mark.parametrize('status', ['completed', 'failed', 'cancelled', 'pending'])
def test_delete_removes_a_job(site, finished, status):
    site.ok('jobs', 'delete', finished[status])
    assert len(site.jobs()) == 3
    assert site.run('jobs', 'show', finished[status]).returncode == 1


def test_a_job_that_is_processing_is_not_deleted(site):
    site.sh('hold', 'echo >@DIR@/held; while [ ! -e @DIR@/go ]; do sleep 0.02; done\n')
    job_id = site.enqueue('hold')
    with site.worker() as worker:
        site.wait_for_file('held')
        assert_refused(site.run('jobs', 'delete', job_id), 1, 'processing')
        site.touch('go')
        assert site.ended(job_id)['status'] == 'completed'
        assert worker.stop() == 0


def test_several_ids_at_once(site):
    ids = site.bulk({'type': 'good'} for _ in range(5))
    site.ok('jobs', 'cancel', *ids[:3])
    assert len(site.jobs('--status', 'cancelled')) == 3


def test_a_filter_names_many_jobs(site, finished):
    site.ok('jobs', 'retry', '--status', 'failed')
    assert site.job(finished['failed'])['status'] == 'pending'
    site.ok('jobs', 'delete', '--type', 'good', '--status', 'completed', '--yes')
    assert {job['status'] for job in site.jobs()} == {'pending', 'cancelled'}


def test_deleting_by_a_filter_needs_yes(site, finished):
    before = site.jobs()
    assert_refused(site.run('jobs', 'delete', '--type', 'good'), 2, '--yes')
    assert site.jobs() == before


@pytest.mark.parametrize('command', ['cancel', 'retry', 'delete'])
def test_neither_id_nor_filter_is_wrong_use(site, finished, command):
    assert_refused(site.run('jobs', command), 2)
    assert len(site.jobs()) == 4


def test_wait_exits_with_4_when_timed_out(site):
    job_id = site.enqueue('good')
    assert site.run('jobs', 'wait', job_id, '--timeout', '100ms').returncode == 4


# --- stats

def test_stats_count_by_status(site, finished):
    stats = site.json('stats')[0]
    for status in ('pending', 'completed', 'failed', 'cancelled'):
        assert stats[f'{status}_count'] == 1
    assert stats['processing_count'] == 0


def test_stats_are_a_table_for_people(site, finished):
    text = site.ok('stats')
    for status in ('pending', 'processing', 'completed', 'failed', 'cancelled'):
        assert re.search(rf'\b{status}\b', text)


def test_stats_count_live_workers(site):
    site.sh('good', 'echo 1\n')
    assert site.json('stats')[0]['workers'] == 0
    with site.worker() as worker:
        wait_until(lambda: site.json('stats')[0]['workers'] == 1)
        worker.stop()
    assert site.json('stats')[0]['workers'] == 0


def test_stats_name_the_types_that_nobody_serves(site):
    site.enqueue('lonely')
    assert 'lonely' in site.ok('stats') or 'lonely' in site.ok('type', 'list')


# --- types

def test_type_list_counts_and_says_what_is_paused(site):
    site.bulk([{'type': 'a'}, {'type': 'a'}, {'type': 'b'}])
    site.ok('type', 'pause', 'b')
    rows = {row['name']: row for row in site.json('type', 'list')}
    assert (rows['a']['pending'], rows['a']['paused']) == (2, False)
    assert (rows['b']['pending'], rows['b']['paused']) == (1, True)


def test_a_type_may_be_paused_before_its_first_job(site):
    site.ok('type', 'pause', 'future')
    assert site.json('type', 'list')[0]['paused'] is True


# --- tenants

def test_the_default_tenant_is_there(site):
    assert [row['id'] for row in site.json('tenant', 'list')] == [DEFAULT_TENANT]


@pytest.mark.parametrize('plan, priority', [('free', 0), ('starter', 5), ('pro', 10),
                                            ('enterprise', 10)])
def test_the_plan_decides_the_priority(site, plan, priority):
    tenant = site.json('tenant', 'add', 'acme', '--plan', plan)[0]
    assert tenant['plan'] == plan
    jobs = [site.job(site.enqueue('a', {}, '--tenant', tenant['id'])),
            site.job(site.enqueue('a', {}, '--tenant', tenant['id'], '--priority', 3))]
    assert [job['priority'] for job in jobs] == [priority, 3]


def test_a_job_of_an_unknown_tenant_is_refused(site):
    done = site.run('enqueue', 'a', '--tenant', NOBODY)
    assert_refused(done, 1, 'tenant')


def test_deleting_a_tenant_deletes_its_jobs(site):
    tenant = site.json('tenant', 'add', 'acme')[0]['id']
    site.enqueue('a', {}, '--tenant', tenant)
    kept = site.enqueue('a')
    site.ok('tenant', 'delete', tenant)
    assert [job['id'] for job in site.jobs()] == [kept]
    assert len(site.json('tenant', 'list')) == 1


def test_the_default_tenant_stays(site):
    assert_refused(site.run('tenant', 'delete', DEFAULT_TENANT), 1)


def test_a_name_is_used_once(site):
    site.ok('tenant', 'add', 'acme')
    assert_refused(site.run('tenant', 'add', 'acme'), 1, 'acme')


def test_show_prints_one_tenant(site):
    tenant = site.json('tenant', 'add', 'acme', '--plan', 'pro')[0]
    assert site.json('tenant', 'show', tenant['id'])[0] == tenant


# --- the store file

def test_migrate_says_what_there_is_and_may_be_repeated(site):
    assert 'applied 0001_jobs' in site.ok('migrate')
    assert 'up to date' in site.ok('migrate')
    assert 'up to date' in site.ok('migrate', '--dry-run')
    assert site.enqueue('a')


def test_dry_run_changes_nothing(site):
    site.run('migrate', '--dry-run')
    assert not site.file('jobs.db').exists() or site.file('jobs.db').stat().st_size == 0


def test_jobs_outlive_the_process(site):
    job_id = site.enqueue('a', {'n': 1})
    assert site.job(job_id)['payload'] == {'n': 1}


def test_every_json_line_is_one_object(site, finished):
    for command in (['jobs', 'list'], ['stats'], ['type', 'list'], ['tenant', 'list'], ['config'],
                    ['jobs', 'show', finished['failed']]):
        for line in site.ok('--json', *command).splitlines():
            assert isinstance(json.loads(line), dict)
