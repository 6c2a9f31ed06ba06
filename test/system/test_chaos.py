"""Many processes at once, some of them killed: every job ends, none is lost."""
import collections
import random
import subprocess
import threading
import time

from conftest import MILLHAND, wait_until

SEED = 20240
ECHO = """
def run(request, job):
    open('@DIR@/ran', 'a').write(job['id'] + '\\n')
    send(id=request['id'], result=1)
"""


def in_threads(count, work):
    """Runs work(0) … work(count - 1) at once; the first error is raised here."""
    errors = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_every_job_ends_while_workers_are_killed_at_random(site):
    site.sh('note', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran\n')
    site.sh('nap', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran; sleep 0.2\n')
    site.sh('flaky', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran; [ "$MILLHAND_ATTEMPT" -ge 3 ]\n')
    site.sh('never', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran; exit 65\n')
    site.child('echo', ECHO, concurrency=4)
    site.conf('flaky', backoff_base='50ms')
    types = ['note', 'nap', 'flaky', 'never', 'echo']
    end = time.monotonic() + 8
    dispatched = []

    def dispatch(number):
        chance = random.Random(SEED + number)
        while time.monotonic() < end:
            job_type = chance.choice(types)
            dispatched.append(site.enqueue(job_type, {}, '--max-attempts', 8))
            lines = f'{{"type":"{job_type}","max_attempts":8}}\n' * 5
            dispatched.extend(site.ok('enqueue', '--bulk', '-', stdin=lines).split())
            time.sleep(chance.random() * 0.2)  # a caller has other things to do

    def kill(workers):
        chance = random.Random(SEED)
        while time.monotonic() < end:
            time.sleep(chance.random() * 0.4)  # the random moment of the kill
            number = chance.randrange(len(workers))
            workers[number].process.kill()
            workers[number].wait()
            workers[number] = site.worker('--concurrency', 4, LEASE_MS=1000)

    workers = [site.worker('--concurrency', 4, LEASE_MS=1000) for _ in range(3)]
    try:
        in_threads(5, lambda number: dispatch(number) if number else kill(workers))
        wait_until(lambda: not site.jobs('--status', 'pending')
                   and not site.jobs('--status', 'processing'), 60)
        for worker in workers:
            assert worker.stop() == 0
    finally:
        for worker in workers:
            worker.process.kill()
            worker.wait()

    jobs = site.jobs()
    assert sorted(job['id'] for job in jobs) == sorted(dispatched)
    ran = collections.Counter(site.wait_for_file('ran'))
    for job in jobs:
        assert job['status'] == ('failed' if job['type'] == 'never' else 'completed'), job
        assert 1 <= ran[job['id']] <= job['attempts'] <= 8, job
    cut_off = [job for job in jobs if job['attempts'] > 1 and job['type'] != 'flaky'][:50]
    assert cut_off, 'some were cut off'
    for job in cut_off:
        history = site.job(job['id'])['history']
        assert [attempt['number'] for attempt in history] \
            == list(range(1, job['attempts'] + (job['status'] == 'failed'))), history
        assert 'lease expired' in {attempt['error'] for attempt in history}


def test_many_processes_on_one_file_never_see_it_locked(site):
    site.sh('good', 'echo 1\n')

    def use(number):
        for turn in range(12):
            site.enqueue('good', {'n': turn})
            command = [('stats',), ('jobs', 'list'), ('type', 'list'),
                       ('enqueue', '--bulk', '-')][(number + turn) % 4]
            site.ok(*command, stdin='{"type":"good"}\n' * 20)
    with site.worker('--concurrency', 2) as one, site.worker('--concurrency', 2) as two:
        in_threads(6, use)
        for worker in (one, two):
            worker.signal()
            assert worker.wait() == 0
            assert not any('locked' in str(line) or 'busy' in str(line) for line in worker.lines)


def test_several_processes_may_create_the_store_at_once(site):
    def start(number):
        site.enqueue('good', {'n': number})
    in_threads(8, start)
    assert sorted(job['payload']['n'] for job in site.jobs()) == list(range(8))


def test_one_unique_key_gives_one_job_to_many_processes(site):
    ids = []
    in_threads(8, lambda _: ids.append(site.enqueue('good', {}, '--unique', 'k')))
    assert len(set(ids)) == 1 and len(site.jobs()) == 1


def test_a_command_killed_at_random_leaves_a_sound_store(site):
    chance = random.Random(SEED)
    lines = '{"type":"good"}\n' * 2000
    for _ in range(10):
        process = subprocess.Popen([MILLHAND, 'enqueue', '--bulk', '-'], cwd=site.path,
                                   env=site.environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        try:
            process.stdin.write(lines)
            process.stdin.close()
        except BrokenPipeError:
            pass
        time.sleep(chance.random() * 0.05)  # the random moment of the kill
        process.kill()
        process.wait()
    assert site.enqueue('good')
    checked = subprocess.run(['sqlite3', str(site.path / 'jobs.db'), 'PRAGMA integrity_check'],
                             capture_output=True, text=True, check=True)
    assert checked.stdout == 'ok\n'


def test_two_workers_of_one_name_do_not_finish_each_others_jobs(site):
    site.sh('note', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran\n')
    ids = site.bulk({'type': 'note'} for _ in range(60))
    with site.worker(WORKER_ID='same') as one, site.worker(WORKER_ID='same') as two:
        wait_until(lambda: len(site.jobs('--status', 'completed')) == 60, 40)
        assert one.stop() == 0 and two.stop() == 0
    assert sorted(site.wait_for_file('ran')) == sorted(ids)
