"""Handlers over HTTP against a server that is slow, dies, floods, refuses and lies."""
import asyncio
import base64
import hashlib
import hmac
import json
import os
import resource
import socket
import ssl
import subprocess
import time

import pytest
from conftest import alive, assert_refused, wait_until
from http_peer import Peer, http_date, reply
from test_enqueue import FIELDS
from test_oneshot import put_off

pytestmark = pytest.mark.sanitized

SECRETS = ['whsec_' + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
STREAM = {'content_type': 'application/vnd.millhand+ndjson'}


def serve(site, url, job_type='web', **settings):
    site.conf(job_type, mode='http', url=url, allow_private=1, **settings)


def signatures(request, secrets):
    """The value of webhook-signature, worked out from the specification."""
    signed = '.'.join(request.headers[f'webhook-{name}'] for name in ('id', 'timestamp')).encode()
    keys = [base64.b64decode(secret.removeprefix('whsec_')) for secret in secrets]
    macs = [hmac.new(key, signed + b'.' + request.body, hashlib.sha256).digest() for key in keys]
    return ' '.join('v1,' + base64.b64encode(mac).decode() for mac in macs)


async def never(_request, _wire):
    await asyncio.sleep(60)


# --- what is sent


def test_the_record_is_posted_signed_and_the_answer_is_the_result(site):
    async def answer(_request, _wire):
        return reply(200, b' {"price":1.10}\n')

    with Peer(answer) as peer:
        serve(site, peer.url.replace('://', '://me:hush@') + '?x=1')
        job_id = site.enqueue('web', '{"price":1.10}', '--correlation-id', 'c-1')
        env = {'http_proxy': 'http://127.0.0.1:1', 'ALL_PROXY': 'http://127.0.0.1:1'}
        with site.worker(MILLHAND_WEBHOOK_SECRET=' '.join(SECRETS), **env) as worker:
            assert site.ended(job_id)['status'] == 'completed'
            assert worker.stop() == 0
    (request,) = peer.requests
    assert request.line == 'POST /jobs?x=1 HTTP/1.1'
    assert request.headers['content-type'] == 'application/json'
    assert request.headers['authorization'] == 'Basic ' + base64.b64encode(b'me:hush').decode()
    assert request.headers['webhook-id'] == job_id
    assert abs(int(request.headers['webhook-timestamp']) - time.time()) < 20
    assert request.headers['webhook-signature'] == signatures(request, SECRETS)
    assert 'cookie' not in request.headers
    assert list(request.job) == FIELDS and request.job['correlation_id'] == 'c-1'
    assert b'{"price":1.10}' in request.body and request.job['status'] == 'processing'
    assert '{"price":1.10}' in site.ok('--json', 'jobs', 'show', job_id)


def test_a_large_payload_is_sent_without_asking_first(site):
    async def answer(request, _wire):
        return reply(200, str(len(request.payload['fill'])).encode())

    with Peer(answer) as peer:
        serve(site, peer.url)
        (job_id,) = site.bulk([{'type': 'web', 'payload': {'fill': 'x' * 1048500}}])
        with site.worker() as worker:
            assert site.ended(job_id)['result'] == 1048500
            assert worker.stop() == 0
    assert 'expect' not in peer.requests[0].headers


def test_each_type_has_its_own_secret_or_none(site):
    async def answer(_request, _wire):
        return reply(204, set_cookie='a=b')

    site.file('secret').write_text(SECRETS[1] + '\n')
    with Peer(answer) as peer:
        serve(site, peer.url, 'one', secret_env='ONE_SECRET')
        serve(site, peer.url, 'two')
        ids = [site.enqueue(job_type) for job_type in ('one', 'two')]
        with site.worker(ONE_SECRET_FILE=site.file('secret')) as worker:
            assert [site.ended(job_id)['result'] for job_id in ids] == [None, None]
            said = worker.wait_for(
                'requests are not signed: set MILLHAND_WEBHOOK_SECRET or ' 'secret_env='
            )
            assert said['type'] == 'two' and worker.stop() == 0
    one, two = sorted(peer.requests, key=lambda request: request.job['type'])
    assert one.headers['webhook-signature'] == signatures(one, SECRETS[1:])
    assert 'webhook-signature' not in two.headers and two.headers['webhook-id'] == ids[1]


# --- what is answered


async def cut(_request, wire):
    wire.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":')
    await wire.drain()
    wire.close()


async def flood(_request, wire, head=b'HTTP/1.1 200 OK\r\n\r\n', piece=b'[' * 65536):
    wire.write(head)
    while True:
        wire.write(piece)
        await wire.drain()


async def flood_headers(request, wire):
    await flood(request, wire, b'HTTP/1.1 200 OK\r\n', b'X-Filler: ' + b'x' * 900 + b'\r\n')


async def flood_error(request, wire):
    await flood(request, wire, b'HTTP/1.1 500 No\r\n\r\n', b'<p>no</p>\n')


async def hang_up(_request, wire):
    wire.close()


# What the server does, how the job ends, after how many attempts of 2, and its result or error.
ANSWERS = {
    'json': (reply(200, b'[1.50, null]\n'), 'completed', 1, [1.5, None]),
    'text': (reply(201, 'grüß\n'.encode()), 'completed', 1, 'grüß'),
    'empty': (reply(200), 'completed', 1, None),
    'binary': (reply(200, b'\xff\xfe'), 'failed', 2, 'neither JSON nor UTF-8'),
    'gone': (reply(410, b'hush'), 'failed', 1, 'HTTP status 410'),
    'bad': (reply(400), 'failed', 1, 'HTTP status 400'),
    'moved': (
        reply(301, location='http://127.0.0.1:9/'),
        'failed',
        1,
        'redirects are not followed',
    ),
    'early': (reply(425), 'failed', 2, 'HTTP status 425'),
    'slow': (reply(408), 'failed', 2, 'HTTP status 408'),
    'busy': (reply(429), 'failed', 2, 'HTTP status 429'),
    'down': (reply(503, b'hush'), 'failed', 2, 'HTTP status 503'),
    'odd': (b'SSH-2.0-OpenSSH_9.2\r\n', 'failed', 2, 'the request failed'),
    'cut': (cut, 'failed', 2, 'the request failed'),
    'hang up': (hang_up, 'failed', 2, 'the request failed'),
    'flood': (flood, 'failed', 2, 'larger than MAX_RESULT_BYTES (10000)'),
    'flood headers': (flood_headers, 'failed', 2, 'headers of the answer are larger'),
    'flood error': (flood_error, 'failed', 2, 'HTTP status 500'),
}


def test_each_answer_has_its_meaning(site):
    async def answer(request, wire):
        said = ANSWERS[request.payload['say']][0]
        return said if isinstance(said, bytes) else await said(request, wire)

    with Peer(answer) as peer:
        serve(site, peer.url.replace('://', '://me:hush@'), max_attempts=2, backoff_base='10ms')
        ids = site.bulk({'type': 'web', 'payload': {'say': name}} for name in ANSWERS)
        env = {'MAX_RESULT_BYTES': 10000, 'MAX_CONCURRENT_JOBS': len(ids)}
        with site.worker(MILLHAND_WEBHOOK_SECRET=SECRETS[0], LOG_LEVEL='info', **env) as worker:
            jobs = [site.ended(job_id) for job_id in ids]
            assert worker.stop() == 0
    for (name, (_, status, attempts, expected)), job in zip(ANSWERS.items(), jobs):
        assert (job['status'], job['attempts']) == (status, attempts), (name, job)
        if status == 'completed':
            assert job['result'] == expected, name
        else:
            assert expected in job['error'] and 'hush' not in job['error'], (name, job['error'])
            assert '\n' not in job['error'] and len(job['error']) < 200
    log = json.dumps(worker.lines)
    assert 'hush' not in log and 'whsec' not in log and SECRETS[0][6:] not in log
    history = {job['payload']['say']: job['history'] for job in jobs}
    assert history['gone'][0]['log'] == 'hush\n'
    assert len(history['flood error'][0]['log']) < 5000


@pytest.mark.parametrize(
    'headers, at_least, at_most',
    [
        ({'retry_after': '100'}, 100, 100),
        ({'retry_after': 'DATE'}, 95, 101),
        ({'retry_after': '999999999'}, 6 * 3600, 6 * 3600),
        ({'retry_after': '1'}, 20, 25),
        ({'retry_after': 'soon'}, 20, 25),
        ({}, 20, 25),
    ],
)
def test_retry_after_is_followed_where_it_is_longer_than_the_backoff(
    site, headers, at_least, at_most
):
    async def answer(_request, _wire):
        return reply(
            503,
            **{
                name: http_date(time.time() + 100) if value == 'DATE' else value
                for name, value in headers.items()
            },
        )

    with Peer(answer) as peer:
        serve(site, peer.url, backoff_base='20s')
        site.enqueue('web')
        with site.worker() as worker:
            delay_ms = worker.wait_for('job will retry')['delayMs']
    assert at_least * 1000 <= delay_ms <= at_most * 1000


def test_an_answer_can_put_the_job_off(site):
    async def answer(_request, _wire):
        return reply(503, millhand_later='5m', retry_after=1)

    with Peer(answer) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker() as worker:
            assert worker.wait_for('job put off')['delayMs'] == 300000
            assert put_off(site, job_id)['attempts'] == 0


# --- streams


def lines(*messages):
    return ''.join(json.dumps(message) + '\r\n' for message in messages).encode()


STREAMS = {
    'result': (lines({'progress': 0.5}, {'result': {'a': [1.5]}}), 'completed', 1, {'a': [1.5]}),
    'for good': (
        lines({'log': 'first'}, {'log': 'second'}, {'error': 'no host', 'retry': False}),
        'failed',
        1,
        'no host',
    ),
    'error': (b'\r\n \r\n' + lines({'error': 'no luck'}), 'failed', 2, 'no luck'),
    'open end': (lines({'progress': 0.9}), 'failed', 2, 'ended without result, error or later'),
    'no newline': (b'{"result":1}', 'completed', 1, 1),
    'no JSON': (b'hello\n', 'failed', 2, 'broke the protocol: a line is not a JSON object'),
    'no message': (b'{"a":1}\n', 'failed', 2, 'a line is neither progress, log, later, result nor'),
    'long': (b'{"result":"' + b'x' * 80000 + b'"}\n', 'failed', 2, 'larger than MAX_RESULT_BYTES'),
    'larger': (b'{"result":"' + b'x' * 10000 + b'"}\n', 'failed', 2, 'MAX_RESULT_BYTES (10000)'),
    'more': (lines({'result': 1}, {'error': 'late'}) + b'hello\n', 'completed', 1, 1),
}


def test_a_stream_tells_how_the_job_ended(site):
    async def answer(request, _wire):
        return reply(200, STREAMS[request.payload['say']][0], **STREAM)

    with Peer(answer) as peer:
        serve(site, peer.url, max_attempts=2, backoff_base='10ms')
        ids = site.bulk({'type': 'web', 'payload': {'say': name}} for name in STREAMS)
        with site.worker(MAX_RESULT_BYTES=10000, MAX_CONCURRENT_JOBS=len(ids)) as worker:
            jobs = [site.ended(job_id) for job_id in ids]
            assert worker.stop() == 0
    for (name, (_, status, attempts, expected)), job in zip(STREAMS.items(), jobs):
        assert (job['status'], job['attempts']) == (status, attempts), (name, job)
        said = job['result'] if status == 'completed' else job['error']
        assert said == expected or (status == 'failed' and expected in said), (name, said)
    assert jobs[1]['history'][0]['log'] == 'first\nsecond\n'


def test_a_stream_that_breaks_off_is_told_from_a_wrong_message(site):
    async def answer(_request, wire):
        wire.write(reply(200, lines({'result': 1}), **STREAM)[:-5])
        await wire.drain()
        wire.close()

    with Peer(answer) as peer:
        serve(site, peer.url, max_attempts=1)
        job_id = site.enqueue('web')
        with site.worker() as worker:
            job = site.ended(job_id)
            assert worker.stop() == 0
    assert job['status'] == 'failed' and 'the request failed' in job['error']


def test_progress_is_seen_while_the_stream_runs_and_later_ends_it(site):
    gate = asyncio.Event()

    async def answer(_request, wire):
        wire.write(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.millhand+ndjson; a=b\r\n'
            b'Connection: close\r\n\r\n' + lines({'progress': 0.25, 'message': 'begun'})
        )
        await wire.drain()
        await gate.wait()
        wire.write(lines({'later': '5m'}))
        wire.close()

    with Peer(answer) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker(LEASE_MS=1000) as worker:
            wait_until(lambda: site.job(job_id)['progress'] == 0.25)
            peer.loop.call_soon_threadsafe(gate.set)
            assert worker.wait_for('job put off')['delayMs'] == 300000
            assert worker.stop() == 0


# --- the end of an attempt from our side


def test_a_stream_that_goes_on_behind_its_result_is_cut(site):
    async def answer(request, wire):
        head = b'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.millhand+ndjson\r\n\r\n'
        await flood(request, wire, head + lines({'result': 1}), lines({'progress': 0.5}))

    with Peer(answer) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker() as worker:
            assert site.ended(job_id)['result'] == 1
            assert worker.stop() == 0


def test_a_request_that_takes_too_long_is_given_up(site):
    with Peer(never) as peer:
        serve(site, peer.url, timeout='200ms', max_attempts=1)
        job_id = site.enqueue('web')
        with site.worker():
            job = site.ended(job_id)
            wait_until(lambda: peer.closed == 1)
    assert (job['status'], job['error']) == ('failed', 'timed out after 200ms')


def test_a_cancel_closes_the_connection(site):
    with Peer(never) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker() as worker:
            wait_until(lambda: peer.requests)
            site.ok('jobs', 'cancel', job_id)
            worker.wait_for('job cancelled', jobId=job_id)
            wait_until(lambda: peer.closed == 1)
            assert worker.stop() == 0
    assert site.job(job_id)['status'] == 'cancelled'


def test_a_worker_that_stops_hands_the_job_back(site):
    with Peer(never) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker(SHUTDOWN_TIMEOUT_MS=500) as worker:
            wait_until(lambda: peer.requests)
            assert worker.stop() == 0
            wait_until(lambda: peer.closed == 1)
    job = site.job(job_id)
    assert (job['status'], job['attempts'], job['history']) == ('pending', 0, [])


def test_a_request_under_way_may_finish_while_the_worker_stops(site):
    gate = asyncio.Event()

    async def answer(_request, _wire):
        await gate.wait()
        return reply(200, b'"whole"')

    with Peer(answer) as peer:
        serve(site, peer.url)
        job_id = site.enqueue('web')
        with site.worker() as worker:
            wait_until(lambda: peer.requests)
            worker.signal()
            worker.wait_for('shutdown signal received')
            peer.loop.call_soon_threadsafe(gate.set)
            assert worker.wait() == 0
    assert site.job(job_id)['result'] == 'whole'


# --- where requests may go


def test_a_private_address_is_refused_however_it_is_named(site):
    hosts = ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '0x7f.1', '[::ffff:127.0.0.1]']
    try:
        socket.getaddrinfo(socket.gethostname(), 80)
        hosts.append(socket.gethostname())  # by a name that has to be looked up
    except OSError:
        pass
    with Peer(never) as peer:
        for number, host in enumerate(hosts):
            site.conf(f'web{number}', mode='http', url=f'http://{host}:{peer.port}/')
        ids = site.bulk({'type': f'web{number}'} for number in range(len(hosts)))
        with site.worker('--drain') as worker:
            assert worker.wait() == 0
        jobs = [site.job(job_id) for job_id in ids]
    for host, job in zip(hosts, jobs):
        assert (job['status'], job['attempts']) == ('failed', 1), host
        assert 'private address' in job['error'], (host, job['error'])
        assert f'allow_private=1 in [handler.{job["type"]}]' in job['error']
    assert peer.connections == 0


def test_a_server_that_is_not_who_it_says_is_refused(site):
    key, certificate = site.file('key.pem'), site.file('certificate.pem')
    subprocess.run(
        [
            'openssl',
            'req',
            '-x509',
            '-newkey',
            'ec',
            '-nodes',
            '-days',
            '2',
            '-pkeyopt',
            'ec_paramgen_curve:prime256v1',
            '-subj',
            '/CN=127.0.0.1',
            '-addext',
            'subjectAltName=IP:127.0.0.1',
            '-keyout',
            key,
            '-out',
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Peer(never, context) as peer:
        serve(site, peer.url, max_attempts=1)
        job_id = site.enqueue('web')
        with site.worker():
            job = site.ended(job_id)
    assert job['status'] == 'failed' and 'certificate' in job['error'], job['error']
    assert not peer.requests


# --- many at once


def test_hundreds_run_at_once_on_connections_that_are_kept(site):
    count, gate = 300, asyncio.Event()

    async def answer(_request, _wire):
        if len(peer.requests) == count:
            gate.set()
        await gate.wait()
        return reply(200, b'1')

    with Peer(answer) as peer:
        serve(site, peer.url)
        with site.worker(MAX_CONCURRENT_JOBS=count) as worker:
            for total in (count, 2 * count):
                site.bulk({'type': 'web'} for _ in range(count))
                worker.wait_for('job completed', count=total)
            assert alive(worker.pid) and worker.stop() == 0
    assert peer.connections == count and len(peer.requests) == 2 * count


def test_without_descriptors_jobs_wait(site):
    gate = asyncio.Event()

    async def answer(request, _wire):
        if request.payload:
            await gate.wait()
        return reply(200, b'1')

    with Peer(answer) as peer:
        serve(site, peer.url, max_attempts=1)
        with site.worker(MAX_CONCURRENT_JOBS=30) as worker:
            site.ended(site.enqueue('web'))
            few = len(os.listdir(f'/proc/{worker.process.pid}/fd')) + 16
            resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE, (few, few))
            site.bulk({'type': 'web', 'payload': {'wait': 1}} for _ in range(30))
            worker.wait_for('job put off')
            peer.loop.call_soon_threadsafe(gate.set)
            wait_until(lambda: len(site.jobs('--status', 'completed')) == 31, 20)
            assert worker.stop() == 0


def test_concurrency_bounds_the_requests_of_a_type(site):
    most = 0

    async def answer(_request, _wire):
        nonlocal most
        most = max(most, len(peer.requests) - answer.done)
        await asyncio.sleep(0.01)
        answer.done += 1
        return reply(200)

    answer.done = 0
    with Peer(answer) as peer:
        serve(site, peer.url, concurrency=2)
        site.bulk({'type': 'web'} for _ in range(8))
        with site.worker('--drain', MAX_CONCURRENT_JOBS=8) as worker:
            assert worker.wait() == 0
    assert most == 2 and len(peer.requests) == 8


# --- wrong settings


@pytest.mark.parametrize(
    'settings, words',
    [
        ({'mode': 'http'}, ['millhand.conf:2', 'mode=http needs url=']),
        ({'url': 'http://h/'}, ['millhand.conf:2', 'url is for mode=http']),
        ({'mode': 'http', 'url': 'http://a:hush@[::zz]/'}, ['url= of [handler.web] is not a URL']),
        ({'mode': 'http', 'url': 'http://h/', 'secret_env': 'NO'}, ['[handler.web]', 'NO_FILE']),
        ({'mode': 'http', 'url': 'http://h/', 'secret_env': 'HOME'}, ['HOME is not whsec_']),
    ],
)
def test_wrong_settings_are_refused(site, settings, words):
    site.conf('web', **settings)
    done = site.run('worker', env={'LOG_LEVEL': 'error'})
    assert_refused(done, 2, *words)
    assert 'hush' not in done.stderr


def test_a_wrong_secret_is_refused_and_not_repeated(site):
    done = site.run('worker', env={'MILLHAND_WEBHOOK_SECRET': 'hush'})
    assert_refused(done, 2, 'MILLHAND_WEBHOOK_SECRET', 'whsec_')
    assert 'hush' not in done.stderr
