"""`millhand doctor`: what is wrong is found, and the mend it says is one."""
import json
import os
import re
import shlex
import socket
import sqlite3
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import wait_until
from pg import Proxy, Server

pytestmark = pytest.mark.together


@pytest.fixture(scope='module', name='server')
def start_server():
    server = Server()
    yield server
    server.remove()


@pytest.fixture(name='bare')
def name_schema(site, server):
    """A site whose store is a schema on the server that is not made yet."""
    site.schema = 's_' + os.urandom(6).hex()
    site.env['DATABASE_URL'] = server.url()
    site.env['MILLHAND_SCHEMA'] = site.schema
    return site


@pytest.fixture(name='pg')
def make_schema(bare):
    bare.ok('migrate')
    return bare


@pytest.fixture(name='anywhere', params=['sqlite', 'postgres'])
def either_store(request, site):
    """A site on SQLite, and one on PostgreSQL."""
    if request.param == 'postgres':
        return request.getfixturevalue('pg')
    site.ok('migrate')
    return site


def examine(site, *options):
    """The findings by name. The exit status must say whether one is bad."""
    done = site.run('--json', 'doctor', *options)
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert findings and not done.stderr, done.stderr
    assert all(set(line) == {'name', 'status', 'found', 'mend'} for line in findings)
    bad = [line for line in findings if line['status'] == 'bad']
    assert done.returncode == (1 if bad else 0), bad
    return {line['name']: line for line in findings}


def mend(server, finding):
    server.sql(finding['mend'])


def states(findings, *names):
    return [findings[name]['status'] for name in names]


def wait_for_workers(site, count):
    wait_until(lambda: site.json('stats')[0]['workers'] == count, what=f'{count} workers')


# --- every store


def test_a_store_that_is_well(anywhere):
    anywhere.sh('a', 'true\n')
    with anywhere.worker():
        wait_for_workers(anywhere, 1)
        findings = examine(anywhere)
    wrong = [line for line in findings.values() if line['status'] != 'ok']
    assert {line['name'] for line in wrong} <= {'durability', 'roles'}, wrong  # the server's
    assert findings['workers']['found'] == '1 live'
    assert all(line['mend'] is None for line in findings.values() if line['status'] == 'ok')


def test_types_that_nobody_serves_and_paused_ones(anywhere):
    anywhere.sh('served', 'true\n')
    anywhere.ok('type', 'pause', 'served', 'held')
    for job_type in ('served', 'held', 'lonely'):
        anywhere.enqueue(job_type)
    with anywhere.worker():
        wait_for_workers(anywhere, 1)
        findings = examine(anywhere)
        assert findings['unserved types'] == {
            'name': 'unserved types',
            'status': 'warn',
            'found': 'lonely (1 pending)',
            'mend': 'millhand worker --types lonely',
        }
        assert 'held (1 pending), served (1 pending)' in findings['paused types']['found']
        anywhere.ok(*shlex.split(findings['paused types']['mend'])[1:])
        assert states(examine(anywhere), 'paused types') == ['ok']


def test_a_line_for_people(site):
    site.enqueue('lonely')
    lines = site.ok('doctor').splitlines()
    at = [line.split()[:3] for line in lines].index(['warn', 'unserved', 'types'])
    assert lines[at + 1].strip() == 'mend: millhand worker --types lonely'


# --- a file


def test_jobs_of_a_dead_worker(site):
    site.sh('slow', 'echo >@DIR@/runs; sleep 60\n')
    site.enqueue('slow', {}, '--max-attempts', 1)
    with site.worker(LEASE_MS=1000) as worker:
        site.wait_for_file('runs')
        worker.stop(9)
    wait_until(lambda: states(examine(site), 'expired leases', 'workers') == ['warn', 'ok'])
    with site.worker(LEASE_MS=1000):
        wait_until(
            lambda: states(examine(site), 'expired leases', 'dead letters') == ['ok', 'warn']
        )


def test_a_file_that_is_not_there(site):
    findings = examine(site)
    assert list(findings) == ['file'] and findings['file']['mend'] == 'millhand migrate'
    assert not site.file('jobs.db').exists()
    site.ok(*findings['file']['mend'].split()[1:])
    assert states(examine(site), 'file', 'schema', 'journal', 'integrity') == ['ok'] * 4


def test_a_file_that_is_damaged(site):
    site.bulk([{'type': 'a', 'payload': {'text': 'x' * 3000}} for _ in range(50)])
    with sqlite3.connect(site.file('jobs.db')) as database:
        database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'payload'")
        offset = (page.fetchone()[0] - 1) * 4096
    with site.file('jobs.db').open('r+b') as file:
        file.seek(offset + 12)
        file.write(b'\xff' * 64)
    assert states(examine(site), 'file', 'integrity') == ['ok', 'bad']


def test_what_is_no_store(site):
    site.file('jobs.db').write_bytes(b'no store at all')
    findings = examine(site)
    assert 'journal' not in findings and states(findings, 'file', 'integrity') == ['ok', 'bad']
    site.file('jobs.db').unlink()
    site.file('jobs.db').mkdir()
    findings = examine(site)
    assert states(findings, 'file') == ['bad'] and 'is not a file' in findings['file']['found']


# --- a server


def test_a_server_out_of_reach(site):
    site.env['DATABASE_URL'] = 'postgres://test:geheim@127.0.0.1:1/postgres'
    findings = examine(site)
    assert list(findings) == ['server'] and 'refused' in findings['server']['found']
    assert 'geheim' not in str(findings)


def test_a_schema_that_is_not_there(bare):
    findings = examine(bare)
    assert states(findings, 'server', 'notifications', 'schema') == ['ok', 'ok', 'bad']
    assert findings['schema']['mend'] == 'millhand migrate'


@pytest.fixture(name='session')
def open_session(server):
    """psql with its standard input open; what it is told is carried out at once."""
    psql = subprocess.Popen(
        [
            server.bin / 'psql',
            '-XqAt',
            '-h',
            server.folder,
            '-p',
            str(server.port),
            '-U',
            'test',
            'postgres',
        ],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    yield psql
    psql.kill()
    psql.communicate()


def test_whoever_holds_an_old_snapshot_is_named(pg, server, session):
    session.stdin.write(
        "SET application_name = 'report';"
        'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_backend_pid();\n'
    )
    session.stdin.flush()
    pid = session.stdout.readline().strip()
    pg.enqueue('a')
    found = examine(pg)['held snapshots']
    assert found['status'] == 'ok'
    assert f'session {pid} (report, idle in transaction, role test)' in found['found']
    found = examine(pg, '--long', '1ms')['held snapshots']
    assert found['status'] == 'warn' and f'pg_terminate_backend({pid})' in found['mend']
    mend(server, found)
    wait_until(lambda: pid not in examine(pg, '--long', '1ms')['held snapshots']['found'])


class Standby:
    """The connection of a standby that says which snapshot it holds: the one of now."""

    def __init__(self, server, slot=None):
        start, xid = server.sql(
            'SELECT pg_current_wal_flush_lsn(); SELECT pg_current_xact_id()::xid'
        )
        self.socket = socket.create_connection(('127.0.0.1', server.port), 30)
        words = b'user\0test\0replication\0true\0application_name\0replica\0\0'
        self.socket.sendall(struct.pack('!ii', len(words) + 8, 3 << 16) + words)
        self._wait_for(b'Z')
        where = f'SLOT {slot} ' if slot else ''
        self._send(b'Q', f'START_REPLICATION {where}PHYSICAL {start}'.encode() + b'\0')
        self._wait_for(b'W')
        self._send(b'd', struct.pack('!cqIIII', b'h', 0, int(xid), 0, 0, 0))

    def _send(self, kind, body):
        self.socket.sendall(kind + struct.pack('!i', len(body) + 4) + body)

    def _wait_for(self, wanted):
        kind = None
        while kind != wanted:
            head = self.socket.recv(5, socket.MSG_WAITALL)
            assert head and head[:1] != b'E', head
            kind, length = head[:1], struct.unpack('!i', head[1:])[0] - 4
            self.socket.recv(length, socket.MSG_WAITALL)


def holder(site):
    return examine(site)['held snapshots']['found']


def test_a_standby_that_holds_a_snapshot_is_named(pg, server):
    with Standby(server).socket:
        pg.enqueue('a')
        wait_until(lambda: 'held by standby "replica", process ' in holder(pg))


def test_a_slot_that_holds_a_snapshot_is_named(pg, server):
    server.sql("SELECT pg_create_physical_replication_slot('kept', true)")
    with Standby(server, 'kept').socket:
        pg.enqueue('a')
        wait_until(lambda: 'held by replication slot "kept", ' in holder(pg))
    wait_until(lambda: '"kept", which nobody uses' in holder(pg))
    server.sql("SELECT pg_drop_replication_slot('kept')")
    assert 'kept' not in holder(pg)


def test_a_clock_that_is_wrong(pg):
    libraries = list(Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'))
    if not libraries:
        pytest.skip('no libfaketime')
    pg.env |= {'LD_PRELOAD': libraries[0], 'FAKETIME': '+60s'}
    found = examine(pg)['clock']
    assert found['status'] == 'warn' and found['mend']
    assert re.search(r"the server's is (59|60)\.\d s behind this machine's", found['found'])


def test_a_lock_that_was_opened(pg, server):
    server.sql(
        f'ALTER TABLE {pg.schema}.job NO FORCE ROW LEVEL SECURITY;'
        f'GRANT EXECUTE ON FUNCTION {pg.schema}.mh_version() TO PUBLIC'
    )
    findings = examine(pg)
    for name in ('row-level security', 'PUBLIC'):
        assert findings[name]['status'] == 'bad'
        mend(server, findings[name])
    assert states(examine(pg), 'row-level security', 'PUBLIC') == ['ok', 'ok']


def test_roles_and_what_they_may_see(pg, server):
    role = 'r_' + pg.schema
    found = examine(pg)['roles']
    assert found['status'] == 'warn' and 'migrate --roles' in found['mend']
    pg.ok('migrate', '--roles')
    assert states(examine(pg), 'roles') == ['ok']
    server.sql(f'CREATE ROLE {role} LOGIN')
    pg.env['DATABASE_URL'] = server.url().replace('//test', f'//{role}')
    findings = examine(pg)
    assert states(findings, 'rights', 'expired leases', 'schema') == ['bad', 'skipped', 'skipped']
    mend(server, findings['rights'])
    findings = examine(pg)
    assert states(findings, 'rights', 'migrations', 'expired leases', 'unserved types') == [
        'ok',
        'skipped',
        'ok',
        'ok',
    ]
    assert findings['rights']['found'] == f'role {role} may claim and finish, count'


def test_what_went_wrong_inside(pg, server):
    pg.enqueue('a')
    server.sql(
        f"SET search_path = {pg.schema}; SELECT claim_job('dead', '1 millisecond'); "
        "SELECT mh_join('late', 3600000, NULL); "
        "UPDATE worker SET beat_at = now() - interval '50 minutes' WHERE name = 'late'; "
        "UPDATE migration SET checksum = 'x'"
    )
    findings = examine(pg)
    assert states(findings, 'migrations', 'workers', 'expired leases') == ['bad', 'warn', 'warn']
    assert findings['workers']['found'].endswith(': late')
    mend(server, findings['expired leases'])
    assert states(examine(pg), 'expired leases') == ['ok']


def test_behind_a_pooler(pg, server):
    proxy = Proxy(server.port, pooler=True)
    try:
        pg.env['DATABASE_URL'] = server.url(port=proxy.port)
        assert states(examine(pg), 'pooler', 'notifications') == ['warn', 'skipped']
    finally:
        proxy.close()
