"""A private PostgreSQL server for the measurements, and the bench client where it is asked for."""

import functools
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
MIGRATIONS = HERE.parents[1] / "src/store/postgres/migrations"
SETTINGS = "-c listen_addresses='' -c jit=off -c shared_buffers=2GB -c max_wal_size=8GB"


class Server:
    """Lives in a folder under `place`, as the user postgres where run by root, until stop()."""

    def __init__(self, *settings, place="/tmp"):
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="millhand-bench-", dir=place))
        self.dir.chmod(0o755)
        self.prefix = []
        if os.geteuid() == 0:
            os.chown(self.dir, pwd.getpwnam("postgres").pw_uid, -1)
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        data = ["-D", self.dir / "data"]
        self.run("initdb", *data, *"-U postgres -A trust -E UTF8 --locale=C".split())
        more = "".join(f" -c {setting}" for setting in settings)
        options = f"{SETTINGS} -c unix_socket_directories={self.dir}{more}"
        self.run("pg_ctl", *data, "-l", self.dir / "log", "-w", "-o", options, "start")

    @functools.cached_property
    def client(self):
        program = self.dir / "bench"
        flags = "-O2 -std=c17 -Wall -Wextra -I/usr/include/postgresql".split()
        sources = [HERE / "bench.c", HERE / "client.c"]
        subprocess.run(["cc", *flags, "-o", program, *sources, "-lpq"], check=True)
        return program

    def run(self, program, *args):
        command = self.prefix + [str(self.bin / program), *map(str, args)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")

    def stop(self):
        self.run("pg_ctl", "-D", self.dir / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.dir)

    def url(self, database):
        return f"postgres://postgres@/{database}?host={self.dir}"

    def psql_command(self, database, *args):
        return ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.url(database), *map(str, args)]

    def psql(self, database, *args):
        done = subprocess.run(
            self.psql_command(database, *args), check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def ask(self, database, sql):
        return self.psql(database, "-c", "SET search_path = millhand", "-c", sql).strip()

    def create(self, database):
        self.psql("postgres", "-c", f"CREATE DATABASE {database} TEMPLATE template0")

    def fresh(self, database):
        """A migrated database with the ceiling beside it."""
        self.create(database)
        for migration in sorted(MIGRATIONS.glob("0*")):
            files = [a for f in sorted(migration.glob("*.sql")) for a in ("-f", f)]
            self.psql(database, "-1", "-v", "schema=millhand", *files)
        for design in ("engine", "ceiling"):
            self.bench(database, design, "init")
        return database

    def drop(self, *databases):
        for database in databases:
            self.psql("postgres", "-c", f"DROP DATABASE {database} WITH (FORCE)")

    def bench_command(self, database, *args):
        conninfo = f"{self.url(database)}&options=-csearch_path%3Dmillhand"
        return [str(self.client), conninfo, *map(str, args)]

    def bench(self, database, *args):
        """What the client printed last, by name."""
        command = self.bench_command(database, *args)
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return numbers(out.strip().split("\n")[-1])

    def start(self, command):
        """A process to talk to by lines."""
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )


def numbers(line):
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", line)}
