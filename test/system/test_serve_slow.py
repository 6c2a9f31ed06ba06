"""`millhand serve` with a store, and with clients, that are slow: others do not wait for them."""
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from threading import Thread

from conftest import wait_until
from serve import Server

MB = 1 << 20


@contextmanager
def locked(server, table):
    """While nobody else gets at the table."""
    url = f'postgres://test@127.0.0.1:{server.port}/postgres'
    with subprocess.Popen(
        ['psql', '-qX', url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as psql:
        psql.stdin.write(f'BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; \\echo locked\n')
        psql.stdin.flush()
        assert psql.stdout.readline() == 'locked\n'
        yield
        psql.stdin.close()


@contextmanager
def meanwhile(fn):
    thread = Thread(target=fn)
    thread.start()
    yield thread
    thread.join(20)


def test_a_look_and_a_dispatch_do_not_wait_behind_what_is_slow(site, shared_server):
    schema = f'slow_{time.monotonic_ns()}'
    site.env['DATABASE_URL'] = f'postgres://test@127.0.0.1:{shared_server.port}/postgres'
    site.env['MILLHAND_SCHEMA'] = schema
    site.ok('migrate')
    with Server(site) as server:
        job = server.add({'type': 'a'})
        answers = []

        def slow():
            answers.append(server.ask('GET', '/v1/schedules').status)

        with locked(shared_server, f'{schema}.schedule'):
            with meanwhile(slow) as thread:
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                wait_until(lambda: int(shared_server.sql(waiting)[0]) > 0)
                for _ in range(3):
                    assert server.ask('GET', f'/v1/jobs/{job["id"]}').json['history'] == []
                    server.add({'type': 'a'})
                assert thread.is_alive() and server.ask('GET', '/health').status == 200
                locks = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted "
                shared_server.sql(f"{locks} AND relation = '{schema}.schedule'::regclass")
        assert answers == [200]
        with locked(shared_server, f'{schema}.job'):
            wait_until(lambda: server.ask('GET', '/health').status == 503)
            assert 'does not answer' in server.ask('GET', '/health').json['reason']
        wait_until(lambda: server.ask('GET', '/health').status == 200)
        assert server.stop() == 0


def test_answers_that_nobody_takes_have_a_limit(site):
    with Server(site) as server:
        server.add([{'type': 'a', 'payload': {'a': 'x' * (MB - 100)}}] * 7)
        path = '/v1/jobs?limit=7'
        lazy = []
        for _ in range(20):  # 7 MiB each, and 128 have room
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(('127.0.0.1', server.port))
            client.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())
            lazy.append(client)
        heads = [client.recv(12) for client in lazy]
        assert heads.count(b'HTTP/1.1 200') == 18 and heads.count(b'HTTP/1.1 503') == 2, heads
        refused = server.ask('GET', path)
        assert (refused.status, refused.code) == (503, 'BUSY')
        assert refused.headers['Retry-After'] == '1'
        assert server.ask('GET', '/v1/jobs?bodies=no').status == 200
        for client in lazy:
            client.close()
        wait_until(lambda: server.ask('GET', path).status == 200)
        assert server.stop() == 0


def test_nobody_can_take_all_connections(site):
    """One address begins requests and ends none; another is served all the same."""
    begun = b'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    begun += b'Content-Length: 9\r\n\r\n{'
    with Server(site) as server, ExitStack() as held:

        def begin(words):
            client = socket.create_connection(('127.0.0.1', server.port))
            held.callback(client.close)
            client.sendall(words)

        def refusal():
            begin(begun)
            answer = server.ask('GET', '/v1/stats', own='127.0.0.1')
            return answer if answer.status == 503 else None

        for words in [b'GET /health HTTP/1.1\r\n'] * 400 + [begun] * 600:
            begin(words)  # idle ones go first, and keep nobody out
        refused = wait_until(refusal)
        assert refused.code == 'TOO_MANY_CONNECTIONS' and refused.headers['Retry-After'] == '1'
        for _ in range(3):
            assert server.ask('GET', '/v1/stats', own='127.0.0.2').status == 200
        held.close()
        wait_until(lambda: server.ask('GET', '/v1/stats').status == 200)
        assert server.stop() == 0
