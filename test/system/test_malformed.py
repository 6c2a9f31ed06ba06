"""Requests that are wrong in ways nobody thought of: mutations of right ones, over connections.

A run sends REQUESTS of them; MILLHAND_TEST_REQUESTS=10000 sends so many, and MILLHAND_TEST_SEED
repeats a run that failed. script/test runs it against the sanitizer build as well.
"""
import json
import os
import random
import re
import signal
import socket
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import pytest
from serve import SECRET, Server, token

REQUESTS = int(os.environ.get('MILLHAND_TEST_REQUESTS', '600'))
SEED = int(os.environ.get('MILLHAND_TEST_SEED', time.time_ns() % 10**9))
OPEN = 40  # connections left open at a time
WARM = 0.3  # the part of a run after which memory grows no more
GROWTH_MB = 24

WORDS = [
    *('\r\n', '\n', '\r', '\0', ' ', '\t', ':', '%', '%00', '%2e%2e', '/', '?', '&', '=', '#'),
    *(
        '{',
        '}',
        '[',
        ']',
        '"',
        '\\',
        '\\u0000',
        '\\ud800',
        '\xff',
        '\xc0\x80',
        ',',
        'null',
        '1e999',
    ),
    *('-1', '0', '99999999999999999999', '0x10', 'ffffffffffffffff', 'A' * 300, '%s%n', '../'),
    *(
        'HTTP/1.0',
        'HTTP/2',
        'HTTP/1.1\r\n',
        '\r\n\r\n',
        '0\r\n\r\n',
        'chunked',
        'HEAD ',
        'OPTIONS ',
    ),
    *('Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Expect: 100-continue\r\n'),
    *('Host: evil\r\n', 'Connection: close\r\n', 'Connection: upgrade\r\n', 'Range: bytes=0-1\r\n'),
    *(
        'Authorization: Bearer x\r\n',
        'Last-Event-ID: 9.9\r\n',
        'traceparent: 00\r\n',
        'X: \r\n y\r\n',
    ),
]


def request(method, path, body=None, chunked=False, **headers):
    headers = {'Host': 'localhost', 'Authorization': 'Bearer @', **headers}
    text = '' if body is None else body if isinstance(body, str) else json.dumps(body)
    if body is not None:
        headers['Content-Type'] = 'application/json'
    if chunked:
        headers['Transfer-Encoding'] = 'chunked'
        text = f'{len(text):x}\r\n{text}\r\n0\r\n\r\n'
    elif body is not None:
        headers['Content-Length'] = len(text)
    lines = ''.join(f'{name.replace("_", "-")}: {value}\r\n' for name, value in headers.items())
    return f'{method} {path} HTTP/1.1\r\n{lines}\r\n{text}'


def right_requests(job_id):
    """One or more for each route; @ stands for the token."""
    job = {'type': 'a', 'payload': {'n': 1}, 'delay': '5m', 'unique_key': 'k', 'priority': 3}
    schedule = {'name': 's', 'type': 'a', 'cron': '0 3 * * *', 'tz': 'Europe/Berlin'}
    for path in ('/health', '/metrics', '/', '/web/app.js', '/v1/openapi.json', '/v1/stats'):
        yield request('GET', path)
    for path in ('/v1/workers', '/v1/types', '/v1/schedules', '/v1/schedules/s', '/v1/events'):
        yield request('GET', path)
    for query in ('?status=pending&type=a&limit=2', '?cursor=MTA&bodies=no', f'?tenant={job_id}'):
        yield request('GET', f'/v1/jobs{query}', X_Correlation_ID='me')
    yield request('POST', '/v1/jobs', job)
    yield request('POST', '/v1/jobs', [job, {'type': 'b', 'run_at': '2026-01-01T00:00:00Z'}])
    yield request('POST', '/v1/jobs', job, chunked=True)
    for act in ('cancel', 'retry', 'delete'):
        yield request('POST', f'/v1/jobs/{act}', {'ids': [job_id]})
    for act in ('cancel', 'retry'):
        yield request('POST', f'/v1/jobs/{job_id}/{act}')
    yield request('GET', f'/v1/jobs/{job_id}', traceparent=f'00-{"4b" * 16}-{"00f067aa" * 2}-01')
    yield request('GET', f'/v1/jobs/{job_id}/events?event=failed', Last_Event_ID='1.0')
    yield request('GET', '/v1/events?type=a&event=completed,failed&last_event_id=1.0')
    yield request('DELETE', f'/v1/jobs/{job_id}')
    yield request('PATCH', '/v1/types/a/limits', {'max': 5, 'per_key': 2, 'key': 'account'})
    yield request('POST', '/v1/types/a/pause')
    yield request('POST', '/v1/schedules', schedule)
    yield request('PATCH', '/v1/schedules/s', {'paused': True, 'payload': {'a': [1]}})
    yield request('DELETE', '/v1/schedules/s')
    yield request('POST', '/v1/projects', {'name': 'p', 'url': 'https://example.org/p.git'})
    for path in ('', '/p', f'/{job_id}', '/p/blueprint?version=1&format=markdown', '/p/blueprints'):
        yield request('GET', f'/v1/projects{path}')
    for path in ('search?q=parse_request&in=symbols&limit=5', 'files?path=src&after=a&limit=2'):
        yield request('GET', f'/v1/projects/p/{path}')
    yield request('GET', '/v1/projects/p/symbols?file=src/main.c')
    for act in ('index', 'blueprint'):
        yield request('POST', f'/v1/projects/p/{act}')
    yield request('DELETE', '/v1/projects/p')


def mutate(chance, text, others):
    """The text with something wrong in it, at a place or two."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice((1, 1, 4, 20, 200)))
        part = text[at:end]
        kind = chance.randrange(8)
        if kind == 0:
            part = ''
        elif kind == 1:
            part = ''.join(chr(ord(c) ^ 1 << chance.randrange(8)) for c in part)
        elif kind == 2:
            part += part * chance.choice((1, 1, 60))
        elif kind in (3, 4):
            part = chance.choice(WORDS) + part
        elif kind == 5:
            line = text.find('\r\n', at) + 2  # where there is none, before the first
            at, end, part = line, line, chance.choice(WORDS)
        elif kind == 6:
            other = chance.choice(others)
            at, end, part = at, len(text), other[chance.randrange(len(other)) :]
        else:
            at, end, part = at, len(text), ''
        text = text[:at] + part + text[end:]
    return text


def memory_mb(server):
    text = Path(f'/proc/{server.pid}/status').read_text()
    return int(re.search(r'VmRSS:\s+(\d+)', text)[1]) / 1024


def send(port, data, chance):
    """Sends it at once or in two parts, and leaves the connection open, half open or closed."""
    client = socket.create_connection(('127.0.0.1', port), timeout=5)
    cut = chance.randrange(len(data) + 1) if chance.random() < 0.3 else len(data)
    with suppress(OSError):  # it may have been hung up on
        client.sendall(data[:cut])
        client.sendall(data[cut:])
        if chance.random() < 0.3:
            client.shutdown(socket.SHUT_WR)
    return client


def assert_answers(server):
    """It has its wits about it, and is not busy with what others sent."""
    began = time.monotonic()
    assert server.ask('GET', '/v1/stats').status == 200
    made = server.ask('POST', '/v1/jobs', {'type': 'right'})
    assert made.status == 201, made.text
    assert server.ask('DELETE', f'/v1/jobs/{made.json["id"]}').status == 204
    return time.monotonic() - began


@pytest.mark.sanitized
def test_mutated_requests_do_no_harm(site):
    signal.alarm(60 + REQUESTS // 10)
    chance = random.Random(SEED)
    print(f'MILLHAND_TEST_SEED={SEED}')
    small = {'ASAN_OPTIONS': 'quarantine_size_mb=1:malloc_context_size=8'}  # else it is what grows
    with Server(site, MILLHAND_JWT_SECRET=SECRET, MILLHAND_RATE_LIMIT=0, **small) as server:
        server.token = token(app_metadata={'role': 'super_admin'})
        job = server.add({'type': 'right'})  # there may be no room for a type later
        right = [text.replace('@', server.token) for text in right_requests(job['id'])]
        left, warm, slowest = deque(), None, 0
        for number in range(REQUESTS):
            text = mutate(chance, chance.choice(right), right)
            left.append(send(server.port, text.encode('latin-1', 'replace'), chance))
            if len(left) > OPEN:
                left.popleft().close()
            if number % 25 == 24:
                slowest = max(slowest, assert_answers(server))
                assert server.process.poll() is None
            if warm is None and number >= REQUESTS * WARM:
                warm = memory_mb(server)
        grown = memory_mb(server) - warm
        print(f'{REQUESTS} requests, {warm:.0f} MB and {grown:.1f} more, {slowest:.2f} s at most')
        assert grown < GROWTH_MB
        while left:
            left.pop().close()
        assert_answers(server)
        assert server.stop() == 0
