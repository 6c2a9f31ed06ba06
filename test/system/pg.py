"""A PostgreSQL server of the tests' own, and what may stand between it and a client."""
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import free_port, wait_until

KEY_DATA = b'K\x00\x00\x00\x0c'  # the message with the backend's number


def bin_dir():
    """Where initdb and pg_ctl are: not in the path, on Debian."""
    found = sorted(Path('/usr/lib/postgresql').glob('*/bin/initdb'))
    path = found[-1] if found else shutil.which('initdb')
    if path is None:
        pytest.skip('no PostgreSQL server: install postgresql')
    return Path(path).resolve().parent


class Server:
    """Listens on 127.0.0.1 and in its folder."""

    def __init__(self):
        self.bin = bin_dir()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix='millhand-pg-', dir='/tmp'))
        self.prefix = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and so does PgBouncer
            shutil.chown(self.folder, 'postgres')
            self.prefix = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups']
        self._run('initdb', '-D', self.folder / 'data', '-U', 'test', '-A', 'trust', '-E', 'UTF8',
                  '--locale=C.UTF-8', '--no-sync')
        self.start()

    def _run(self, program, *args):
        done = subprocess.run([*self.prefix, str(self.bin / program), *map(str, args)], check=False,
                              cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        options = (f'-c listen_addresses=127.0.0.1 -c port={self.port} -k {self.folder} '
                   '-c fsync=off -c max_connections=100 -c shared_buffers=64MB')
        self._run('pg_ctl', 'start', '-w', '-D', self.folder / 'data', '-l', self.folder / 'log',
                  '-o', options)

    def stop(self):
        self._run('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', self.folder / 'data')

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)

    def sql(self, text):
        """Runs SQL and returns the lines that came."""
        done = subprocess.run(
            [str(self.bin / 'psql'), '-XqAt', '-h', str(self.folder), '-p', str(self.port), '-U',
             'test', '-v', 'ON_ERROR_STOP=1', 'postgres', '-c', text],
            check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @contextmanager
    def session(self):
        """A function that runs SQL in one session and returns the last line that came."""
        process = subprocess.Popen(
            [str(self.bin / 'psql'), '-XqAt', '-h', str(self.folder), '-p', str(self.port), '-U',
             'test', '-v', 'ON_ERROR_STOP=1', 'postgres'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def run(text):
            print(f'{text};\n\\echo done', file=process.stdin, flush=True)
            lines = list(iter(process.stdout.readline, 'done\n'))
            return lines[-1].strip() if lines else None
        with process:
            yield run
            process.stdin.close()

    def encrypt(self):
        """Offers TLS from now on, as `localhost`; returns the certificate, which signs itself."""
        certificate, key = self.folder / 'server.crt', self.folder / 'server.key'
        subprocess.run([*self.prefix, 'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                        '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key,
                        '-out', certificate], check=True, capture_output=True)
        for name, value in (('ssl_cert_file', certificate), ('ssl_key_file', key), ('ssl', 'on')):
            self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql('SELECT pg_reload_conf()')
        return certificate

    def ask_password(self, user, password):
        """Makes a role that must give this password, where it comes by TCP."""
        self.sql(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}'")
        rules = self.folder / 'data' / 'pg_hba.conf'
        rules.write_text(f'host all {user} all scram-sha-256\n' + rules.read_text())
        self.sql('SELECT pg_reload_conf()')

    def url(self, port=None, host='127.0.0.1', **options):
        """A URL for its database; the password is not needed, and never to be seen."""
        words = ''.join(f'&{name}={value}' for name, value in options.items())
        return f'postgres://test:geheim@{host}:{port or self.port}/postgres?sslmode=disable{words}'


class Bouncer:
    """PgBouncer before a server, in a mode of its own."""

    def __init__(self, server, mode):
        program = shutil.which('pgbouncer', path='/usr/sbin:/usr/bin')
        if program is None:
            pytest.skip('no PgBouncer: install pgbouncer')
        self.port = free_port()
        settings = server.folder / f'pgbouncer-{self.port}.ini'
        settings.write_text(
            f'[databases]\npostgres = host={server.folder} port={server.port} user=test\n'
            f'[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n'
            f'unix_socket_dir =\nauth_type = any\npool_mode = {mode}\n')
        self.process = subprocess.Popen([*server.prefix, program, '-q', settings],
                                        stderr=subprocess.DEVNULL)

        def answers():
            assert self.process.poll() is None
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', self.port)) == 0
        wait_until(answers)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.process.terminate()
        self.process.wait()


class Proxy:
    """Forwards to a port until it is told to stop; `pooler` makes it look like one."""

    def __init__(self, port, pooler=False):
        self.target = port
        self.pooler = pooler
        self.frozen = threading.Event()
        self.pairs = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                client.close()
                continue
            pair = threading.Event()  # set: frozen
            self.pairs.append((client, server, pair))
            for source, sink, change in ((client, server, False), (server, client, self.pooler)):
                threading.Thread(target=self._pump, args=(source, sink, pair, change),
                                 daemon=True).start()

    @staticmethod
    def _pump(source, sink, frozen, change):
        try:
            while data := source.recv(65536):
                if frozen.is_set():
                    continue  # swallowed, and nobody is told
                if change and KEY_DATA in data:
                    at = data.index(KEY_DATA) + len(KEY_DATA)
                    data = data[:at] + b'\x00\x00\x00\x01' + data[at + 4:]
                    change = False
                sink.sendall(data)
        except OSError:
            pass
        if not frozen.is_set():
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    def freeze(self):
        """The connections there are stay open and carry nothing; new ones work."""
        for _client, _server, frozen in self.pairs:
            frozen.set()

    def close(self):
        self.listener.close()
        for pair in self.pairs:
            for end in pair[:2]:
                try:
                    end.shutdown(socket.SHUT_RDWR)  # closing alone would not end a recv
                except OSError:
                    pass
                end.close()
