"""/metrics of a worker and of serve; the page, the dashboard and the alerts that are about them."""
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Site, free_port, get, wait_until
from serve import Server

SOURCE = Path(__file__).resolve().parents[2]
LABELS = {'type', 'status', 'route', 'class', 'version', 'le'}

needs_promtool = pytest.mark.skipif(not shutil.which('promtool'), reason='there is no promtool')


@pytest.fixture(scope='module')
def exposed(tmp_path_factory):
    """What a worker and a server show once jobs have ended in every way, one of a type that nobody
    serves waits, and requests were answered."""
    site = Site(tmp_path_factory.mktemp('metrics'))
    site.sh('good', 'echo 1\n')
    site.sh('bad', 'exit 65\n')
    site.sh('again', 'exit 1\n')
    site.config.write_text(f'[handler.child]\nmode=persistent\ncommand={site.handlers}/child\n')
    site.write('child', '#!/bin/sh\nread line\n')
    port = free_port()
    env = {'HEALTH_CHECK_PORT': port, 'MONITOR_INTERVAL_MS': 100, 'MILLHAND_CONFIG': site.config}
    with Server(site) as server, site.worker(**env) as worker:
        for job_type in ('good', 'bad', 'again', 'child', 'unserved'):
            site.enqueue(job_type)
        worker.wait_for('store ready')

        def all_there():
            text = get(port, '/metrics')[2]
            samples = values(text)
            wanted = [
                'millhand_jobs_finished_total{type="good",status="completed"}',
                'millhand_jobs_finished_total{type="bad",status="failed"}',
                'millhand_jobs_finished_total{type="again",status="pending"}',
                'millhand_job_retries_total{type="again"}',
                'millhand_handler_restarts_total{type="child"}',
                'millhand_job_duration_seconds_count{type="good"}',
                'millhand_queue_jobs{status="failed"}',
            ]
            return text if all(samples.get(name, 0) >= 1 for name in wanted) else None

        shown = wait_until(all_there)
        server.ask('GET', '/v1/jobs')
        server.ask('GET', '/v1/jobs/0')
        return {'worker': shown, 'serve': server.ask('GET', '/metrics').text}


def values(text):
    """Each sample, by its name and labels."""
    lines = [line for line in text.splitlines() if not line.startswith('#')]
    return {name: float(value) for name, value in (line.rsplit(' ', 1) for line in lines)}


def described(text):
    """(name, kind, help) of each metric."""
    helps = dict(re.findall(r'^# HELP (\S+) (.+)$', text, re.M))
    return {
        (name, kind, helps[name]) for name, kind in re.findall(r'^# TYPE (\S+) (\S+)$', text, re.M)
    }


def names(exposed):
    """Every name that a query may use."""
    found = set()
    for name, kind, _ in described(exposed['worker']) | described(exposed['serve']):
        endings = ('_bucket', '_sum', '_count') if kind == 'histogram' else ('',)
        found |= {name + ending for ending in endings}
    return found


def promtool(*args, text=None):
    done = subprocess.run(
        ['promtool', *args], input=text, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize('process', ['worker', 'serve'])
def test_promtool_finds_nothing_wrong(exposed, process):
    promtool('check', 'metrics', text=exposed[process])


def test_serve_counts_requests_and_what_the_store_holds(exposed):
    samples = values(exposed['serve'])
    assert samples['millhand_http_requests_total{route="/v1/jobs",class="2xx"}'] == 1
    assert samples['millhand_http_requests_total{route="/v1/jobs/{id}",class="4xx"}'] == 1
    assert samples['millhand_queue_type_jobs{type="unserved",status="pending"}'] == 1
    assert samples['millhand_queue_type_workers{type="unserved"}'] == 0
    assert samples['millhand_queue_type_workers{type="good"}'] == 1
    assert samples['millhand_queue_jobs{status="completed"}'] == 1
    assert samples['millhand_healthy'] == 1 and samples['millhand_http_followers'] == 0


def test_no_label_grows_with_tenants_or_jobs(exposed):
    found = {
        label
        for text in exposed.values()
        for sample in values(text)
        for label in re.findall(r'(\w+)="', sample)
    }
    assert found == LABELS


def test_the_page_lists_each_metric_as_the_program_describes_it(exposed):
    page = (SOURCE / 'doc/metrics.md').read_text()
    rows = re.findall(r'^\| `(millhand_\w+)` \| (\w+) \| ([^|]*)\| (.+) \|$', page, re.M)
    assert {(name, kind, text) for name, kind, _, text in rows} == described(
        exposed['worker']
    ) | described(exposed['serve'])
    labels = {name: set(re.findall(r'\w+', given)) for name, _, given, _ in rows}
    for sample in values(exposed['worker'] + exposed['serve']):
        name = re.sub(r'(_bucket|_sum|_count)?(\{.*)?$', '', sample)
        assert set(re.findall(r'(\w+)="', sample)) - {'le'} == labels[name], sample


def expressions():
    """Those of the dashboard, its variables replaced."""
    dashboard = json.loads((SOURCE / 'doc/grafana-dashboard.json').read_text())
    for panel in dashboard['panels']:
        for target in panel.get('targets', []):
            yield re.sub(r'\$\w+', '5m', target['expr'])


def test_dashboard_and_alerts_ask_for_metrics_that_there_are(exposed):
    asked = ' '.join(expressions()) + (SOURCE / 'doc/alerts.yml').read_text()
    used = set(re.findall(r'\bmillhand_\w+', asked))
    assert len(used) > 20 and used <= names(exposed)


@needs_promtool
def test_the_expressions_of_the_dashboard_are_right(tmp_path):
    rules = [{'record': f'r{i}', 'expr': text} for i, text in enumerate(expressions())]
    file = tmp_path / 'rules.json'  # which is YAML too
    file.write_text(json.dumps({'groups': [{'name': 'dashboard', 'rules': rules}]}))
    promtool('check', 'rules', str(file))


@needs_promtool
def test_the_alerts_fire_when_they_should():
    promtool('check', 'rules', str(SOURCE / 'doc/alerts.yml'))
    promtool('test', 'rules', str(SOURCE / 'test/system/alerts_test.yml'))
