"""A caller's trace, from the request to whatever runs the job."""
import json

import pytest
from conftest import assert_refused
from http_peer import Peer, reply
from serve import Server

TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
PARENT = f'00-{TRACE_ID}-00f067aa0ba902b7-01'
TYPES = ['shot', 'child', 'web']


async def tell(request, _wire):
    said = [request.headers.get('traceparent'), request.job['traceparent']]
    return reply(200, json.dumps([request.job['correlation_id'], *said]).encode())


@pytest.fixture
def peer(site):
    """A site with a handler of each kind, which returns what it was told of the trace."""
    site.sh('shot', 'echo "[\\"$MILLHAND_CORRELATION_ID\\",\\"${TRACEPARENT-none}\\"]"\n')
    site.conf('shot', env='TRACEPARENT=stale')
    site.child(
        'child',
        'def run(request, job):\n'
        '    send(id=request["id"], result=[job["correlation_id"], job["traceparent"]])\n',
    )
    with Peer(tell) as http:
        site.conf('web', mode='http', url=http.url, allow_private=1)
        yield http


def handed(site, ids):
    return [site.ended(job_id)['result'] for job_id in ids]


def test_both_headers_reach_every_kind_of_handler(site, peer):
    asked = [
        ({'X_Correlation_ID': 'order-7', 'traceparent': PARENT}, 'order-7', PARENT),
        ({'traceparent': PARENT}, TRACE_ID, PARENT),
        ({'X_Correlation_ID': 'order-7'}, 'order-7', None),
    ]
    with Server(site) as server, site.worker():
        for headers, correlation_id, parent in asked:
            made = server.add([{'type': job_type} for job_type in TYPES], **headers)
            one = server.add({'type': 'child'}, **headers)
            assert (one['correlation_id'], one['traceparent']) == (correlation_id, parent)
            assert handed(site, [job['id'] for job in [*made['jobs'], one]]) == [
                [correlation_id, parent or 'stale'],
                [correlation_id, parent],
                [correlation_id, parent, parent],
                [correlation_id, parent],
            ]


def test_a_job_may_name_its_own(site):
    own = PARENT.replace('00f0', '11f0')
    with Server(site) as server:
        made = server.add({'type': 'a', 'traceparent': own}, traceparent=PARENT)
        assert (made['traceparent'], made['correlation_id']) == (own, TRACE_ID)
        wrong = server.ask('POST', '/v1/jobs', {'type': 'a', 'traceparent': 'x'})
        assert (wrong.status, wrong.code) == (422, 'INVALID_JOB')
        unread = server.add({'type': 'a'}, traceparent=PARENT + '-x')
        assert unread['traceparent'] is None


def test_it_is_given_on_the_command_line(site):
    job_id = site.enqueue('a', {}, '--traceparent', PARENT)
    job = site.job(job_id)
    assert (job['traceparent'], job['correlation_id']) == (PARENT, job_id)
    (line,) = [line for line in site.ok('jobs', 'show', job_id).splitlines() if PARENT in line]
    assert line.split() == ['traceparent', PARENT]
    (lined,) = site.bulk([{'type': 'a', 'traceparent': PARENT}])
    assert site.job(lined)['traceparent'] == PARENT
    assert_refused(site.run('enqueue', 'a', '--traceparent', PARENT + '-x'), 2, 'traceparent')
    assert_refused(site.run('enqueue', '--bulk', '-', '--traceparent', PARENT), 2, 'traceparent')
