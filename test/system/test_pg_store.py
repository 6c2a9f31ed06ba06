"""A PostgreSQL store as its users and operators meet it: migrations, outages, poolers."""
import json
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import MILLHAND, assert_refused, free_port, get, wait_until
from pg import Bouncer, Proxy, Server
from test_schedule import fire_while_workers_are_killed

pytestmark = pytest.mark.together

COUNT_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'millhand'"


@pytest.fixture(scope='module', name='server')
def start_server():
    server = Server()
    yield server
    server.remove()


@pytest.fixture(name='pg')
def make_schema(site, server):
    """A site whose store is a new schema on the server."""
    schema = 's_' + os.urandom(6).hex()
    site.env['DATABASE_URL'] = server.url()
    site.env['MILLHAND_SCHEMA'] = schema
    site.schema = schema
    return site


@pytest.fixture(name='migrated')
def migrate_schema(pg):
    pg.ok('migrate')
    return pg


def slow_job(site, seconds):
    """A job that notes its start and its end, running on return."""
    site.sh('slow', f'echo start >>@DIR@/runs; sleep {seconds}; echo end >>@DIR@/runs\n')
    return site.enqueue('slow')


# --- migrations


def test_a_schema_that_is_not_there_is_made_by_migrate_alone(pg):
    assert_refused(pg.run('stats'), 1, 'no schema', pg.schema, 'run millhand migrate')
    assert 'run millhand migrate' in pg.ok('migrate', '--dry-run')
    assert_refused(pg.run('stats'), 1, 'run millhand migrate')
    done = pg.ok('migrate')
    assert 'applied 0001_engine' in done and 'up to date' not in done
    done = pg.ok('migrate')
    assert 'up to date' in done and 'applied' not in done
    assert json.loads(pg.ok('migrate', '--json'))['applied'] == []
    assert pg.enqueue('a')


def test_several_migrate_at_once(pg, server):
    several = [subprocess.Popen([MILLHAND, 'migrate'], env=pg.environment(), cwd=pg.path, text=True,
                                stdout=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in several]
    assert [process.returncode for process in several] == [0, 0, 0, 0]
    names = server.sql(f'SELECT name FROM {pg.schema}.migration')
    assert '0001_engine' in names
    assert sorted(names) == sorted(re.findall(r'\d{4}_\w+', ' '.join(said)))
    assert sum(('applied' in words) != ('up to date' in words) for words in said) == 4


def test_the_schema_is_named_by_the_option_too(pg):
    pg.env['MILLHAND_SCHEMA'] = 'millhand'
    pg.ok('migrate', '--schema', pg.schema)
    pg.env['MILLHAND_SCHEMA'] = pg.schema
    assert pg.enqueue('a')


def test_a_newer_schema_is_refused(migrated, server):
    server.sql(f"INSERT INTO {migrated.schema}.migration VALUES (99, '0099_later', 'x', now())")
    assert_refused(migrated.run('stats'), 1, 'schema 99', 'newer millhand')
    assert_refused(migrated.run('migrate'), 1, 'schema 99', 'newer millhand')


def test_an_altered_migration_is_refused(migrated, server):
    server.sql(f"UPDATE {migrated.schema}.migration SET checksum = 'x'")
    assert_refused(migrated.run('migrate'), 1, 'another migration')


def test_a_migration_that_fails_leaves_nothing(pg, server):
    server.sql(f'CREATE SCHEMA {pg.schema}; CREATE TABLE {pg.schema}.lane (id int)')
    assert_refused(pg.run('migrate'), 1, 'unable to migrate', 'already exists')
    assert_refused(pg.run('stats'), 1, 'run millhand migrate')
    assert server.sql("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                      f"WHERE nspname = '{pg.schema}'") == ['1']


def test_a_schema_of_somebody_else_is_refused(pg, server):
    role = f'stranger_{pg.schema}'
    server.sql(f'CREATE SCHEMA {pg.schema}; CREATE ROLE {role} LOGIN;'
               f'GRANT CREATE ON DATABASE postgres TO {role}')
    pg.env['DATABASE_URL'] = server.url().replace('//test', f'//{role}')
    assert_refused(pg.run('migrate'), 1, 'unable to migrate', 'grant it USAGE and CREATE')


def test_roles_are_made_by_one_who_is_no_superuser(pg, server):
    maker = f'maker_{pg.schema}'
    server.sql(f'CREATE ROLE {maker} LOGIN CREATEROLE;'
               f'GRANT CREATE ON DATABASE postgres TO {maker}')
    pg.env['DATABASE_URL'] = server.url().replace('//test', f'//{maker}')
    pg.ok('migrate', '--roles')
    pg.ok('migrate', '--roles')
    assert pg.enqueue('a')


def test_roles_that_are_there_are_granted_what_a_migration_brings(pg, server):
    pg.ok('migrate', '--roles')
    server.sql(
        f'SET search_path = {pg.schema}; DROP TABLE blueprint CASCADE;'
        "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc"
        " WHERE proname LIKE 'mh_blueprint%' AND pronamespace = current_schema()::regnamespace"
        " LOOP EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $$;"
        'DELETE FROM migration WHERE version = 8')
    assert '0008' in pg.ok('migrate')
    owners = server.sql("SELECT DISTINCT proowner::regrole FROM pg_proc"
                        f" WHERE pronamespace = '{pg.schema}'::regnamespace")
    assert sorted(owners) == ['millhand_owner', 'millhand_view'] or owners == ['millhand_owner']


def test_tenants_of_the_application(pg, server):
    table = f'app_{pg.schema}'
    server.sql(f"CREATE TABLE {table} (id uuid PRIMARY KEY, plan text); "
               f"INSERT INTO {table} VALUES ('00000000-0000-0000-0000-00000000000a', 'pro')")
    pg.ok('migrate', '--tenants', f'public.{table}')
    job = pg.enqueue('a', {}, '--tenant', '00000000-0000-0000-0000-00000000000a')
    assert pg.job(job)['priority'] == 10


def test_the_limits_are_those_of_the_migration(migrated):
    large = {'x': 'x' * 5000}
    migrated.env['MAX_PAYLOAD_BYTES'] = '2048'
    migrated.ok('migrate')
    migrated.env['MAX_PAYLOAD_BYTES'] = '8192'
    assert_refused(migrated.run('enqueue', 'a', json.dumps(large)), 1, 'payload: larger',
                   'MAX_PAYLOAD_BYTES=BYTES millhand migrate')
    migrated.ok('migrate')
    assert migrated.job(migrated.enqueue('a', large))['payload'] == large


# --- connecting


def test_what_is_wrong_is_said_without_the_password(pg, server):
    port = free_port()
    for url, words in (
            (server.url(port=port), ['unable to reach', 'refused']),
            (server.url(host='no.such.host.invalid'), ['unable to reach', 'no.such.host.invalid']),
            (server.url().replace('/postgres?', '/nowhere?'), ['nowhere', 'does not exist']),
            (server.url().replace('geheim', 'ge%zzheim'), ['unable to read', 'URL']),
            (server.url(nonsense=1), ['unable to read', 'URL'])):
        pg.env['DATABASE_URL'] = url
        done = pg.run('stats')
        assert done.returncode in (1, 2)
        assert 'heim' not in done.stderr
        for word in words:
            assert word in done.stderr


def test_another_host_takes_over(migrated, server):
    migrated.sh('echo', 'cat\n')
    proxy = Proxy(server.port)
    hosts = f'localhost:{proxy.port},localhost:{server.port}'
    migrated.env['DATABASE_URL'] = (f'postgresql://test@{hosts}/postgres'
                                    '?target_session_attrs=read-write')
    with migrated.worker() as worker:
        worker.wait_for('store ready')
        proxy.close()
        migrated.ended(migrated.enqueue('echo'))


def test_a_service_file_and_a_socket(migrated, server):
    migrated.file('services').write_text(
        f'[mill]\nhost={server.folder}\nport={server.port}\nuser=test\ndbname=postgres\n')
    migrated.env['PGSERVICEFILE'] = migrated.file('services')
    migrated.env['DATABASE_URL'] = 'postgres://?service=mill'
    assert migrated.enqueue('a')


def test_the_environment_names_the_server_and_the_password(migrated, server):
    server.ask_password('keeper', 'open:sesame')
    migrated.env |= {'DATABASE_URL': 'postgres:///', 'PGHOST': 'localhost',
                     'PGPORT': str(server.port), 'PGUSER': 'keeper', 'PGDATABASE': 'postgres'}
    assert_refused(migrated.run('stats'), 1, 'no password supplied')
    passwords = migrated.file('passwords')
    passwords.touch(0o600)
    passwords.write_text('localhost:*:*:keeper:open\\:sesame\n')
    migrated.env['PGPASSFILE'] = passwords
    assert migrated.enqueue('a')
    migrated.env['PGPASSWORD'] = 'open:barley'
    assert_refused(migrated.run('stats'), 1, 'password authentication failed')
    migrated.env['PGPASSWORD'] = 'open:sesame'
    assert migrated.enqueue('a')


def test_tls(migrated, server):
    certificate = server.encrypt()

    def use(host, **options):
        words = '&'.join(f'{name}={value}' for name, value in options.items())
        migrated.env['DATABASE_URL'] = f'postgres://test@{host}:{server.port}/postgres?{words}'
    wait_until(lambda: use('127.0.0.1', sslmode='require') or
               migrated.run('stats').returncode == 0)
    use('127.0.0.1', sslmode='verify-full', sslrootcert=certificate)
    assert_refused(migrated.run('stats'), 1, 'does not match host name "127.0.0.1"')
    use('localhost', sslmode='verify-full', sslrootcert=migrated.file('no.crt'))
    assert_refused(migrated.run('stats'), 1, 'no.crt', 'does not exist')
    use('localhost', sslmode='verify-full', sslrootcert=certificate)
    migrated.sh('echo', 'cat\n')
    with migrated.worker():
        migrated.ended(migrated.enqueue('echo'))
        assert server.sql("SELECT DISTINCT ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) "
                          "WHERE application_name = 'millhand'") == ['t']


# --- working


def test_a_job_runs_and_wakes_a_sleeping_worker(migrated):
    migrated.sh('echo', 'cat\n')
    with migrated.worker(POLL_INTERVAL_MS=60000) as worker:
        worker.wait_for('store ready')
        assert migrated.ended(migrated.enqueue('echo', {'n': 1}))['result'] == {'n': 1}
        began = time.monotonic()
        assert migrated.ended(migrated.enqueue('echo', {'n': 2}))['result'] == {'n': 2}
        assert time.monotonic() - began < 10
        assert worker.stop() == 0
    assert not any('geheim' in str(line) for line in worker.lines)


def test_a_scheduled_job_wakes_a_sleeping_worker(migrated):
    migrated.sh('echo', 'cat\n')
    with migrated.worker(POLL_INTERVAL_MS=60000) as worker:
        worker.wait_for('store ready')
        migrated.ended(migrated.enqueue('echo', {}, '--delay', '500ms'))


def test_a_cancelled_job_is_stopped_at_once(migrated):
    job = slow_job(migrated, 60)
    with migrated.worker(POLL_INTERVAL_MS=60000) as worker:
        migrated.wait_for_file('runs')
        migrated.ok('jobs', 'cancel', job)
        worker.wait_for('job cancelled', timeout=8)


def sleeps_for_a_second(pid):
    def switches():
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            return [line for line in file if line.startswith('voluntary')]
    before = switches()
    time.sleep(1)
    return switches() == before


def test_an_idle_worker_holds_two_connections_and_sleeps(migrated, server):
    migrated.sh('echo', 'cat\n')
    with migrated.worker() as worker:
        wait_until(lambda: server.sql(COUNT_CONNECTIONS) == ['2'])
        migrated.ended(migrated.enqueue('echo'))

        wait_until(lambda: sleeps_for_a_second(worker.pid))


def test_a_batch_is_one_commit(migrated, server):
    """Results and the next claim go together: far fewer transactions than two a job."""
    migrated.child('fast', 'def run(request, job): send(id=request["id"], result=1)\n')
    count = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"
    migrated.bulk({'type': 'fast'} for _ in range(500))
    before = int(server.sql(count)[0])
    with migrated.worker('--drain', '--concurrency', 8) as worker:
        assert worker.wait() == 0
    after = int(server.sql(count)[0])
    assert len(migrated.jobs('--status', 'completed')) == 500
    assert after - before < 600


# --- outages


def terminate_all(server):
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name = 'millhand'")


def finish_once(site, job):
    assert site.ended(job, '40s')['status'] == 'completed'
    assert site.file('runs').read_text().split() == ['start', 'end']
    assert site.job(job)['attempts'] == 1


def test_killed_backends(migrated, server):
    job = slow_job(migrated, 1)
    with migrated.worker(POLL_INTERVAL_MS=60000) as worker:
        migrated.wait_for_file('runs')
        terminate_all(server)
        finish_once(migrated, job)
        migrated.sh('echo', 'cat\n')
        wait_until(lambda: server.sql(COUNT_CONNECTIONS) == ['2'])
        assert worker.stop() == 0


def test_a_backend_is_killed_again_and_again(migrated, server):
    migrated.child('fast', 'def run(request, job):\n'
                   '    open("@DIR@/runs", "a").write(job["id"] + "\\n")\n'
                   '    send(id=request["id"], result=1)\n')
    jobs = migrated.bulk({'type': 'fast', 'max_attempts': 20} for _ in range(600))
    with migrated.worker('--concurrency', 4, LEASE_MS=3000):
        migrated.wait_for_file('runs')
        for _ in range(8):
            terminate_all(server)
            time.sleep(0.1)
        wait_until(lambda: len(migrated.jobs('--status', 'completed')) == 600, 60)
    assert set(migrated.file('runs').read_text().split()) == set(jobs)


def test_an_immediate_restart(migrated, server):
    job = slow_job(migrated, 3)
    port = free_port()
    with migrated.worker(HEALTH_CHECK_PORT=port, POLL_INTERVAL_MS=60000):
        migrated.wait_for_file('runs')
        assert get(port, '/health')[0] == 200
        server.stop()
        wait_until(lambda: get(port, '/health')[0] == 503, 20)
        server.start()
        finish_once(migrated, job)
        wait_until(lambda: get(port, '/health')[0] == 200)
        migrated.sh('slow', 'true\n')
        migrated.ended(migrated.enqueue('slow'))


def await_standby(server, name):
    server.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    server.sql('SELECT pg_reload_conf()')


def test_a_claim_is_durable_not_at_once_but_soon(migrated, server):
    """Here a commit that is to be durable waits for a server that there is not. A job begins all
    the same, and its worker waits in its stead."""
    flushing = ("SELECT count(*) FROM pg_stat_activity "
                "WHERE wait_event = 'SyncRep' AND query ~ 'flush'")
    migrated.sh('quick', 'true\n')
    migrated.sh('slow', 'echo start >>@DIR@/runs; until [ -e @DIR@/go ]; do sleep 0.01; done\n'
                        'echo end >>@DIR@/runs\n')
    try:
        with migrated.worker():
            migrated.ended(migrated.enqueue('quick'))
            await_standby(server, 'nobody')
            migrated.env['PGOPTIONS'] = '-c synchronous_commit=local'
            job = migrated.enqueue('slow')
            migrated.wait_for_file('runs')
            assert migrated.job(job)['status'] == 'processing'
            wait_until(lambda: server.sql(flushing) == ['1'])
            await_standby(server, '')
            migrated.file('go').touch()
            finish_once(migrated, job)
    finally:
        await_standby(server, '')


def test_a_lease_whose_number_is_anothers_after_a_crash(migrated, server):
    """A crash may undo a claim that was answered, and the number of its lease with it."""
    migrated.sh('slow', 'echo start >>@DIR@/runs; until [ -e @DIR@/go ]; do sleep 0.01; done\n')
    job = migrated.enqueue('slow')
    with migrated.worker(POLL_INTERVAL_MS=60000) as worker:
        migrated.wait_for_file('runs')
        joined = f"SELECT {migrated.schema}.mh_join('other', 60000, '{{slow}}')"
        server.sql(f'UPDATE {migrated.schema}.lease SET worker = ({joined})')
        terminate_all(server)
        migrated.file('go').touch()
        worker.wait_for('lease lost')
        assert migrated.job(job)['status'] == 'processing'


def test_a_connection_that_carries_nothing_any_more(migrated, server):
    proxy = Proxy(server.port)
    migrated.env['DATABASE_URL'] = server.url(port=proxy.port)
    job = slow_job(migrated, 1)
    with migrated.worker(POLL_INTERVAL_MS=60000, LEASE_MS=4000):
        migrated.wait_for_file('runs')
        proxy.freeze()
        finish_once(migrated, job)
        migrated.sh('slow', 'true\n')
        migrated.ended(migrated.enqueue('slow'), '30s')
    proxy.close()


@pytest.mark.parametrize('mode', ['transaction', 'statement'])
def test_through_a_pooler_it_polls(pg, server, mode):
    if mode == 'statement':
        pg.ok('migrate')
    with Bouncer(server, mode) as bouncer:
        pg.env['DATABASE_URL'] = server.url(port=bouncer.port)
        if mode == 'transaction':
            assert 'applied' in pg.ok('migrate', '--roles')
        pg.sh('echo', 'cat\n')
        with pg.worker(POLL_INTERVAL_MS=200) as worker:
            worker.wait_for('store ready', notifies=False)
            worker.wait_for('behind a pooler nothing is notified: polling')
            for payload in ({'n': 1}, {'long': 'x' * 100000}):
                assert pg.ended(pg.enqueue('echo', payload))['result'] == payload
            terminate_all(server)
            pg.ended(pg.enqueue('echo'))
            assert server.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == ['0']
            assert worker.stop() == 0
        assert len(pg.jobs('--status', 'completed')) == 3


def test_a_pooler_of_statements_migrates_nothing(pg, server):
    with Bouncer(server, 'statement') as bouncer:
        pg.env['DATABASE_URL'] = server.url(port=bouncer.port)
        assert_refused(pg.run('migrate'), 1, 'unable to migrate through this pooler',
                       'statement pooling mode')


def test_a_worker_that_stops_hands_back_what_it_has(migrated, server):
    job = slow_job(migrated, 60)
    with migrated.worker(SHUTDOWN_TIMEOUT_MS=1000) as worker:
        migrated.wait_for_file('runs')
        worker.signal(signal.SIGTERM)
        worker.wait()
    assert migrated.job(job)['status'] == 'pending'
    wait_until(lambda: server.sql(COUNT_CONNECTIONS) == ['0'])


# --- schedules


def test_each_slot_has_one_job_while_workers_are_killed(migrated):
    fire_while_workers_are_killed(migrated)
