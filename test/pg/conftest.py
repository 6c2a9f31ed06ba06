"""A private PostgreSQL server for these tests, and psql to talk to it.

The server is started once a run in a directory of its own under /tmp (as the user postgres where
the tests are run by root, who may not run one), listens on a socket there, and goes with the run.
Each test has its own database, copied from one that is migrated, with the roles.
"""

import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

MIGRATIONS = pathlib.Path(__file__).parents[2] / "src/store/postgres/migrations"
DEFAULT_TENANT = "00000000-0000-0000-0000-000000000000"
DEADLINE_S = 20


def pytest_configure():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server is stopped


def bin_dir():
    """Where initdb and pg_ctl are: not in the path, on Debian."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    if initdb is None:
        pytest.skip("there is no PostgreSQL server to start")
    return pathlib.Path(initdb).parent


class Server:
    def __init__(self):
        self.bin = bin_dir()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="millhand-pg-", dir="/tmp"))
        self.prefix = []
        if os.geteuid() == 0:
            os.chown(self.dir, pwd.getpwnam("postgres").pw_uid, -1)
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self.run(
            "initdb",
            "-D",
            self.dir / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.dir} -c fsync=off "
            "-c max_connections=100 -c shared_buffers=256MB -c deadlock_timeout=200ms"
        )
        self.run(
            "pg_ctl", "-D", self.dir / "data", "-l", self.dir / "log", "-o", options, "-w", "start"
        )

    def run(self, program, *args):
        subprocess.run(
            self.prefix + [str(self.bin / program), *map(str, args)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/tmp",
        )

    def stop(self):
        self.run("pg_ctl", "-D", self.dir / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.dir)

    def psql(self, database, *args, user="postgres", check=True):
        """Runs psql to its end and gives what it printed."""
        done = subprocess.run(
            [
                "psql",
                "-X",
                "-q",
                "-At",
                "-h",
                str(self.dir),
                "-U",
                user,
                "-d",
                database,
                "-v",
                "ON_ERROR_STOP=1",
                *map(str, args),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if check and done.returncode != 0:
            raise SqlError("", done.stderr)
        return done

    def migrate(self, database, schema="millhand", folder=None, user="postgres"):
        """Every migration, or what is in one folder."""
        if folder is None:
            for found in sorted(MIGRATIONS.glob("0*")):
                self.migrate(database, schema, found.name, user)
            return
        files = sorted((MIGRATIONS / folder).glob("*.sql"))
        assert files
        self.psql(
            database,
            "-1",
            "-v",
            f"schema={schema}",
            "-c",
            "SET client_min_messages = warning",
            *itertools.chain.from_iterable(("-f", f) for f in files),
            user=user,
        )

    def create(self, name, template="template0"):
        self.psql("postgres", "-c", f"CREATE DATABASE {name} TEMPLATE {template}")


class SqlError(Exception):
    def __init__(self, state, text):
        super().__init__(f"{state} {text}")
        self.state = state
        self.text = text


class Psql:
    """One session. ask() gives rows of strings, None for null."""

    END = "--- that was all ---"
    NULL = "\x01"

    def __init__(
        self, server, database, schema="millhand", role=None, claims=None, user="postgres"
    ):
        self.child = subprocess.Popen(
            [
                "psql",
                "-X",
                "-q",
                "-At",
                "-F",
                "\x1f",
                "-P",
                f"null={self.NULL}",
                "-h",
                str(server.dir),
                "-U",
                user,
                "-d",
                database,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.ask(r"\set VERBOSITY verbose")
        self.ask(
            f'SET search_path = "{schema}"; SET client_min_messages = error;'
            f" SET lock_timeout = '{DEADLINE_S}s'"
        )
        if role:
            self.ask(f"SET ROLE {role}")
        if claims is not None:
            self.claim(claims)

    def claim(self, claims):
        self.ask("SELECT set_config('request.jwt.claims', $q$%s$q$, false)" % claims)

    def send(self, sql):
        self.child.stdin.write(f"{sql}\n;\n\\echo {self.END}\n")
        self.child.stdin.flush()

    def receive(self):
        rows, error = [], None
        for line in self.child.stdout:
            line = line.rstrip("\n")
            if line == self.END:
                if error:
                    raise error
                return rows
            if "ERROR:  " in line or "FATAL:  " in line:
                state, _, text = line.split(":  ", 1)[1].partition(": ")
                error = error or SqlError(state, text)
            elif error is None:
                rows.append([None if f == self.NULL else f for f in line.split("\x1f")])
        raise error or SqlError("", "the session is gone")

    def ask(self, sql):
        self.send(sql)
        return self.receive()

    def one(self, sql):
        """The only field of the only row; None where there is no row."""
        rows = self.ask(sql)
        assert len(rows) <= 1, rows
        return rows[0][0] if rows else None

    def fails(self, sql):
        """The SQLSTATE of the error that this must be."""
        try:
            rows = self.ask(sql)
        except SqlError as error:
            return error.state
        raise AssertionError(f"no error but {rows}: {sql}")

    def kill(self):
        self.child.kill()
        self.child.wait()

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.sessions = []

    def connect(self, **options):
        session = Psql(self.server, self.name, **options)
        self.sessions.append(session)
        return session

    def close_all(self):
        for session in self.sessions:
            session.close()
        self.sessions = []


def wait_until(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def server():
    it = Server()
    yield it
    it.stop()


@pytest.fixture(scope="session")
def template(server):
    server.create("migrated")
    # What Supabase has before anybody migrates.
    server.psql(
        "migrated", "-c", "CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE service_role"
    )
    server.migrate("migrated")
    server.migrate("migrated", folder="optional/roles")
    return "migrated"


@pytest.fixture(scope="session")
def shared(server, template):
    server.create("shared", template)
    it = Database(server, "shared")
    it.cleaner = Psql(server, "shared")
    yield it
    it.cleaner.close()


TABLES = (
    "job, open_key, progress, lane, type, ready, scheduled, worker, lease, done, attempt,"
    " uncounted, tally, schedule, gate, event"
)


@pytest.fixture
def db(shared):
    """A migrated database, empty but for the default tenant."""
    shared.cleaner.ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = 'shared' AND pid <> pg_backend_pid()"
    )
    shared.cleaner.ask(f"TRUNCATE {TABLES} RESTART IDENTITY")
    shared.cleaner.ask("UPDATE counted SET upto = 0")
    shared.cleaner.ask("ALTER SEQUENCE pos RESTART; ALTER SEQUENCE followed RESTART")
    shared.cleaner.ask(f"DELETE FROM tenants WHERE id <> '{DEFAULT_TENANT}'")
    yield shared
    shared.close_all()


@pytest.fixture
def sql(db):
    """A session of the owner's."""
    return db.connect()
