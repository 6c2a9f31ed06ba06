"""Under a service manager: what systemd is told, and the files that describe the service to it."""
import shutil
import socket
import subprocess

import pytest
from conftest import MILLHAND, ROOT


class Manager:
    """The end of the notification socket that systemd holds."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(15)

    def hear(self):
        return self.socket.recv(4096).decode()


@pytest.fixture
def manager(site):
    manager = Manager(site.path / 'notify')
    yield manager
    manager.socket.close()


def test_the_manager_hears_of_the_start_the_life_and_the_end(site, manager):
    site.sh('good', 'echo "\\"${NOTIFY_SOCKET-none}\\""\n')
    job_id = site.enqueue('good')
    with site.worker(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC='4000') as worker:
        assert manager.hear() == 'READY=1'
        assert manager.hear() == 'WATCHDOG=1'
        worker.wait_for('job completed')
        worker.signal()
        heard = {manager.hear()}
        while 'STOPPING=1' not in heard:
            heard.add(manager.hear())
        assert heard <= {'WATCHDOG=1', 'STOPPING=1'}
        assert worker.wait() == 0
    assert site.job(job_id)['result'] == 'none', 'a handler does not speak for its worker'


def test_a_manager_that_is_not_there_is_named_and_jobs_run_all_the_same(site):
    site.sh('good', 'echo 1\n')
    site.enqueue('good')
    with site.worker('--drain', NOTIFY_SOCKET='/nonexistent/notify') as worker:
        assert worker.wait() == 0
    assert 'NOTIFY_SOCKET' in worker.logged('the service manager is not told')[0]['error']
    assert worker.logged('job completed')


def test_systemd_understands_the_units(tmp_path):
    if shutil.which('systemd-analyze') is None:
        pytest.skip('no systemd-analyze')
    units = []
    for unit in (ROOT / 'deploy' / 'systemd').glob('*.service'):
        copy = tmp_path / unit.name  # with a program that is there
        copy.write_text(unit.read_text().replace('/usr/bin/millhand', MILLHAND))
        units.append(copy)
    assert units
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', *units], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, '')


def documents(path):
    yaml = pytest.importorskip('yaml')
    with path.open() as file:
        return list(yaml.safe_load_all(file))


def known_settings(site):
    names = {setting['name'] for setting in site.json('config')}
    return names | {f'{name}_FILE' for name in names}


def test_the_containers_are_given_settings_that_exist_and_no_rights(site):
    compose = documents(ROOT / 'docker-compose.yml')[0]
    ours = {
        name: service
        for name, service in compose['services'].items()
        if service['image'] == 'millhand'
    }
    assert {'migrate', 'worker'} <= set(ours)
    for service in ours.values():
        assert set(service['environment']) <= known_settings(site)
        assert service['read_only'] and service['cap_drop'] == ['ALL']
        assert set(service['secrets']) <= set(compose['secrets'])


def test_the_pods_are_given_settings_that_exist_and_no_rights(site):
    manifests = sorted((ROOT / 'deploy' / 'kubernetes').glob('*.yaml'))
    assert manifests
    for document in (one for path in manifests for one in documents(path)):
        pod = document['spec']['template']['spec']
        assert pod['securityContext']['runAsNonRoot']
        for container in pod['containers']:
            assert {one['name'] for one in container['env']} <= known_settings(site)
            assert container['securityContext']['readOnlyRootFilesystem']
            mounted = {one['name'] for one in container['volumeMounts']}
            assert mounted == {one['name'] for one in pod['volumes']}
