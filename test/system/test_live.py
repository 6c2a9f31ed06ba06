"""What handlers say, seen by those who follow while the job runs."""
import asyncio
import json

from http_peer import Peer
from stream import follower, read_until  # noqa: F401, a fixture

SHELL = r'''echo one >&2
echo '{"progress":0.5,"message":"half"}' >&"$MILLHAND_EVENT_FD"
while [ ! -e @DIR@/go ]; do sleep 0.02; done
echo last >&2
echo 1
'''
CHILD = '''
def run(request, job):
    log(job, 'one')
    send(method='job.progress', params={'id': job['id'], 'progress': 0.5, 'message': 'half'})
    wait_for('@DIR@/go')
    log(job, 'last')
    send(id=request['id'], result=1)
'''


def told(follower, job):
    """What was said of a job, but for its texts those of lines and messages."""
    return [
        event.get('line') or event.get('message') or event['event']
        for event in follower.events
        if event['job_id'] == job
    ]


def streaming(gate):
    def line(**message):
        return json.dumps(message).encode() + b'\n'

    async def answer(_request, wire):
        wire.write(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.millhand+ndjson\r\n'
            b'Connection: close\r\n\r\n'
        )
        wire.write(line(log='one') + line(progress=0.5, message='half'))
        await wire.drain()
        while not gate.exists():
            await asyncio.sleep(0.02)
        wire.write(line(log='last') + line(result=1))
        await wire.drain()
        wire.close()

    return answer


def test_lines_and_progress_are_told_while_a_job_runs(site, follower):
    site.sh('shell', SHELL)
    site.child('child', CHILD)
    with Peer(streaming(site.file('go'))) as peer:
        site.conf('web', mode='http', url=peer.url, allow_private=1)
        with site.worker(MAX_CONCURRENT_JOBS=3) as worker:
            jobs = [site.enqueue(kind) for kind in ('shell', 'child', 'web')]
            read_until(
                [follower], lambda: all({'one', 'half'} <= set(told(follower, j)) for j in jobs)
            )
            assert all(site.job(job)['status'] == 'processing' for job in jobs)
            site.touch('go')
            read_until([follower], lambda: all('completed' in told(follower, j) for j in jobs))
            assert worker.stop() == 0
    for job in jobs:
        said = told(follower, job)
        assert said[:2] == ['dispatched', 'claimed'] and sorted(said[2:4]) == ['half', 'one']
        assert said[4:] == ['last', 'completed']
    halves = [event for event in follower.events if event.get('message') == 'half']
    assert [event['progress'] for event in halves] == [0.5] * 3


def test_of_too_many_lines_some_are_left_out_and_it_is_said(site, follower):
    site.sh('flood', 'seq 100000 >&2\necho 1\n')
    with site.worker() as worker:
        job = site.enqueue('flood')
        read_until([follower], lambda: 'completed' in told(follower, job))
        assert worker.stop() == 0
    said = told(follower, job)
    left_out = sum(int(line[1:].split()[0]) for line in said if line.endswith('lines left out]'))
    lines = [line for line in said if line.isdigit()]
    assert lines[:2] == ['1', '2'] and len(lines) + left_out == 100000 and left_out > 0
