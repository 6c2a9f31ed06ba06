"""The worker's port: /health, /metrics, and `millhand health`."""
import json
import os
import re
import shutil
import socket
import sqlite3

import pytest
from conftest import free_port, get, wait_until
from test_enqueue import when


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def worker(site, port):
    """A worker with its port open."""
    site.sh('good', 'echo 1\n')
    site.sh('bad', 'exit 65\n')
    with site.worker(HEALTH_CHECK_PORT=port) as process:
        process.wait_for('store ready')
        wait_until(lambda: open_port(port) and get(port, '/health')[0] == 200)
        yield process


def open_port(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def test_health_is_200_and_says_healthy(worker, port):
    status, headers, body = get(port, '/health')
    assert status == 200 and headers['content-type'].startswith('application/json')
    answer = json.loads(body)
    assert list(answer) == ['status', 'uptime', 'timestamp']
    assert answer['status'] == 'healthy' and 0 <= answer['uptime'] < 60
    assert when(answer['timestamp']) == pytest.approx(worker.started, abs=60)


def test_head_is_answered_without_a_body(worker, port):
    status, headers, body = get(port, '/health', 'HEAD')
    assert status == 200 and body == '' and int(headers['content-length']) > 0


def test_other_paths_and_methods_are_refused(worker, port):
    assert get(port, '/none')[0] == 404
    assert get(port, '/health', 'POST')[0] == 405
    assert get(port, '/metrics', 'DELETE')[0] == 405


def test_metrics_are_prometheus_text_and_count_jobs(site, worker, port):
    for job_type in ('good', 'good', 'bad'):
        site.ended(site.enqueue(job_type))

    def counted():
        status, headers, body = get(port, '/metrics')
        assert status == 200 and headers['content-type'].startswith('text/plain')
        return body if len(re.findall(r'^millhand_\w*total\{.*\} [1-9]', body, re.M)) >= 2 else None
    body = wait_until(counted)
    for line in body.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) millhand_\w+ .+'
                            r'|millhand_\w+(\{(\w+="[^"]*",?)*\})? [-+0-9.eInfNa]+', line), line
    assert re.search(r'completed.*\} 2$', body, re.M), body
    assert re.search(r'failed.*\} 1$', body, re.M), body


def test_the_health_command_exits_with_0(site, worker, port):
    assert site.run('health', env={'HEALTH_CHECK_PORT': port}).returncode == 0


def test_the_health_command_exits_with_1_where_nobody_listens(site, port):
    done = site.run('health', env={'HEALTH_CHECK_PORT': port})
    assert done.returncode == 1 and str(port) in done.stderr


def test_a_stopping_worker_is_unhealthy(site, worker, port):
    site.sh('hold', 'echo >@DIR@/held; while [ ! -e @DIR@/go ]; do sleep 0.02; done\n')
    hold_port = free_port()
    site.enqueue('hold')
    with site.worker(HEALTH_CHECK_PORT=hold_port) as stopping:
        site.wait_for_file('held')
        stopping.signal()
        stopping.wait_for('shutdown signal received')
        status, _, body = get(hold_port, '/health')
        assert status == 503
        answer = json.loads(body)
        assert answer['status'] == 'unhealthy' and answer['reason']
        assert site.run('health', env={'HEALTH_CHECK_PORT': hold_port}).returncode == 1
        site.touch('go')
        assert stopping.wait() == 0
    assert not open_port(hold_port)


def test_a_worker_whose_store_is_gone_is_unhealthy(site, port):
    site.sh('good', 'echo 1\n')
    folder = site.path / 'store'
    folder.mkdir()
    with site.worker(HEALTH_CHECK_PORT=port, DATABASE_URL=f'sqlite:{folder}/jobs.db',
                     LEASE_MS=1000, POLL_INTERVAL_MS=100):
        wait_until(lambda: open_port(port) and get(port, '/health')[0] == 200)
        shutil.rmtree(folder)
        wait_until(lambda: get(port, '/health')[0] == 503)


def test_a_worker_is_unhealthy_while_its_store_does_not_answer(site, port):
    site.sh('good', 'echo 1\n')
    site.ok('migrate')
    with site.worker(HEALTH_CHECK_PORT=port, LEASE_MS=1000, POLL_INTERVAL_MS=100):
        wait_until(lambda: open_port(port) and get(port, '/health')[0] == 200)
        blocker = sqlite3.connect(site.file('jobs.db'), isolation_level=None)
        blocker.execute('BEGIN IMMEDIATE')
        wait_until(lambda: get(port, '/health')[0] == 503)
        blocker.execute('ROLLBACK')
        blocker.close()
        wait_until(lambda: get(port, '/health')[0] == 200)
        assert site.ended(site.enqueue('good'))['status'] == 'completed'


def test_port_0_opens_no_port(site):
    site.sh('good', 'echo 1\n')
    with site.worker(HEALTH_CHECK_PORT=0) as worker:
        worker.wait_for('store ready')
        site.ended(site.enqueue('good'))
        with open(f'/proc/{worker.pid}/net/tcp', encoding='ascii') as file:
            listening = {line.split()[9] for line in file if line.split()[3] == '0A'}
        assert not listening & inodes(worker.pid)


def inodes(pid):
    found = set()
    for name in os.listdir(f'/proc/{pid}/fd'):
        try:
            match = re.match(r'socket:\[(\d+)\]', os.readlink(f'/proc/{pid}/fd/{name}'))
        except OSError:
            continue
        if match:
            found.add(match.group(1))
    return found


def test_a_port_that_is_taken_is_said(site):
    site.sh('good', 'echo 1\n')
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        number = taken.getsockname()[1]
        done = site.run('worker', '--drain', env={'HEALTH_CHECK_PORT': number})
    assert done.returncode == 1 and str(number) in done.stderr


def test_a_client_that_says_nothing_does_not_disturb(site, worker, port):
    silent = [socket.create_connection(('127.0.0.1', port)) for _ in range(20)]
    try:
        assert site.ended(site.enqueue('good'))['status'] == 'completed'
        assert worker.stop() == 0
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize('bytes_sent', [
    b'\x00\xff\xfe\r\n\r\n', b'GET ' + b'x' * 100000, b'GET /health HTTP/9.9\r\n\r\n',
    b'POST /health HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n',
], ids=['garbage', 'endless', 'version', 'length'])
def test_a_wrong_request_harms_nothing(site, worker, port, bytes_sent):
    with socket.create_connection(('127.0.0.1', port), timeout=1) as connection:
        try:
            connection.sendall(bytes_sent)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
        except OSError:
            pass  # it may hang up while we are still writing, or wait for more
    assert get(port, '/health')[0] == 200
    assert site.ended(site.enqueue('good'))['status'] == 'completed'


def test_only_who_listens_needs_libmicrohttpd(site, port):
    """One that is no library stands where it would be found first."""
    (site.path / 'lib').mkdir()
    (site.path / 'lib/libmicrohttpd.so.12').touch()
    site.sh('good', 'echo 1\n')
    env = {'LD_LIBRARY_PATH': str(site.path / 'lib'), 'HEALTH_CHECK_PORT': '0'}
    site.ok('enqueue', 'good', env=env)
    site.ok('worker', '--once', env=env)
    for command in (['serve'], ['worker', '--once']):
        done = site.run(*command, env=env | {'HEALTH_CHECK_PORT': str(port)})
        assert done.returncode == 1
        said = done.stderr.splitlines()[-1]
        assert 'unable to load libmicrohttpd' in said and 'libmicrohttpd12' in said
