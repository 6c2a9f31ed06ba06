"""`/v1/events` and `/v1/jobs/ID/events`: who follows is told everything, once and in order."""
import re
import time
from pathlib import Path

import pytest
from serve import SECRET, Server, token
from stream import Follower, read_until

FAILS_ONCE = '[ "$MILLHAND_JOB_ATTEMPT" = 2 ] || exit 1\necho 1\n'


@pytest.fixture
def server(site):
    with Server(site) as server:
        yield server
        assert server.stop() == 0


def follow(server, count, path='/v1/events', **options):
    followers = [Follower(server, path, **options) for _ in range(count)]
    read_until(followers, lambda: all(one.connected for one in followers))
    return followers


def add(server, count, job_type='a', **options):
    """The ids of new jobs, in their order."""
    return [job['id'] for job in server.add([{'type': job_type}] * count, **options)['jobs']]


def have(followers, count):
    read_until(followers, lambda: all(len(one.events) >= count for one in followers))


def memory_mb(server):
    text = Path(f'/proc/{server.pid}/status').read_text()
    return int(re.search(r'VmRSS:\s+(\d+)', text)[1]) / 1024


def test_two_hundred_are_told_all_in_order_and_go_on_after_a_cut(server):
    before, began = memory_mb(server), time.monotonic()
    followers = follow(server, 200)
    ids = add(server, 150)
    read_until(
        followers, lambda: all(len(one.events) >= 150 - n % 7 for n, one in enumerate(followers))
    )
    for one in followers[::2]:
        one.cut()
    ids += add(server, 150)
    followers[::2] = [one.again(server) for one in followers[::2]]
    have(followers, 300)
    ids += add(server, 1)
    have(followers, 301)
    assert all(one.jobs == ids for one in followers)
    print(
        f'{before:.1f} MB before, {memory_mb(server):.1f} with 200 followers, '
        f'{time.monotonic() - began:.1f} s'
    )
    more = follow(server, 200)
    refused = server.ask('GET', '/v1/events')
    assert (refused.status, refused.code) == (503, 'TOO_MANY_FOLLOWERS')
    assert server.ask('GET', '/v1/stats').status == 200, 'others are served beside them'
    for one in followers + more:
        one.cut()
    gone = 'millhand_http_followers 0'
    read_until([], lambda: gone in server.ask('GET', '/metrics').text)


def test_none_is_lost_while_the_server_is_away(site):
    with Server(site) as server:
        followers = follow(server, 20)
        ids = add(server, 50)
        have(followers, 50)
        server.process.kill()
        server.wait()
    ids += site.bulk([{'type': 'a'}] * 700)
    with Server(site) as server:
        followers = [one.again(server) for one in followers]
        ids += add(server, 20)
        have(followers, 770)
        assert all(one.jobs == ids for one in followers)


def test_who_does_not_read_is_hung_up_on_and_the_others_go_on(server):
    reader, sleeper = follow(server, 1)[0], follow(server, 1, buffer=4096)[0]
    ids = []
    while 'millhand_http_followers 2' in server.ask('GET', '/metrics').text:
        assert len(ids) < 40000
        ids += add(server, 1000)
        have([reader], len(ids))
    assert reader.jobs == ids and reader.open
    read_until([sleeper], lambda: not sleeper.open)
    print(f'hung up on after {len(ids)} events')
    again = sleeper.again(server)
    have([again], len(ids))
    assert again.jobs == ids


def test_a_jobs_story_is_the_same_while_it_happens_and_afterwards(site, server):
    site.sh('a', FAILS_ONCE)
    add(server, 3, 'other')
    job = server.add({'type': 'a'})['id']
    path = f'/v1/jobs/{job}/events'
    live = follow(server, 1, path)[0]
    with site.worker(RETRY_BASE_DELAY_MS=10) as worker:
        read_until([live], lambda: not live.open)
        assert worker.stop() == 0
    assert live.names == ['dispatched', 'claimed', 'retried', 'claimed', 'completed']
    assert [event['attempts'] for event in live.events] == [0, 1, 1, 2, 2]
    assert set(live.jobs) == {job} and 'error' in live.events[2]
    told = Follower(server, path)
    read_until([told], lambda: not told.open)
    assert told.names == live.names
    assert [one['attempts'] for one in told.events] == [one['attempts'] for one in live.events]
    known = server.ask('GET', path, Last_Event_ID=live.last)
    assert (known.status, known.text) == (204, ''), 'a browser comes no more'
    assert server.ask('GET', path, Last_Event_ID=told.last).status == 204
    ends = Follower(server, f'{path}?event=completed')
    read_until([ends], lambda: not ends.open)


def test_filters_and_wrong_questions(server):
    only = Follower(server, '/v1/events?type=b&event=cancelled,dispatched')
    read_until([only], lambda: only.connected)
    job = add(server, 2)[0]
    server.ask('POST', f'/v1/jobs/{job}/cancel')
    other = add(server, 1, 'b')[0]
    server.ask('POST', f'/v1/jobs/{other}/cancel')
    have([only], 2)
    assert (only.names, set(only.jobs)) == (['dispatched', 'cancelled'], {other})
    for wrong in ('x', '-1', '1.', '.1', '01', '1.2.3', '9' * 19, '1 2'):
        answer = server.ask('GET', '/v1/events', Last_Event_ID=wrong)
        assert (answer.status, answer.code) == (400, 'INVALID_EVENT_ID'), wrong
    for wrong in ('type=a%20b', 'event=done', 'event=', 'event=log,', 'tenant=x', 'last=1'):
        answer = server.ask('GET', f'/v1/events?{wrong}')
        assert (answer.status, answer.code) == (400, 'INVALID_QUERY'), wrong
    assert server.ask('GET', '/v1/jobs/7/events').code == 'JOB_NOT_FOUND'
    head = server.ask('HEAD', '/v1/events')
    assert (head.status, head.headers['Content-Type'], head.text) == (200, 'text/event-stream', '')
    lost = Follower(server, last='999999')
    have([lost], 6)
    assert lost.names == ['gap', 'dispatched', 'dispatched', 'cancelled', 'dispatched', 'cancelled']


def test_a_stop_ends_streams_and_the_client_goes_on(site):
    with Server(site) as server:
        followers = follow(server, 5)
        server.signal()
        read_until(followers, lambda: not any(one.open for one in followers))
        assert server.wait() == 0


def test_a_stream_ends_with_its_token(site):
    with Server(site, MILLHAND_JWT_SECRET=SECRET) as server:
        short, long = token(exp=time.time() - 29), token()
        brief, steady = follow(server, 1, token=short)[0], follow(server, 1, token=long)[0]
        read_until([brief], lambda: not brief.open)
        add(server, 1, token=long)
        have([steady], 1)
        assert brief.events == []
        assert server.stop() == 0
