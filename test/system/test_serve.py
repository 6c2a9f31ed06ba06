"""`millhand serve`: its life, and the API as the programs of this machine use it."""
import json
import re
import socket

import pytest
from conftest import ROOT, assert_refused, wait_until
from serve import DEFAULT, Server, say


@pytest.fixture
def server(site):
    with Server(site) as server:
        yield server
        assert server.stop() == 0


def test_a_job_is_taken_looked_at_and_run(site, server):
    site.sh('good', 'echo "[\\"$MILLHAND_CORRELATION_ID\\"]"\n')
    made = server.ask(
        'POST',
        '/v1/jobs',
        '{"type": "good", "payload": {"a": 0.10, "b": 1E2}}',
        X_Correlation_ID='order-7',
    )
    assert made.status == 201
    job = made.json
    assert made.headers['Location'] == f'/v1/jobs/{job["id"]}'
    assert made.headers['X-Correlation-ID'] == 'order-7'
    assert '"payload":{"a": 0.10, "b": 1E2}' in made.text, 'the bytes that came'
    assert job.items() <= site.job(job['id']).items() and job['correlation_id'] == 'order-7'
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    seen = server.ask('GET', f'/v1/jobs/{job["id"]}').json
    assert (seen['status'], seen['result'], seen['history']) == ('completed', ['order-7'], [])
    assert server.ask('GET', '/v1/stats').json['completed_count'] == 1
    line = server.wait_for('request', method='POST', correlationId='order-7')
    assert (line['route'], line['status']) == ('/v1/jobs', 201) and 'durationMs' in line


def test_attempts_that_failed_are_the_history(site, server):
    site.sh('bad', 'echo words >&2; exit 65\n')
    job = server.add({'type': 'bad'})
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    seen = server.ask('GET', f'/v1/jobs/{job["id"]}').json
    assert [(one['number'], one['log']) for one in seen['history']] == [(1, 'words\n')]


def test_an_array_is_dispatched_whole_or_not_at_all(server):
    many = server.ask('POST', '/v1/jobs', [{'type': 'a', 'payload': {'n': n}} for n in range(1000)])
    assert many.status == 201 and len(many.json['jobs']) == 1000
    assert not any(one['standing'] for one in many.json['jobs'])
    for wrong in ([{'type': 'a'}, {'type': 'b', 'priorty': 1}], [], [{'type': 'a'}] * 1001, [1]):
        answer = server.ask('POST', '/v1/jobs', wrong)
        assert (answer.status, answer.code) == (422, 'INVALID_JOB')
    assert server.ask('GET', '/v1/stats').json['pending_count'] == 1000


def test_a_standing_job_is_given_back(server):
    first = server.ask('POST', '/v1/jobs', {'type': 'a', 'unique_key': 'k'})
    again = server.ask('POST', '/v1/jobs', {'type': 'a', 'unique_key': 'k'})
    assert (first.status, again.status) == (201, 200)
    assert first.json['id'] == again.json['id']
    both = server.ask('POST', '/v1/jobs', [{'type': 'a', 'unique_key': 'k'}, {'type': 'a'}])
    assert both.status == 201
    assert [one['standing'] for one in both.json['jobs']] == [True, False]


def test_pages_follow_each_other(server):
    server.add([{'type': 'a' if n % 3 else 'b'} for n in range(10)])
    seen, cursor = [], ''
    while cursor is not None:
        page = server.ask('GET', f'/v1/jobs?type=a&status=pending&limit=2{cursor}').json
        seen += [job['id'] for job in page['jobs']]
        cursor = page['cursor'] and f'&cursor={page["cursor"]}'
    assert len(seen) == len(set(seen)) == 6 and seen == sorted(seen, reverse=True)
    for wrong in (
        'limit=0',
        'limit=1001',
        'limit=x',
        'status=done',
        'type=a%20b',
        'stauts=failed',
        'cursor=1',
        'cursor=%00',
        'limit=1&limit=2',
        'tenant=me',
        'bodies=yes',
        'cursor=' + 'A' * 99,
        '=',
    ):
        answer = server.ask('GET', f'/v1/jobs?{wrong}')
        assert (answer.status, answer.code) == (400, 'INVALID_QUERY'), wrong


def test_acts_and_what_stands_in_their_way(server):
    job = server.add({'type': 'a'})
    path = f'/v1/jobs/{job["id"]}'
    assert server.ask('POST', f'{path}/cancel').json['status'] == 'cancelled'
    again = server.ask('POST', f'{path}/cancel')
    assert (again.status, again.code) == (409, 'WRONG_STATUS')
    assert server.ask('POST', f'{path}/retry').json['status'] == 'pending'
    gone = server.ask('DELETE', path)
    assert (gone.status, gone.text) == (204, '')
    for method, where in (
        ('GET', path),
        ('DELETE', path),
        ('POST', f'{path}/retry'),
        ('GET', '/v1/jobs/7'),
        ('POST', '/v1/jobs/%2e%2e/cancel'),
    ):
        answer = server.ask(method, where)
        assert (answer.status, answer.code) == (404, 'JOB_NOT_FOUND')


def test_many_are_acted_on_at_once(server):
    ids = [one['id'] for one in server.add([{'type': 'a'}] * 3)['jobs']]
    absent = DEFAULT.replace('0', '7')
    server.ask('POST', f'/v1/jobs/{ids[1]}/cancel')
    done = server.ask('POST', '/v1/jobs/cancel', {'ids': [*ids, absent]})
    assert done.status == 200 and done.json['jobs'] == [
        {'id': ids[0], 'done': True, 'code': None},
        {'id': ids[1], 'done': False, 'code': 'WRONG_STATUS'},
        {'id': ids[2], 'done': True, 'code': None},
        {'id': absent, 'done': False, 'code': 'JOB_NOT_FOUND'},
    ]
    assert server.ask('POST', '/v1/jobs/retry', {'ids': ids[:1]}).json['jobs'][0]['done']
    assert server.ask('POST', '/v1/jobs/delete', {'ids': ids}).json['jobs'][2]['done']
    assert server.ask('GET', '/v1/jobs').json['jobs'] == []
    for wrong in ({}, {'ids': []}, {'ids': ids[0]}, {'ids': [7]}, {'ids': ['x']}, {'id': ids}):
        answer = server.ask('POST', '/v1/jobs/delete', wrong)
        assert (answer.status, answer.code) == (422, 'INVALID'), wrong
    assert server.ask('POST', '/v1/jobs/delete', {'ids': [absent] * 1001}).status == 422
    assert server.ask('POST', '/v1/jobs/delete', '[').code == 'INVALID_JSON'


def test_a_page_is_of_one_tenant_and_without_bodies_where_that_is_asked(site, server):
    site.ok('tenant', 'add', 'acme')
    other = server.add({'type': 'a', 'payload': {'n': 1}, 'tenant_id': tenant_of(site, 'acme')})
    mine = server.add({'type': 'a', 'payload': {'n': 1}})
    for job in (other, mine):
        (seen,) = server.ask('GET', f'/v1/jobs?tenant={job["tenant_id"]}&bodies=no').json['jobs']
        assert seen == {**job, 'payload': None}


def tenant_of(site, name):
    return next(one['id'] for one in site.json('tenant', 'list') if one['name'] == name)


def test_the_unique_key_may_be_taken_meanwhile(server):
    first = server.add({'type': 'a', 'unique_key': 'k'})
    server.ask('POST', f'/v1/jobs/{first["id"]}/cancel')
    server.add({'type': 'a', 'unique_key': 'k'})
    answer = server.ask('POST', f'/v1/jobs/{first["id"]}/retry')
    assert (answer.status, answer.code) == (409, 'UNIQUE_KEY_TAKEN')


@pytest.mark.parametrize(
    'body, status, code',
    [
        ('', 400, 'INVALID_JSON'),
        ('{"type":"a"', 400, 'INVALID_JSON'),
        ('{"type":"a","type":"b"}', 400, 'INVALID_JSON'),
        ('{"type":"a","payload":{"a":"\\u0000"}}', 400, 'INVALID_JSON'),
        (b'{"type":"\xff"}', 400, 'INVALID_JSON'),
        ('7', 422, 'INVALID_JOB'),
        ('{}', 422, 'INVALID_JOB'),
        ('{"type":"a b"}', 422, 'INVALID_JOB'),
        ('{"type":"a","payload":[]}', 422, 'INVALID_JOB'),
        ('{"type":"a","delay":"soon"}', 422, 'INVALID_JOB'),
        ('{"type":"a","priority":101}', 422, 'INVALID_JOB'),
        ('{"type":"a","correlation_id":"a\\nb"}', 422, 'INVALID_JOB'),
        (
            '{"type":"a","tenant_id":"0190a000-0000-7000-8000-000000000000"}',
            404,
            'TENANT_NOT_FOUND',
        ),
    ],
    ids=str,
)
def test_a_wrong_body_is_refused_and_nothing_kept(server, body, status, code):
    answer = server.ask('POST', '/v1/jobs', body)
    assert (answer.status, answer.code) == (status, code), answer.text
    assert server.ask('GET', '/v1/jobs').json['jobs'] == []


def test_what_is_too_large_is_refused(server):
    large = server.ask('POST', '/v1/jobs', {'type': 'a', 'payload': {'a': 'x' * 1048576}})
    assert (large.status, large.code) == (413, 'PAYLOAD_TOO_LARGE')
    said = say(server.port, f'{HEAD}Content-Length: 9000000\r\n\r\n', 10)
    assert said.startswith(b'HTTP/1.1 413 ') and b'BODY_TOO_LARGE' in said
    said = say(
        server.port, 'GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
    )
    assert said.startswith(b'HTTP/1.1 413 ')


def test_types_are_paused_and_workers_listed(site, server):
    server.add({'type': 'good'})
    assert server.ask('POST', '/v1/types/good/pause').status == 204
    assert [(t['name'], t['paused']) for t in server.ask('GET', '/v1/types').json['types']] == [
        ('good', True)
    ]
    site.sh('good', 'echo 1\n')
    with site.worker() as worker:
        worker.wait_for('worker starting')
        wait_until(lambda: server.ask('GET', '/v1/workers').json['workers'])
        assert server.ask('GET', '/v1/stats').json['pending_count'] == 1
        assert server.ask('POST', '/v1/types/good/resume').status == 204
        worker.wait_for('job completed')
        worker.stop()
    assert server.ask('POST', '/v1/types/a%20b/pause').status == 422


def test_limits_are_set_and_taken_away(server):
    def limits():
        return server.ask('GET', '/v1/types').json['types'][0]['limits']

    path = '/v1/types/good/limits'
    assert server.ask('PATCH', path, {'max': 5, 'per_key': 2, 'key': 'account'}).status == 204
    assert limits() == {'max': 5, 'per_tenant': None, 'per_key': 2, 'key': 'account'}
    assert server.ask('PATCH', path, {'max': None, 'per_tenant': 3}).status == 204
    assert limits() == {'max': None, 'per_tenant': 3, 'per_key': 2, 'key': 'account'}
    for wrong in (
        {'max': 10**20},
        {'max': 0},
        {'max': -1},
        {'max': 1.5},
        {'max': '1'},
        {'mix': 1},
        {'per_key': 1},
    ):
        answer = server.ask('PATCH', path, wrong)
        assert (answer.status, answer.code) == (422, 'INVALID'), wrong
    assert server.ask('PATCH', path, '{').code == 'INVALID_JSON'
    assert server.ask('PATCH', '/v1/types/a%20b/limits', {'max': 1}).status == 422


def test_schedules_are_kept(site, server):
    made = server.ask(
        'POST',
        '/v1/schedules',
        {
            'name': 'nightly',
            'type': 'a',
            'cron': '0 3 * * *',
            'payload': {'n': 1},
            'tz': 'Europe/Berlin',
        },
    )
    assert made.status == 201 and made.json['next_at']
    assert (
        server.ask(
            'POST', '/v1/schedules', {'name': 'nightly', 'type': 'a', 'cron': '@daily'}
        ).status
        == 409
    )
    changed = server.ask('PATCH', '/v1/schedules/nightly', {'paused': True, 'priority': 7})
    assert (changed.status, changed.json['paused'], changed.json['next_at']) == (200, True, None)
    assert changed.json['payload'] == {'n': 1} and changed.json['tz'] == 'Europe/Berlin'
    assert server.ask('GET', '/v1/schedules').json['schedules'] == [changed.json]
    assert server.ask('GET', '/v1/schedules/nightly').json == {**changed.json, 'upcoming': []}
    assert server.ask('PATCH', '/v1/schedules/nightly', {'paused': False}).status == 200
    shown = server.ask('GET', f'/v1/schedules/nightly?tenant={DEFAULT}').json
    assert len(shown['upcoming']) == 5 and shown['upcoming'][0] == shown['next_at']
    assert shown['upcoming'] == sorted(set(shown['upcoming']))
    other = DEFAULT.replace('0', '7')
    assert server.ask('GET', f'/v1/schedules/nightly?tenant={other}').code == 'SCHEDULE_NOT_FOUND'
    assert server.ask('GET', '/v1/schedules/nightly?tenant=x').code == 'INVALID_QUERY'
    for wrong in (
        {'cron': 'x'},
        {'tz': 'Mars'},
        {'name': 'b'},
        {'missed': 'two'},
        {'payload': 1},
        {'paused': 1},
        {'overlap': None},
        {'priority': -1},
    ):
        answer = server.ask('PATCH', '/v1/schedules/nightly', wrong)
        assert (answer.status, answer.code) == (422, 'INVALID_SCHEDULE'), wrong
    assert server.ask('POST', '/v1/schedules', {'name': 'a'}).status == 422
    assert server.ask('DELETE', '/v1/schedules/nightly').status == 204
    for method in ('GET', 'DELETE'):
        assert server.ask(method, '/v1/schedules/nightly').code == 'SCHEDULE_NOT_FOUND'
    assert server.ask('PATCH', '/v1/schedules/nightly', {}).status == 404


def test_a_trace_is_kept(server):
    parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    made = server.ask('POST', '/v1/jobs', {'type': 'a'}, traceparent=parent)
    assert made.headers['traceparent'] == parent
    assert made.json['correlation_id'] == '4bf92f3577b34da6a3ce929d0e0e4736'
    both = server.ask(
        'POST', '/v1/jobs', {'type': 'a'}, traceparent=parent, X_Correlation_ID='order-8'
    )
    assert both.json['correlation_id'] == both.headers['X-Correlation-ID'] == 'order-8'
    assert both.headers['traceparent'] == parent
    server.wait_for('request', correlationId='order-8', traceparent=parent)
    named = server.ask(
        'POST', '/v1/jobs', {'type': 'a', 'correlation_id': 'own'}, traceparent=parent
    )
    assert named.json['correlation_id'] == 'own'
    for broken in ('00-' + '0' * 32 + '-00f067aa0ba902b7-01', parent + '-x', parent[:-1], 'x'):
        made = server.ask('POST', '/v1/jobs', {'type': 'a'}, traceparent=broken)
        assert made.status == 201 and made.headers['traceparent'] is None
        assert made.json['correlation_id'] == made.json['id']
    refused = server.ask('GET', '/v1/jobs', X_Correlation_ID='a b')
    assert (refused.status, refused.code) == (400, 'INVALID_CORRELATION_ID')


@pytest.mark.parametrize(
    'headers',
    [
        {'Host': 'evil.example'},
        {'Host': 'localhost.evil.example:8090'},
        {'Host': '127.0.0.1.nip.io'},
        {'Host': '10.0.0.1'},
        {'Host': '[::2]'},
        {'Host': '[::1'},
        {'Origin': 'https://evil.example'},
        {'Origin': 'null'},
        {'Origin': 'http://localhost'},
        {'Sec-Fetch-Site': 'cross-site'},
        {'Sec-Fetch-Site': 'same-site'},
    ],
)
def test_pages_of_strangers_are_refused(server, headers):
    for method, path in (('GET', '/v1/jobs'), ('POST', '/v1/jobs'), ('GET', '/v1/stats')):
        answer = server.ask(method, path, {'type': 'a'} if method == 'POST' else None, **headers)
        assert (answer.status, answer.code) == (403, 'FORBIDDEN')
    assert server.ask('GET', '/metrics', **headers).status == 403
    assert server.ask('GET', '/health', **headers).status == 200, 'it says nothing'


def test_a_form_of_a_page_is_no_body(server):
    for kind in ('text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', None):
        answer = server.ask('POST', '/v1/jobs', '{"type":"a"}', Content_Type=kind)
        assert (answer.status, answer.code) == (415, 'UNSUPPORTED_MEDIA_TYPE')


def test_our_own_page_and_names_of_this_machine_are_let_in(server):
    port = server.port
    for host in (f'localhost:{port}', f'127.0.0.1:{port}', f'[::1]:{port}', 'LOCALHOST'):
        answer = server.ask(
            'GET', '/v1/jobs', Host=host, Origin=f'http://{host}', Sec_Fetch_Site='same-origin'
        )
        assert answer.status == 200, host


def test_beyond_loopback_it_wants_tokens(site):
    done = site.run('serve', env={'MILLHAND_BIND': '0.0.0.0'})
    assert_refused(done, 2, 'MILLHAND_JWT_SECRET', '127.0.0.1')
    assert not site.file('jobs.db').exists()


def test_a_port_that_is_taken_is_named(site, server):
    done = site.run('serve', env={'MILLHAND_HTTP_PORT': server.port})
    assert done.returncode == 1 and 'MILLHAND_HTTP_PORT' in done.stderr.splitlines()[-1]


def test_what_is_asked_when_it_is_told_to_stop_is_answered(site):
    body = b'{"type":"slow"}'
    with Server(site) as server, socket.create_connection(('127.0.0.1', server.port)) as client:
        client.sendall(
            b'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json'
            b'\r\nContent-Length: %d\r\n\r\n' % len(body) + body[:5]
        )
        server.ask('GET', '/health')
        server.signal()
        server.wait_for('shutdown signal received')
        with pytest.raises(ConnectionError):
            wait_until(lambda: server.ask('GET', '/health').status == 0)
        client.sendall(body[5:])
        assert client.makefile('rb').readline().startswith(b'HTTP/1.1 201 ')
        assert server.wait() == 0
    assert [job['type'] for job in site.jobs()] == ['slow']


def test_openapi_says_what_the_server_does(server):
    said = server.ask('GET', '/v1/openapi.json').json
    assert said['openapi'].startswith('3.1')
    table = (ROOT / 'src' / 'http' / 'routes.c').read_text()
    routes = set(re.findall(r'\{"([A-Z]+)", "(/[^"]*)"', table))
    assert routes == {
        (method.upper(), path) for path, methods in said['paths'].items() for method in methods
    }
    for method, path in routes:
        asked = 'HEAD' if path == '/v1/events' else method  # which would never end
        answer = server.ask(
            asked, path.replace('{id}', 'x').replace('{name}', '*').replace('{type}', '*')
        )
        operation = said['paths'][path][method.lower()]
        assert str(answer.status) in operation['responses'], (method, path, answer.text)
        for wrong in ({'X_Correlation_ID': 'a b'}, {'body': 'x', 'Content_Type': 'text/plain'}):
            answer = server.ask(asked, path.replace('{', '').replace('}', ''), **wrong)
            assert answer.status >= 400 and str(answer.status) in operation['responses'], path
        assert ('{' in path) == any(p.get('in') == 'path' for p in operation['parameters'])
    responses = {path: said['paths'][path] for path in ('/v1/jobs', '/health')}
    assert 'Dispatched' in str(responses['/v1/jobs']['post']['responses']['200'])
    assert 'Health' in str(responses['/health']['get']['responses']['503'])

    def once(pairs):
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    text = server.ask('GET', '/v1/openapi.json').text
    json.loads(text, object_pairs_hook=once)
    for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', text):
        assert name in said['components'][kind]


def test_the_dashboard_is_served_and_nothing_else_beside_it(server):
    page = server.ask('GET', '/')
    assert page.status == 200 and page.headers['Content-Type'] == 'text/html; charset=utf-8'
    assert page.text == (ROOT / 'web' / 'index.html').read_text()
    policy = page.headers['Content-Security-Policy'].split('; ')
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert 'unsafe' not in str(policy) and page.headers['Referrer-Policy'] == 'no-referrer'
    assert page.headers['X-Content-Type-Options'] == 'nosniff'
    assert page.headers['Cache-Control'] == 'no-cache'
    same = server.ask('GET', '/', If_None_Match=f'W/"x", {page.headers["ETag"]}')
    assert (same.status, same.text) == (304, '')
    assert server.ask('GET', '/', If_None_Match='"x"').status == 200
    for path in sorted((ROOT / 'web').glob('*.*')):
        answer = server.ask('GET', f'/web/{path.name}')
        if path.name == 'meson.build':
            assert answer.code == 'NOT_FOUND'
            continue
        kind = {'.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml'}
        assert answer.headers['Content-Type'].startswith(kind.get(path.suffix, 'text/html'))
        assert answer.text == path.read_text(), path
    assert server.ask('GET', '/web/..%2findex.html').status == 404
    assert server.ask('HEAD', '/web/app.js').text == ''


def test_health_and_metrics_are_there(server):
    assert server.ask('GET', '/health').json['status'] == 'healthy'
    assert server.ask('HEAD', '/health').text == ''
    server.ask('GET', '/v1/jobs')
    text = server.ask('GET', '/metrics').text
    assert 'millhand_http_requests_total{route="/v1/jobs",class="2xx"} 1' in text
    assert 'millhand_http_request_duration_seconds_count{route="/v1/jobs"} 1' in text
    missing = server.ask('GET', '/nothing')
    assert (missing.status, missing.code) == (404, 'NOT_FOUND')
    wrong = server.ask('PUT', '/v1/jobs/7')
    assert (wrong.status, wrong.headers['Allow']) == (405, 'GET, HEAD, DELETE')


# --- framing

HEAD = 'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
LENGTHS = ['+5', '-1', '0x5', '5 5', '5,5', '', ' ', '99999999999999999999', '5a', '1e1', 'five']
ODD = [chr(code) for code in (*range(1, 9), *range(14, 32), 127)] + list(' "(),/;<=>?@[]{}\\')


def malformed():
    body = '{"type":"a"}'
    yield from (f'{HEAD}Content-Length: {length}\r\n\r\n{body}' for length in LENGTHS)
    for first, second in ((12, 12), (12, 0), (0, 12), (12, 13)):
        yield f'{HEAD}Content-Length: {first}\r\nContent-Length: {second}\r\n\r\n{body}'
    for coding in ('chunked', 'identity', 'gzip, chunked', 'xchunked', 'chunked, chunked'):
        yield f'{HEAD}Content-Length: 12\r\nTransfer-Encoding: {coding}\r\n\r\n{body}'
    for size in ('x', '-1', '+c', '0x0c', 'c;', 'ffffffffffffffffff', ' c', 'c\r'):
        yield f'{HEAD}Transfer-Encoding: chunked\r\n\r\n{size}\r\n{body}'
    for name in (f'X{char}Y' for char in ODD):
        yield f'{HEAD}{name}: 1\r\nContent-Length: 0\r\n\r\n'
    for hosts in ('', 'Host: a\r\nHost: b\r\n', 'Host: localhost\r\nHost: localhost\r\n'):
        yield f'GET /v1/jobs HTTP/1.1\r\n{hosts}\r\n'
    for line in (
        '',
        'GET',
        'GET /',
        'GET / HTTP/9.9',
        'GET / HTTP/1.1 x',
        '\x00',
        'G\x00T / HTTP/1.1',
        'GET  /v1/job HTTP/1.1',  # blanks may be more than one (RFC 9112, 3): it is no path
        ' GET / HTTP/1.1',
        'GET / http/1.1',
        '\x16\x03\x01',
        'PRI * HTTP/2.0',
        'CONNECT a:1 HTTP/1.1',
        'OPTIONS * HTTP/1.1',
        'GET /%00 HTTP/1.1',
        'GET /v1/jobs%00 HTTP/1.1',
        'GET /v1/jobs? HTTP/1.1\r\nHost: x',
        'GET x HTTP/1.1',
    ):
        yield f'{line}\r\nHost: localhost\r\n\r\n'
    yield f'{HEAD}X: {"x" * 20000}\r\n\r\n'
    yield HEAD + ''.join(f'X-{n}: 1\r\n' for n in range(2000)) + '\r\n'
    yield f'GET /{"x" * 20000} HTTP/1.1\r\nHost: localhost\r\n\r\n'


@pytest.mark.sanitized
def test_malformed_requests_are_refused_and_dispatch_nothing(site):
    with Server(site) as server:
        whole = HEAD + 'Content-Length: 12\r\n\r\n{"type":"a"}'
        for end in range(len(whole)):  # broken off there
            with socket.create_connection(('127.0.0.1', server.port)) as client:
                client.sendall(whole[:end].encode())
        tried = list(malformed())
        assert len(tried) + len(whole) >= 200
        for text in tried:
            said = say(server.port, text)
            assert not said.startswith(b'HTTP/1.1 2'), (text, said)
            # The library says the head of its own refusals twice, and hangs up.
            assert said.count(b'HTTP/1.1 ') <= 1 or b'<html>' in said, (text, said)
        assert server.ask('GET', '/v1/jobs').json == {'jobs': [], 'cursor': None}


def test_chunks_are_a_body_too(server):
    said = say(
        server.port,
        f'{HEAD}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
        '5\r\n{"typ\r\n7\r\ne":"a"}\r\n0\r\n\r\n',
        10,
    )
    assert said.startswith(b'HTTP/1.1 201 ')
