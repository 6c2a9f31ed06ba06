"""The type ai_generate, against a server that speaks the Messages API and misbehaves at will."""
import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from conftest import wait_until
from http_peer import Peer, reply

KEY = 'sk-test-hush-6a1f29c4'
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


def messages(worker):
    """What was told as progress: (share, text)."""
    return [(line['progress'], line.get('message')) for line in worker.logged('job progress')]


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
