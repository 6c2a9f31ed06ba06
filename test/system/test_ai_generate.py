"""The type ai_generate, against a server that speaks the Messages API and misbehaves at will."""
import asyncio
import json
import os
import ssl
import subprocess
from pathlib import Path

import pytest

from conftest import wait_until
from http_peer import Peer, reply
from stream import follower, read_until  # noqa: F401, a fixture

KEY = f'sk-test-hush-6a1f29c4-{os.getpid()}'  # these tests run beside each other
MODEL = 'model-of-the-site'
PROMPT = 'Tell of the hushed mill by the river.'
HEAD = b'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n'


def event(name, **members):
    return f'event: {name}\ndata: {json.dumps({"type": name, **members})}\n\n'.encode()


def start():
    usage = {'input_tokens': 25, 'output_tokens': 1}
    return event('message_start', message={'model': 'model-1-2026', 'usage': usage})


def text(piece):
    return event('content_block_delta', index=0, delta={'type': 'text_delta', 'text': piece})


def stop(reason='end_turn', tokens=15):
    return event(
        'message_delta', delta={'stop_reason': reason}, usage={'output_tokens': tokens}
    ) + event('message_stop')


def whole(*pieces):
    return HEAD + start() + b''.join(map(text, pieces)) + stop()


def fault(kind, message, status=None, **headers):
    body = {'type': 'error', 'error': {'type': kind, 'message': message}}
    if status is None:
        return event('error', **{'error': body['error']})
    return reply(status, json.dumps(body).encode(), content_type='application/json', **headers)


class Model(Peer):
    """Answers each prompt with its list of answers, one a try, the last for good; then hangs up.

    The first word of a prompt says which.
    """

    def __init__(self, answers, **options):
        super().__init__(self.say, **options)
        self.answers = answers
        self.tries = {}

    async def say(self, request, wire):
        name = request.prompt.split()[0]
        self.tries.setdefault(name, []).append(request)
        answers = self.answers[name]
        said = answers[min(len(self.tries[name]), len(answers)) - 1]
        if callable(said):
            said = await said(request, wire)
        wire.write(said)
        await wire.drain()
        if not said or said.startswith(HEAD):
            wire.close()

    @property
    def base(self):
        return self.url.removesuffix('/jobs')


async def hang(_request, wire):
    wire.write(HEAD + start() + text('a'))
    await asyncio.sleep(60)


def environment(model, **more):
    return {'ANTHROPIC_API_KEY': KEY, 'ANTHROPIC_BASE_URL': model.base, 'ANTHROPIC_MODEL': MODEL,
            'MAX_CONCURRENT_JOBS': 40, 'LOG_LEVEL': 'debug', **more}  # fmt: skip


PIECES = ['event: ', 'Once\n\n', '“a mill” ', '\x00\t', '🌊']

ANSWERS = {
    'plain': [whole('Once ', 'more')],
    'odd': [
        (
            HEAD + b': hello\r\n\r\nretry: 5\n' + event('ping') + start() + event('of_the_future')
        ).replace(b'\n', b'\r\n', 0)
        + b'event: unknown\ndata: no json at all\n\n'
        + event('content_block_start', index=0, content_block={'type': 'thinking', 'text': 'x'})
        + event('content_block_delta', index=0, delta={'type': 'thinking_delta', 'thinking': 'x'})
        + event('content_block_stop', index=0)
        + b''.join(map(text, PIECES))
        + event('ping')
        + stop('max_tokens', 7)
    ],
    'busy': [fault('rate_limit_error', 'slow', 429, retry_after=1), whole('at last')],
    'overloaded': [fault('overloaded_error', 'full', 529), whole('at last')],
    'broken-off': [HEAD + start() + text('lost') + fault('overloaded_error', 'x'), whole('kept')],
    'cut': [HEAD + start() + text('lost'), b'', whole('kept')],
}


def test_answers_are_whole_whatever_it_took(site):
    with Model(ANSWERS) as model, site.worker(
        '--types', 'ai_generate', **environment(model)
    ) as worker:
        ids = {
            name: site.enqueue('ai_generate', {'prompt': f'{name} {PROMPT}'}) for name in ANSWERS
        }
        jobs = {name: site.ended(job_id) for name, job_id in ids.items()}
    results = {name: job['result'] for name, job in jobs.items()}
    assert all(results.values()), jobs
    assert results['plain'] == {
        'text': 'Once more', 'model': 'model-1-2026', 'stop_reason': 'end_turn',
        'usage': {'input_tokens': 25, 'output_tokens': 15},
    }  # fmt: skip
    assert results['odd']['text'] == ''.join(PIECES).replace('\x00', '\ufffd')
    assert results['odd']['stop_reason'] == 'max_tokens'
    assert {results[name]['text'] for name in ('busy', 'overloaded')} == {'at last'}
    assert {results[name]['text'] for name in ('broken-off', 'cut')} == {'kept'}
    assert [len(model.tries[name]) for name in ANSWERS] == [1, 1, 2, 2, 2, 3]
    assert {job['attempts'] for job in jobs.values()} == {1}
    thrown = [line for line in worker.lines if 'is thrown away' in str(line)]
    assert len(thrown) == 2
    request = model.tries['plain'][0]
    assert request.line == 'POST /v1/messages HTTP/1.1'
    assert request.headers['x-api-key'] == KEY
    assert request.headers['anthropic-version'] == '2023-06-01'
    assert request.job == {
        'model': MODEL, 'max_tokens': 1024, 'stream': True,
        'messages': [{'role': 'user', 'content': f'plain {PROMPT}'}],
    }  # fmt: skip


async def trickle(_request, wire):
    wire.write(HEAD + start())
    for number in range(40):
        wire.write(text(f'{number:<186}🌊'))
        if number in (0, 10, 30):
            await wire.drain()
            await asyncio.sleep(0.15)
    return stop()


def test_the_text_is_told_as_it_grows(site, follower):
    with Model({'slow': [trickle]}) as model:
        with site.worker('--types', 'ai_generate', **environment(model)) as worker:
            job = site.ended(
                site.enqueue('ai_generate', {'prompt': 'slow', 'max_tokens': 100, 'model': 'own'})
            )
            assert worker.stop() == 0
    read_until([follower], lambda: 'completed' in follower.names)
    told = [event for event in follower.events if event['event'] == 'progress']
    shares = [event['progress'] for event in told]
    pieces = [event['message'].encode() for event in told]
    assert worker.logged('job progress') and '🌊' not in str(worker.lines)
    whole_text = ''.join(f'{number:<186}🌊' for number in range(40))
    assert job['result']['text'] == whole_text
    for piece in pieces:
        end = whole_text.encode().index(piece) + len(piece)
        assert len(piece) == end or 4093 <= len(piece) <= 4096
    assert len(pieces[0]) < 4000 and whole_text.encode().endswith(pieces[-1])
    assert shares == sorted(shares) and shares[-1] == 1 and 2 <= len(shares) < 40
    assert model.tries['slow'][0].job['model'] == 'own'


async def leak(request, _wire):
    return fault('invalid_request_error', f'see {request.prompt}', 400)


async def leak_key(request, wire):
    key = request.headers['x-api-key']
    return HEAD + start() + fault('authentication_error', f'key {key}') + b'\n'


REFUSALS = {
    'wrong': ([fault('invalid_request_error', 'max_tokens: too many', 400)], 1,
              'HTTP status 400: invalid_request_error: max_tokens: too many'),
    'key': ([fault('authentication_error', 'invalid x-api-key', 401)], 1,
            'HTTP status 401: authentication_error: invalid x-api-key'),
    'forbidden': ([fault('permission_error', 'no', 403)], 1, '403: permission_error: no'),
    'missing': ([fault('not_found_error', 'model: x', 404)], 1, '404: not_found_error: model: x'),
    'large': ([reply(413, b'<html>no</html>')], 1, 'HTTP status 413'),
    'elsewhere': ([reply(302, location='http://127.0.0.1:1/')], 1, 'HTTP status 302'),
    'leak': ([leak], 1, '400: invalid_request_error: (withheld: it repeats what was asked)'),
    'leak-key': ([leak_key], 1, 'broken off: authentication_error: (withheld'),
    'flood': ([whole(*['x' * 10000] * 30)], 1, 'larger than MAX_RESULT_BYTES'),
    'flood-event': ([HEAD + b'data: ' + b'x' * 1100000], 1, 'an event is too large'),
    'no-json': ([HEAD + start() + b'event: message_stop\ndata: {no\n\n'], 1, 'not a JSON object'),
    'no-stream': ([reply(200, b'{}', content_type='application/json')], 1, 'no stream of events'),
    'down': ([fault('api_error', 'sorry', 503)], 4, 'HTTP status 503: api_error: sorry'),
    'gone': ([b''], 4, 'there was no answer'),
}  # fmt: skip
WRONG = {
    '{}': '"prompt" must be',
    '{"prompt":""}': '"prompt" must be',
    '{"prompt":"x","max_token":5}': 'unknown member "max_token"',
    '{"prompt":"x","max_tokens":0}': '"max_tokens" must be',
    '{"prompt":"x","max_tokens":"5"}': '"max_tokens" must be',
    '{"prompt":"x","temperature":2}': '"temperature" must be',
    '{"prompt":"x","system":""}': '"system" must be',
    '{"prompt":"x","model":5}': '"model" must be',
}


def stored(site):
    """All bytes of the store's files."""
    return b''.join(path.read_bytes() for path in site.path.glob('jobs.db*') if path.is_file())


def test_what_fails_says_why_and_gives_nothing_away(site):
    answers = {name: row[0] for name, row in REFUSALS.items()}
    with Model(answers) as model:
        env = environment(model, MAX_RESULT_BYTES=200000)
        with site.worker('--types', 'ai_generate', **env) as worker:
            ids = [site.enqueue('ai_generate', {'prompt': f'{name} {PROMPT}'}, '--max-attempts', 1)
                   for name in REFUSALS]  # fmt: skip
            wrong = [site.enqueue('ai_generate', payload) for payload in WRONG]
            jobs = [site.ended(job_id) for job_id in ids]
            mistakes = [site.ended(job_id) for job_id in wrong]
    for (name, (_, tries, expected)), job in zip(REFUSALS.items(), jobs):
        assert job['status'] == 'failed' and expected in job['error'], (name, job['error'])
        assert len(model.tries[name]) == tries, name
        assert PROMPT[10:] not in job['error'] + json.dumps(job['history']), name
    for expected, job in zip(WRONG.values(), mistakes):
        assert (job['status'], job['attempts']) == ('failed', 1), job
        assert expected in job['error'], job['error']
    log = json.dumps(worker.lines)
    assert KEY not in json.dumps([jobs, log]) and PROMPT[10:] not in log
    assert KEY.encode() not in stored(site) and PROMPT.encode() in stored(site)


def test_a_long_pause_puts_the_job_off(site):
    with Model({'full': [fault('rate_limit_error', 'slow', 429, retry_after=100)]}) as model:
        with site.worker('--types', 'ai_generate', **environment(model)) as worker:
            job_id = site.enqueue('ai_generate', {'prompt': 'full'})
            assert worker.wait_for('job put off')['delayMs'] == 100000
            job = wait_until(lambda: (now := site.job(job_id))['status'] == 'pending' and now)
    assert job['attempts'] == 0 and len(model.tries['full']) == 1


def processes(what):
    """Who has the bytes in this file of /proc, of what may be read: process ids."""
    found = set()
    for path in Path('/proc').glob(f'[0-9]*/{what}'):
        try:
            if KEY.encode() in path.read_bytes():
                found.add(int(path.parts[2]))
        except OSError:
            pass
    return found


def test_the_key_is_with_its_child_alone_and_term_ends_that(site):
    site.sh('other', 'env; tr "\\0" "\\n" </proc/$$/environ\n')
    with Model({'hang': [hang]}) as model, site.worker(**environment(model)) as worker:
        job_id = site.enqueue('ai_generate', {'prompt': 'hang'})
        worker.wait_for('job progress')
        other = site.ended(site.enqueue('other'))['result']
        assert 'MILLHAND_JOB_ID' in other and KEY not in other and 'ANTHROPIC' not in other
        holders = processes('environ') - {worker.pid}
        assert len(holders) == 1 and not processes('cmdline')
        site.ok('jobs', 'cancel', job_id)
        line = 'unable to ask the model at 127.0.0.1: the job is to end'
        worker.wait_for('job log', line=line)
        wait_until(lambda: not processes('environ') & holders)
        wait_until(lambda: model.closed == 1)


@pytest.mark.parametrize('missing', ['ANTHROPIC_API_KEY', 'ANTHROPIC_MODEL'])
def test_what_is_not_set_is_named(site, missing):
    with Model({}) as model:
        env = environment(model, **{missing: None})
        with site.worker('--types', 'ai_generate', **env):
            job = site.ended(site.enqueue('ai_generate', {'prompt': 'x'}))
    assert job['status'] == 'failed' and job['attempts'] == 1
    assert f'set {missing}' in job['error']


def test_certificates_are_checked(site):
    make = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
    files = [
        '-keyout',
        site.file('key.pem'),
        '-out',
        site.file('cert.pem'),
        '-subj',
        '/CN=x',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
    ]
    subprocess.run([*make.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.file('cert.pem'), site.file('key.pem'))
    with Model({'x': [whole('seen')]}, ssl=context) as model:
        with site.worker('--types', 'ai_generate', **environment(model)) as worker:
            site.enqueue('ai_generate', {'prompt': 'x'})
            wait_until(lambda: 'certificate' in str(worker.logged('job log')))
    assert not model.requests
