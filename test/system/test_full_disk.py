"""A store on a disk without room: refused in one line, nothing lost, and well again with room."""
import subprocess

import pytest
from conftest import assert_refused

ROOM = '2m'


@pytest.fixture
def small(site):
    """A site whose store lies on a disk of two megabytes."""
    disk = site.path / 'disk'
    disk.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={ROOM}', 'none', disk]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip('mounting a small disk needs root')
    site.env['DATABASE_URL'] = f'sqlite:{disk}/jobs.db'
    site.disk = disk
    yield site
    subprocess.run(['umount', '-l', disk], check=True)


def fill(site):
    """Fills the disk to the last byte, with a file that can be removed."""
    with (site.disk / 'ballast').open('wb', buffering=0) as ballast:
        for size in (65536, 512, 1):
            try:
                while ballast.write(b'x' * size):
                    pass
            except OSError:
                pass


def test_a_dispatch_without_room_is_refused_and_the_store_stays_whole(small):
    ids = [small.enqueue('good', {'text': 'x' * 1000}) for _ in range(3)]
    fill(small)
    body = '{"text":"' + 'x' * 100000 + '"}'
    assert_refused(small.run('enqueue', 'good', body), 1, 'full')
    small.file('disk/ballast').unlink()
    ids.append(small.enqueue('good', {'text': 'y'}))
    assert {job['id'] for job in small.jobs()} == set(ids)


def test_a_worker_without_room_keeps_what_its_handlers_made(small):
    small.sh(
        'big',
        'echo 1 >>@DIR@/started; while [ ! -e @DIR@/go ]; do sleep 0.02; done\n'
        'head -c 300000 /dev/zero | tr "\\0" x\n',
    )
    job_id = small.enqueue('big')
    with small.worker() as worker:
        small.wait_for_file('started')
        fill(small)
        small.touch('go')
        worker.wait_for('store failed, trying again')
        assert 'full' in worker.logged('store failed, trying again')[0]['error']
        small.file('disk/ballast').unlink()
        worker.wait_for('job completed')
        assert worker.stop() == 0
    job = small.job(job_id)
    assert (job['status'], job['attempts'], len(job['result'])) == ('completed', 1, 300000)
