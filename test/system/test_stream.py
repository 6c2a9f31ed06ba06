"""`/v1/events` and `/v1/jobs/ID/events`: who follows is told everything, once and in order."""
import json
import re
import selectors
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from conftest import MILLHAND, assert_refused, free_port, wait_until
from serve import DEFAULT, SECRET, Client, Server, token
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


SAYS = '''
echo "line of $MILLHAND_JOB_ATTEMPT" >&2
[ "$MILLHAND_JOB_ATTEMPT" = 2 ] || exit 1
while [ ! -e @DIR@/go ]; do sleep 0.05; done
echo last >&2
'''


@pytest.mark.parametrize('store', ['sqlite', 'postgres'])
def test_who_comes_late_is_told_what_the_attempt_has_said(request, site, store):
    use(request, site, store)
    site.sh('a', SAYS)
    with Server(site) as server, site.worker(RETRY_BASE_DELAY_MS=10) as worker:
        wide = follow(server, 1)[0]
        path = f'/v1/jobs/{add(server, 1)[0]}/events'
        read_until([wide], lambda: 'line of 2' in lines(wide))
        late = follow(server, 1, path)[0]
        read_until([late], lambda: lines(late))
        late.cut()
        late = late.again(server)
        (site.path / 'go').touch()
        read_until([late], lambda: not late.open)
        assert late.names == [
            'dispatched',
            'claimed',
            'retried',
            'claimed',
            'log',
            'log',
            'completed',
        ]
        assert lines(late) == ['line of 2', 'last'], 'each once, of this attempt'
        assert worker.stop() == 0 and server.stop() == 0


def lines(follower):
    return [event['line'] for event in follower.events if event['event'] == 'log']


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


def tenants_on(request, site, store):
    """Two tenants of a store of this kind."""
    use(request, site, store)
    return [site.ok('tenant', 'add', name).strip() for name in ('acme', 'bolt')]


def use(request, site, store):
    if store == 'postgres':
        server = request.getfixturevalue('shared_server')
        site.env['DATABASE_URL'] = f'postgres://test@127.0.0.1:{server.port}/postgres'
        site.env['MILLHAND_SCHEMA'] = f'stream_{time.monotonic_ns()}'
        site.ok('migrate', '--roles')


@pytest.mark.parametrize('store', ['sqlite', 'postgres'])
def test_tenants_are_told_of_their_own_jobs_alone(request, site, store):
    acme, bolt = tenants_on(request, site, store)
    admin = token(tenant_id=None, app_metadata={'role': 'super_admin'})
    with Server(site, MILLHAND_JWT_SECRET=SECRET) as server:
        first = follow(server, 2, token=token(tenant_id=acme))
        second = follow(server, 1, token=token(tenant_id=bolt))
        everything = follow(server, 1, token=admin)
        narrow = follow(server, 1, f'/v1/events?tenant={bolt}', token=admin)
        mine = add(server, 3, token=token(tenant_id=acme))
        theirs = add(server, 2, token=token(tenant_id=bolt))
        have(everything, 5)
        have(first, 3)
        have(second + narrow, 2)
        first[0].cut()
        first[0] = first[0].again(server)
        more = add(server, 1, token=token(tenant_id=bolt))
        mine += add(server, 1, token=token(tenant_id=acme))
        have(first, 4)
        have(second + narrow, 3)
        assert first[0].jobs == first[1].jobs == mine
        assert second[0].jobs == narrow[0].jobs == theirs + more
        job = f'/v1/jobs/{mine[0]}/events'
        assert server.ask('GET', job, token=token(tenant_id=bolt)).code == 'JOB_NOT_FOUND'
        other = f'/v1/events?tenant={acme}'
        assert server.ask('GET', other, token=token(tenant_id=bolt)).code == 'FORBIDDEN'
        past = Follower(server, last=0, token=token(tenant_id=bolt))
        have([past], 3)
        assert set(past.jobs) == set(theirs + more)
        assert server.stop() == 0


def test_what_commits_late_is_told_once_and_never_lost(request, site):
    tenants_on(request, site, 'postgres')
    server_of_store = request.getfixturevalue('shared_server')
    schema = site.env['MILLHAND_SCHEMA']
    with Server(site) as server:
        add(server, 1)  # a new type would be waited for
        steady, brief = follow(server, 2)
        with server_of_store.session() as late:
            late('BEGIN')
            first = late(f"SELECT {schema}.dispatch_job('{DEFAULT}', 'a', '{{}}')")
            second = add(server, 1)[0]
            have([steady, brief], 1)
            brief.cut()
            late('COMMIT')
        third = add(server, 1)[0]
        brief = brief.again(server)
        have([steady], 3)
        have([brief], 4)
        assert steady.jobs == [second, first, third], 'each once'
        assert sorted(brief.jobs) == sorted([first, second, second, third]), 'one twice, none lost'
        assert server.stop() == 0


class Clock:
    """What a process takes for the time, wall and monotonic; `env` is its environment."""

    def __init__(self, folder):
        libraries = list(Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'))
        if not libraries:
            pytest.skip('no libfaketime')
        self.file = folder / 'clock'
        self.ahead = 0
        self.go_on(0)
        self.env = {
            'LD_PRELOAD': libraries[0],
            'FAKETIME_TIMESTAMP_FILE': self.file,
            'FAKETIME_NO_CACHE': 1,
        }

    def go_on(self, seconds):
        self.ahead += seconds
        new = self.file.with_suffix('.new')
        new.write_text(f'+{self.ahead}s')
        new.rename(self.file)


def test_what_is_silent_is_kept_alive_and_ends_with_a_job_that_is_deleted(site):
    clock = Clock(site.path)
    with Server(site, **clock.env) as server:
        job, other = add(server, 2)
        steady, brief = (follow(server, 1, f'/v1/jobs/{one}/events')[0] for one in (job, other))
        wide = follow(server, 1)[0]
        site.ok('jobs', 'delete', other)
        clock.go_on(16)
        read_until([steady, brief, wide], lambda: '' in steady.comments and not brief.open)
        read_until([wide], lambda: '' in wide.comments)
        assert brief.names == ['dispatched'] and steady.open
        server.ask('POST', f'/v1/jobs/{job}/cancel')
        read_until([steady, wide], lambda: not steady.open and wide.names == ['cancelled'])
        assert steady.names == ['dispatched', 'cancelled']
        assert server.ask('GET', brief.path).code == 'JOB_NOT_FOUND'
        server.stop()


def test_a_server_goes_on_following_though_nobody_follows_it(site):
    clock = Clock(site.path)
    with Server(site, **clock.env) as server, sqlite3.connect(site.file('jobs.db')) as store:

        def until():
            return store.execute('SELECT until FROM follow').fetchone()[0]

        def is_renewed():
            clock.go_on(301)  # again, for the first may come before its timer is set
            server.ask('GET', '/health')  # wakes it up: it sleeps by the machine's own clock
            return until() >= first + 300_000

        first = wait_until(until)
        wait_until(is_renewed)
        server.stop()


def test_a_worker_serves_as_well(site):
    site.sh('a', 'echo 1\n')
    port = free_port()
    env = {'MILLHAND_HTTP_PORT': port, 'MILLHAND_JWT_SECRET': SECRET}
    with site.worker('--serve', **env) as worker:
        worker.wait_for('serving')
        client = Client(port)
        client.token = token()
        follower = follow(client, 1, token=client.token)[0]
        client.add({'type': 'a'})
        read_until([follower], lambda: len(follower.events) == 3)
        assert follower.names == ['dispatched', 'claimed', 'completed']
        assert client.ask('GET', '/v1/stats').json['completed_count'] == 1
        assert 'millhand_http_followers 1' in client.ask('GET', '/metrics').text
        worker.signal()
        read_until([follower], lambda: not follower.open)
        assert worker.wait() == 0
    with site.worker('--serve', '--drain', MILLHAND_HTTP_PORT=port) as worker:
        assert worker.wait() == 0


def test_the_command_prints_what_is_kept_and_what_happens(site):
    clock = Clock(site.path)
    assert 'no events' in site.run('events').stderr
    with subprocess.Popen(
        [MILLHAND, 'events', '--follow', '--json', '--type', 'a'],
        cwd=site.path,
        env=site.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        # Whatever is dispatched before it follows is not told.
        seen = iter(process.stdout.readline, '')
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            wait_until(lambda: site.enqueue('a') and ready.select(0.2))
        job = json.loads(next(seen))['job_id']
        process.terminate()
    site.ok('jobs', 'cancel', job)
    line = site.ok('events', '--job', job).splitlines()
    assert [text.split()[2] for text in line] == ['dispatched', 'cancelled']
    assert job in line[0] and '\x1b' not in line[0]
    events = site.json('events', '--job', job)
    since = site.json('events', '--since', events[0]['id'], '--job', job)
    assert since == events[1:] and since[0]['event'] == 'cancelled'
    followed = site.json('events', '--follow', '--job', job)
    assert followed == events, 'the job has ended'
    gone = site.enqueue('a', {}, '--delay', '1h')
    with subprocess.Popen(
        [MILLHAND, 'events', '--follow', '--job', gone],
        cwd=site.path,
        env=site.environment(clock.env),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert 'dispatched' in process.stdout.readline()
        site.ok('jobs', 'delete', gone)
        clock.go_on(6)
        assert (process.stdout.read(), process.wait()) == ('', 0), 'it ends with the job'
    assert_refused(site.run('events', '--since', 'x'), 2, '--since')
    assert_refused(site.run('events', '--since', '999999'), 1, '999999')
    assert_refused(site.run('events', '--job', 'x'), 2, '--job')
