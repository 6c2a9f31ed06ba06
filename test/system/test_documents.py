"""What the documents and examples say is tried as it stands there."""
import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import MILLHAND, ROOT, free_port


def blocks(name):
    """The indented blocks of a document, without their indentation."""
    text = (ROOT / name).read_text(encoding='utf-8')
    found = re.findall(r'(?:^    .*\n|^\n(?=    ))+', text, re.M)
    return [re.sub(r'^    ', '', block.strip('\n') + '\n', flags=re.M) for block in found]


def block_with(name, words):
    return next(block for block in blocks(name) if words in block)


def test_the_two_minutes_of_the_readme_work_as_they_are_written(site):
    script = block_with('README.md', 'handlers/greet').replace('script/build ', ': ')
    (site.path / 'build').mkdir()
    (site.path / 'build' / 'millhand').symlink_to(MILLHAND)
    site.handlers.rmdir()
    site.env = {'HOME': str(site.path), 'HEALTH_CHECK_PORT': '0'}
    done = subprocess.run(['bash', '-mec', script + 'wait\n'], cwd=site.path, capture_output=True,
                          env=site.environment(), text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[0])
    assert record['status'] == 'completed' and record['result'] == {'greeting': 'Hello, Ada'}


def test_serving_works_as_the_readme_has_it(site):
    script = block_with('README.md', 'millhand token').replace('8090', str(free_port()))
    (site.path / 'build').mkdir()
    (site.path / 'build' / 'millhand').symlink_to(MILLHAND)
    site.enqueue('a')
    env = site.environment({'MILLHAND_HTTP_PORT': re.search(r'127.0.0.1:(\d+)', script)[1]})
    done = subprocess.run(['bash', '-mec', script + 'wait\n'], cwd=site.path, capture_output=True,
                          env=env, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])['pending_count'] == 1


def test_the_tutorial_works_as_it_is_written(site, shared_server):
    folder = site.path / 'tutorial'
    script = '\n'.join(blocks('doc/tutorial.md'))
    for written, here in [('script/build', ':'), ('$PWD/build', Path(MILLHAND).parent),
                          ('/tmp/millhand-tutorial', folder), ('8080', free_port()),
                          ('8090', free_port()),
                          ('postgres://localhost/millhand', shared_server.url())]:
        assert written in script
        script = script.replace(written, str(here))
    port = re.search(r'127.0.0.1:(\d+)/health', script).group(1)
    serve_port = re.search(r'127.0.0.1:(\d+)/v1/', script).group(1)
    site.env = {'HOME': str(site.path), 'HEALTH_CHECK_PORT': port,
                'MILLHAND_HTTP_PORT': serve_port}
    done = subprocess.run(['bash', '-mec', script], cwd=site.path, capture_output=True,
                          env=site.environment(), text=True, timeout=80, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ['"greeting":"Hello, Ada"', 'the status is 3', 'no connection to the warehouse',
                 '"imported"', '"words": 4', '"status":"healthy"',
                 'Katherine', 'event: completed', 'data: {"event":"claimed"']:
        assert said in done.stdout, f'{said}: {done.stdout}'


def test_the_demo_runs_to_its_end():
    if Path(MILLHAND).resolve() != (ROOT / 'build' / 'millhand').resolve():
        pytest.skip('the demo runs what script/build leaves in build')
    assert 'script/demo' in block_with('README.md', 'script/demo')
    done = subprocess.run(['script/demo'], cwd=ROOT, capture_output=True, text=True, timeout=80,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'Dispatching' in done.stdout and 'connection refused' in done.stdout


@pytest.mark.parametrize('words, payload, settings, result', [
    ("payload['numbers']", {'numbers': [1, 2, 3]}, {}, {'sum': 6}),
    ("'words': len", {'text': 'one two three'}, {'mode': 'persistent'}, {'words': 3}),
    ('fetch(', {'url': 'data:,hello'}, {'mode': 'persistent', 'concurrency': 10}, {'status': 200}),
])
def test_the_handlers_of_the_manual_work_as_written(site, words, payload, settings, result):
    site.write('manual', block_with('doc/handlers.md', words))
    if settings:
        site.conf('manual', **settings)
    with site.worker() as worker:
        job = site.ended(site.enqueue('manual', payload))
        assert worker.stop() == 0
    assert job['result'] == result, job


def run_example(site, job_type, path):
    job_id = site.enqueue(job_type, {'path': str(path)}, '--max-attempts', 1)
    with site.worker('--handlers', ROOT / 'examples/handlers',
                     MILLHAND_CONFIG=ROOT / 'examples/millhand.conf') as worker:
        job = site.ended(job_id)
        assert worker.stop() == 0
    return job


def test_the_example_file_facts(site):
    site.file('three.txt').write_text('a\nb\nc\n')
    job = run_example(site, 'file-facts', site.file('three.txt'))
    assert (job['result']['bytes'], job['result']['lines']) == (6, 3)
    assert len(job['result']['sha256']) == 64


def test_the_example_word_count(site):
    site.file('some.py').write_text('# words\n\nvalue = 1\nvalue = 2\n')
    job = run_example(site, 'word-count', site.file('some.py'))
    assert job['result'] == {'language': 'Python', 'code': 2, 'comments': 1, 'blanks': 1,
                             'top': ['value', 'words']}


def test_the_example_todo_list(site):
    site.file('some.c').write_text('int a;\n/* TODO: b */\n')
    job = run_example(site, 'todo-list', site.file('some.c'))
    assert [entry['line'] for entry in job['result']['todo']] == [2]


@pytest.mark.parametrize('job_type', ['file-facts', 'word-count', 'todo-list'])
def test_the_examples_fail_for_good_where_there_is_no_file(site, job_type):
    assert run_example(site, job_type, '/no/such/file')['status'] == 'failed'


def test_the_example_flaky_always_fails(site):
    job = run_example(site, 'flaky', '')
    assert job['status'] == 'failed' and 'connection refused' in job['history'][0]['log']


def test_the_example_receiver_runs_what_is_signed(site):
    secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    conf = (ROOT / 'examples/http/millhand.conf').read_text()
    receiver = subprocess.Popen([ROOT / 'examples/http/receiver.py', '0'], text=True,
                                env={'WEBHOOK_SECRET': secret}, stdout=subprocess.PIPE)
    try:
        url = receiver.stdout.readline().split()[-1]
        site.config.write_text(conf.replace('http://127.0.0.1:8000/jobs', url))
        ids = [site.enqueue('word-count', {'text': 'one two three'}),
               site.enqueue('crawl', {'pages': ['a', 'b']})]
        with site.worker(MILLHAND_WEBHOOK_SECRET=secret) as worker:
            assert [site.ended(job_id)['result'] for job_id in ids] == [{'words': 3},
                                                                       {'crawled': 2}]
            assert worker.stop() == 0
        with site.worker(MILLHAND_WEBHOOK_SECRET=secret[:-1] + 'A'):
            assert site.ended(site.enqueue('crawl', {'pages': []}))['error'] == 'HTTP status 401'
    finally:
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()


def test_every_link_of_the_documents_leads_somewhere():
    for document in [*ROOT.glob('*.md'), *ROOT.glob('doc/*.md')]:
        for target in re.findall(r'\]\(([^)#]+)\)', document.read_text(encoding='utf-8')):
            if '://' not in target:
                assert (document.parent / target).exists(), f'{document.name}: {target}'


def test_the_env_example_is_the_one_the_program_makes(site):
    made = site.ok('config', '--example')
    assert made == (ROOT / '.env.example').read_text(encoding='utf-8')


def test_every_setting_and_key_the_documents_name_exists(site):
    known = {row['name'] for row in site.json('config')}
    named = set(re.findall(r'`([A-Z]+(?:_[A-Z]+)+)`', (ROOT / 'README.md').read_text()
                           + (ROOT / 'doc/handlers.md').read_text()))
    handed_to_handlers = {name for name in named if name.startswith('MILLHAND_')
                          and name not in known}
    assert named - known - handed_to_handlers == set()
    assert handed_to_handlers == {f'MILLHAND_{name}' for name in (
        'JOB_ID', 'TYPE', 'TENANT_ID', 'ATTEMPT', 'MAX_ATTEMPTS', 'CORRELATION_ID')}
