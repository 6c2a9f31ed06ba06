"""`millhand enqueue`: what is dispatched and what comes back."""
import json
import re
import subprocess
import time
from datetime import datetime, timezone

import pytest
from conftest import MILLHAND, assert_refused

pytestmark = pytest.mark.sanitized

UUID7 = r'[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
FIELDS = ['id', 'tenant_id', 'type', 'status', 'priority', 'payload', 'result', 'error', 'progress',
          'worker_id', 'attempts', 'max_attempts', 'run_at', 'next_retry_at', 'unique_key',
          'correlation_id', 'created_at', 'started_at', 'completed_at', 'traceparent']


def when(text):
    return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def test_prints_only_a_version_7_uuid(site):
    printed = site.ok('enqueue', 'greet', '{"name":"Ada"}')
    assert re.fullmatch(UUID7 + '\n', printed)


def test_json_prints_the_record_with_the_fields_in_their_order(site):
    record = site.json('enqueue', 'greet', '{"name":"Ada"}')[0]
    assert list(record) == FIELDS
    assert record['status'] == 'pending'
    assert record['payload'] == {'name': 'Ada'}
    assert record['attempts'] == 0 and record['max_attempts'] == 3 and record['priority'] == 0
    assert record['tenant_id'] == '00000000-0000-0000-0000-000000000000'
    assert record['correlation_id'] == record['id']
    for name in ('result', 'error', 'progress', 'worker_id', 'next_retry_at', 'unique_key',
                 'started_at', 'completed_at'):
        assert record[name] is None, name
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', record['created_at'])


def test_payload_defaults_to_an_empty_object(site):
    assert site.json('enqueue', 'greet')[0]['payload'] == {}


def test_payload_from_standard_input(site):
    assert site.json('enqueue', 'greet', '-', stdin='{"a":1}\n')[0]['payload'] == {'a': 1}


def test_payload_from_a_file(site):
    site.file('payload.json').write_text('{"a":[1,2]}')
    assert site.json('enqueue', 'greet', '@payload.json')[0]['payload'] == {'a': [1, 2]}


def test_the_bytes_of_the_payload_are_kept(site):
    body = '{ "b":1.10, "a":0.1, "big":123456789012345678901234567890, "u":"\\u00e9é" }'
    job_id = site.enqueue('greet', body)
    assert body in site.ok('--json', 'jobs', 'show', job_id)


def test_options_set_the_fields(site):
    record = site.json('enqueue', 'greet', '{}', '--priority', 7, '--max-attempts', 5, '--unique',
                       'k', '--correlation-id', 'order-9')[0]
    assert (record['priority'], record['max_attempts'], record['unique_key'],
            record['correlation_id']) == (7, 5, 'k', 'order-9')


def test_delay_moves_run_at(site):
    record = site.json('enqueue', 'greet', '--delay', '5m')[0]
    assert when(record['run_at']) - when(record['created_at']) == pytest.approx(300, abs=1)


def test_at_sets_run_at_whatever_the_offset(site):
    record = site.json('enqueue', 'greet', '--at', '2099-01-01T01:00:00+01:00')[0]
    assert record['run_at'] == '2099-01-01T00:00:00.000Z'


def test_created_at_is_now(site):
    before = time.time() - 0.002
    record = site.json('enqueue', 'greet')[0]
    assert before <= when(record['created_at']) <= datetime.now(timezone.utc).timestamp() + 0.002


def test_a_taken_unique_key_gives_the_standing_job(site):
    first = site.enqueue('greet', {'n': 1}, '--unique', 'k')
    assert site.enqueue('greet', {'n': 2}, '--unique', 'k') == first
    assert [job['payload'] for job in site.jobs()] == [{'n': 1}]


def test_a_unique_key_is_free_again_when_its_job_has_ended(site):
    first = site.enqueue('greet', {}, '--unique', 'k')
    site.ok('jobs', 'cancel', first)
    assert site.enqueue('greet', {}, '--unique', 'k') != first


def test_a_unique_key_belongs_to_one_tenant(site):
    tenant = site.json('tenant', 'add', 'acme')[0]['id']
    assert site.enqueue('greet', {}, '--unique', 'k') \
        != site.enqueue('greet', {}, '--unique', 'k', '--tenant', tenant)


def test_bulk_dispatches_in_order_and_prints_an_id_a_line(site):
    ids = site.bulk({'type': 'greet', 'payload': {'n': n}} for n in range(50))
    assert len(set(ids)) == 50
    newest_first = {job['id']: job['payload']['n'] for job in site.jobs()}
    assert [newest_first[job_id] for job_id in ids] == list(range(50))


def test_bulk_reads_every_member(site):
    job_id, = site.bulk([{'type': 'a', 'payload': {}, 'priority': 9, 'delay': '1h',
                          'max_attempts': 1, 'unique_key': 'u', 'correlation_id': 'c'}])
    job = site.job(job_id)
    assert (job['priority'], job['max_attempts'], job['unique_key'], job['correlation_id']) \
        == (9, 1, 'u', 'c')
    assert when(job['run_at']) - when(job['created_at']) == pytest.approx(3600, abs=1)


def test_bulk_reads_standard_input(site):
    printed = site.ok('enqueue', '--bulk', '-', stdin='{"type":"a"}\n{"type":"b"}\n')
    assert len(printed.split()) == 2


def test_bulk_with_a_type_uses_it_where_a_line_has_none(site):
    site.ok('enqueue', 'greet', '--bulk', '-', stdin='{"payload":{"n":1}}\n')
    assert site.jobs()[0]['type'] == 'greet'


def test_bulk_names_the_line_that_is_wrong(site):
    lines = [{'type': 'a'}] * 2
    text = ''.join(json.dumps(line) + '\n' for line in lines) + '{"type":"a","priorty":1}\n'
    done = site.run('enqueue', '--bulk', '-', stdin=text)
    assert_refused(done, 2, '3', 'priorty')


def test_wait_exits_with_0_when_completed(site):
    site.sh('greet', 'echo \'{"hello":"Ada"}\'\n')
    with site.worker():
        done = site.run('--json', 'enqueue', 'greet', '--wait', '--timeout', '20s')
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert record['status'] == 'completed' and record['result'] == {'hello': 'Ada'}


def test_wait_prints_the_id_and_nothing_else(site):
    site.sh('greet', 'echo 1\n')
    with site.worker():
        printed = site.ok('enqueue', 'greet', '--wait', '--timeout', '20s')
        bulk = site.ok('enqueue', '--bulk', '-', '--wait', stdin='{"type":"greet"}\n' * 3)
    assert re.fullmatch(UUID7 + '\n', printed)
    assert re.fullmatch(f'({UUID7}\n){{3}}', bulk)


def test_wait_exits_with_3_when_failed(site):
    site.sh('greet', 'exit 65\n')
    with site.worker():
        assert site.run('enqueue', 'greet', '--wait', '--timeout', '20s').returncode == 3


def test_wait_exits_with_4_when_timed_out(site):
    assert site.run('enqueue', 'greet', '--wait', '--timeout', '100ms').returncode == 4


def test_wait_exits_with_3_when_cancelled(site):
    job_id = site.enqueue('greet')
    site.ok('jobs', 'cancel', job_id)
    assert site.run('jobs', 'wait', job_id).returncode == 3


def test_closed_standard_descriptors_harm_no_store(site):
    subprocess.run(['/bin/sh', '-c', 'exec "$0" enqueue good <&- >&- 2>&-', MILLHAND],
                   cwd=site.path, env=site.environment(), check=True)
    assert len(site.jobs()) == 1
