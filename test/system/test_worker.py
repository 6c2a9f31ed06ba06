"""Which jobs a worker claims, in which order, and how many at once."""
import signal
import time

import pytest
from conftest import MILLHAND, alive, assert_refused, wait_until


def recorder(site, job_type='note'):
    """A handler that writes its payload, a line each, to `order`."""
    site.sh(job_type, 'cat >>@DIR@/order; echo >>@DIR@/order\n')


def test_higher_priority_runs_first_and_equal_ones_in_the_order_of_dispatch(site):
    recorder(site)
    for name, priority in [('a', 0), ('b', 5), ('c', 100), ('d', 5), ('e', 0)]:
        site.enqueue('note', f'{{"n":"{name}"}}', '--priority', priority)
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert ''.join(line[6] for line in site.wait_for_file('order', 5)) == 'cbdae'


def test_a_job_that_became_due_later_runs_later(site):
    recorder(site)
    site.enqueue('note', '{"n":"b"}', '--delay', '300ms')
    site.enqueue('note', '{"n":"a"}')
    with site.worker():
        lines = site.wait_for_file('order', 2)
    assert [line[6] for line in lines] == ['a', 'b']


def test_a_job_is_not_run_before_its_time(site):
    site.sh('clock', 'date +%s.%N\n')
    job_id = site.enqueue('clock', {}, '--delay', '500ms')
    dispatched = time.time()
    with site.worker():
        assert site.ended(job_id)['result'] >= dispatched + 0.3


def test_drain_runs_what_is_due_and_stops(site):
    recorder(site)
    site.bulk({'type': 'note'} for _ in range(30))
    later = site.enqueue('note', {}, '--delay', '1h')
    with site.worker('--drain', '--concurrency', 3) as worker:
        assert worker.wait() == 0
    assert len(site.jobs('--status', 'completed')) == 30
    assert site.job(later)['status'] == 'pending'


def test_drain_of_an_empty_store_stops_at_once(site):
    recorder(site)
    with site.worker('--drain') as worker:
        assert worker.wait(timeout=5) == 0


def test_drain_runs_the_jobs_that_its_jobs_dispatch(site):
    site.sh('parent', f'{MILLHAND} --db sqlite:@DIR@/jobs.db enqueue note "{{}}"\n')
    recorder(site)
    site.enqueue('parent')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert [job['status'] for job in site.jobs()] == ['completed', 'completed']


def test_once_runs_one_job_and_stops(site):
    recorder(site)
    site.bulk({'type': 'note'} for _ in range(5))
    with site.worker('--once') as worker:
        assert worker.wait() == 0
    statuses = [job['status'] for job in site.jobs()]
    assert statuses.count('completed') == 1 and statuses.count('pending') == 4
    assert all(job['attempts'] == 0 for job in site.jobs('--status', 'pending'))


def test_types_narrows_what_is_claimed(site):
    for job_type in 'abc':
        recorder(site, job_type)
    ids = {job_type: site.enqueue(job_type) for job_type in 'abc'}
    with site.worker('--drain', '--types', 'a,c') as worker:
        assert worker.wait() == 0
    assert {t: site.job(i)['status'] for t, i in ids.items()} \
        == {'a': 'completed', 'b': 'pending', 'c': 'completed'}


def test_a_type_without_a_handler_is_left_alone(site):
    recorder(site)
    stranger = site.enqueue('stranger')
    site.enqueue('note')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    job = site.job(stranger)
    assert (job['status'], job['attempts']) == ('pending', 0)


def test_unknown_types_fail_fails_the_strangers(site):
    recorder(site)
    stranger = site.enqueue('stranger')
    with site.worker(UNKNOWN_TYPES='fail'):
        job = site.ended(stranger)
        assert site.ended(site.enqueue('note'))['status'] == 'completed'
    assert job['status'] == 'failed' and job['error'] == 'no handler for type "stranger"'


@pytest.mark.parametrize('how', ['option', 'setting'])
def test_concurrency_is_reached_and_not_passed(site, how):
    site.sh('hold', 'echo $$ >>@DIR@/held; while [ ! -e @DIR@/go ]; do sleep 0.02; done\n')
    site.bulk({'type': 'hold'} for _ in range(5))
    args, env = (('--concurrency', 3), {}) if how == 'option' else ((), {'MAX_CONCURRENT_JOBS': 3})
    with site.worker(*args, **env) as worker:
        site.wait_for_file('held', 3)
        time.sleep(0.3)  # the time in which a fourth would start, were it going to
        assert len(site.wait_for_file('held', 3)) == 3
        site.touch('go')
        wait_until(lambda: len(site.jobs('--status', 'completed')) == 5)
        assert worker.stop() == 0


def test_a_paused_type_is_not_claimed_until_it_is_resumed(site):
    recorder(site)
    recorder(site, 'other')
    site.ok('type', 'pause', 'note')
    job_id = site.enqueue('note')
    with site.worker():
        assert site.ended(site.enqueue('other'))['status'] == 'completed'
        assert site.job(job_id)['status'] == 'pending'
        site.ok('type', 'resume', 'note')
        assert site.ended(job_id)['status'] == 'completed'


def test_a_new_handler_is_found_by_a_new_worker(site):
    recorder(site, 'other')
    job_id = site.enqueue('note')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert site.job(job_id)['status'] == 'pending'
    recorder(site)
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert site.job(job_id)['status'] == 'completed'


def test_files_that_are_not_executable_are_no_handlers(site):
    site.write('README.md', 'words\n', mode=0o644)
    site.write('.hidden', '#!/bin/sh\n')
    (site.handlers / 'folder').mkdir()
    recorder(site)
    readme = site.enqueue('README')
    with site.worker('--drain') as worker:
        assert worker.wait() == 0
    assert site.job(readme)['status'] == 'pending'
    ignored = worker.logged('handler ignored: it has no run bit, try chmod +x')
    assert [line['file'] for line in ignored] == [str(site.handlers / 'README.md')]


def test_two_handlers_of_one_type_are_refused(site):
    site.write('note.sh', '#!/bin/sh\n')
    site.write('note.py', '#!/usr/bin/python3\n')
    done = site.run('worker', '--drain')
    assert done.returncode == 2
    assert 'note' in done.stderr and 'note.sh' in done.stderr and 'note.py' in done.stderr


def test_handlers_option_names_the_folder(site):
    folder = site.path / 'elsewhere'
    folder.mkdir()
    (folder / 'note').write_text('#!/bin/sh\necho 1\n')
    (folder / 'note').chmod(0o755)
    job_id = site.enqueue('note')
    with site.worker('--drain', '--handlers', folder) as worker:
        assert worker.wait() == 0
    assert site.job(job_id)['result'] == 1


def test_a_file_in_place_of_the_handlers_folder_is_said(site):
    site.file('handlers.txt').write_text('words')
    done = site.run('worker', '--drain', '--handlers', site.file('handlers.txt'))
    assert_refused(done, 1, 'handlers.txt', 'not a directory')


def test_a_worker_without_any_handler_says_so(site):
    site.handlers.rmdir()
    done = site.run('worker', '--drain')
    assert_refused(done, 2, 'handlers')


def test_two_workers_share_the_work_and_never_a_job(site):
    site.sh('note', 'echo "$MILLHAND_JOB_ID" >>@DIR@/ran\n')
    site.bulk({'type': 'note'} for _ in range(150))
    with site.worker('--concurrency', 4) as one, site.worker('--concurrency', 4) as two:
        wait_until(lambda: len(site.jobs('--status', 'completed')) == 150, 40)
        assert one.stop() == 0 and two.stop() == 0
    ran = site.wait_for_file('ran', 150)
    assert len(ran) == len(set(ran)) == 150
    assert {job['worker_id'] for job in site.jobs()} == {
        one.lines[0]['workerId'], two.lines[0]['workerId']}


def test_jobs_of_a_killed_worker_are_taken_over(site):
    site.sh('hold', 'echo "$MILLHAND_ATTEMPT" >>@DIR@/held\n'
            '[ "$MILLHAND_ATTEMPT" = 2 ] || exec sleep 3\n')
    job_id = site.enqueue('hold')
    with site.worker(LEASE_MS=1000) as first:
        site.wait_for_file('held')
        first.process.kill()
    with site.worker(LEASE_MS=1000) as second:
        job = site.ended(job_id)
        second.wait_for('jobs reclaimed')
        assert second.stop() == 0
    assert (job['status'], job['attempts']) == ('completed', 2)
    assert job['history'][0]['error'] == 'lease expired'


def test_handlers_end_with_a_worker_that_is_killed(site):
    site.sh('hold', 'trap "" TERM HUP; echo $$ >>@DIR@/pids; exec sleep 600\n')
    site.child('stay', 'def run(request, job):\n'
               "    open('@DIR@/pids', 'a').write(f'{os.getpid()}\\n')\n    time.sleep(600)\n")
    site.enqueue('hold')
    site.enqueue('stay')
    with site.worker(MAX_CONCURRENT_JOBS=2) as worker:
        pids = site.wait_for_file('pids', 2)
        assert all(alive(pid) for pid in pids)
        worker.process.kill()
        wait_until(lambda: not any(alive(pid) for pid in pids), what='the handlers have ended')


def test_a_job_whose_worker_died_at_its_last_attempt_is_a_dead_letter(site):
    site.sh('hold', 'echo >>@DIR@/held; exec sleep 3\n')
    job_id = site.enqueue('hold', {}, '--max-attempts', 1)
    with site.worker(LEASE_MS=1000) as first:
        site.wait_for_file('held')
        first.process.kill()
    with site.worker(LEASE_MS=1000):
        job = site.ended(job_id)
    assert (job['status'], job['error']) == ('failed', 'lease expired')


def test_a_worker_that_was_frozen_has_lost_its_job_and_cannot_finish_it(site):
    site.sh('hold', 'echo "$MILLHAND_ATTEMPT" >>@DIR@/held\n'
            '[ "$MILLHAND_ATTEMPT" = 2 ] && { echo 2; exit 0; }\n'
            'while [ ! -e @DIR@/go ]; do sleep 0.02; done; echo 1\n')
    job_id = site.enqueue('hold')
    with site.worker(LEASE_MS=1000, WORKER_ID='first') as first:
        site.wait_for_file('held')
        first.signal(signal.SIGSTOP)
        with site.worker(LEASE_MS=1000, WORKER_ID='second') as second:
            job = site.ended(job_id)
            assert (job['result'], job['worker_id']) == (2, 'second')
            site.touch('go')
            first.signal(signal.SIGCONT)
            first.wait_for('lease lost', jobId=job_id)
            assert first.stop() == 0 and second.stop() == 0
    job = site.job(job_id)
    assert (job['result'], job['worker_id'], job['attempts']) == (2, 'second', 2)


def test_a_long_job_keeps_its_lease(site):
    site.sh('long', 'sleep 3; echo 1\n')
    with site.worker(LEASE_MS=1000), site.worker(LEASE_MS=1000):
        job = site.ended(site.enqueue('long'))
    assert (job['status'], job['attempts'], job['history']) == ('completed', 1, [])


def test_types_with_unknown_types_fail_touches_no_other_type(site):
    recorder(site)
    other = site.enqueue('other')
    mine = site.enqueue('note')
    with site.worker('--types', 'note', '--drain', UNKNOWN_TYPES='fail') as worker:
        assert worker.wait() == 0
    assert (site.job(mine)['status'], site.job(other)['status']) == ('completed', 'pending')


def test_unknown_types_fail_does_not_hoard_jobs_for_a_full_handler(site):
    site.child('hold', "def run(request, job):\n    open('@DIR@/held', 'a').write('x\\n')\n"
               "    wait_for('@DIR@/go')\n    send(id=request['id'], result=1)\n", processes=1)
    site.bulk({'type': 'hold'} for _ in range(50))
    with site.worker('--concurrency', 2, UNKNOWN_TYPES='fail', LOG_LEVEL='debug'):
        site.wait_for_file('held')
        stranger = site.enqueue('stranger', {}, '--priority', 100)
        assert site.job(stranger)['status'] in ('pending', 'failed')
        assert len(site.jobs('--status', 'processing')) <= 2
        site.touch('go')
        assert site.ended(stranger)['status'] == 'failed'
