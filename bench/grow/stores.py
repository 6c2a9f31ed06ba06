"""Stores to grow: one of each kind, private, which go when they are left."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import uuid

TICKS = os.sysconf("SC_CLK_TCK")


class Store:
    """`url` is what millhand is told."""

    def client(self, *args):
        """What the client printed, with the server's part of the processor time added."""
        before = self.server_cpu_s()
        command = [self.options.client, self.url, *map(str, args)]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = self.options.loads(out)
        found["cpu_us"] += (self.server_cpu_s() - before) * 1e6 / found["jobs"]
        return found

    def migrate(self):
        command = [self.options.millhand, "--db", self.url, "migrate"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def add_tenants(self, count):
        """A file with their ids."""
        ids = [uuid.uuid4() for _ in range(count)]
        path = self.options.folder / f"tenants-{self.kind}"
        path.write_text("".join(f"{one}\n" for one in ids))
        self.insert_tenants(ids, path)
        return path


class File(Store):
    kind = "sqlite"

    def __init__(self, options, name):
        self.options = options
        self.path = options.folder / f"{name}.db"
        self.url = f"sqlite:{self.path}"
        self.migrate()

    @staticmethod
    def server_cpu_s():
        return 0

    def insert_tenants(self, ids, _path):
        rows = [(one.bytes, str(one)) for one in ids]
        with contextlib.closing(sqlite3.connect(self.path)) as file, file:
            file.executemany("INSERT INTO tenant VALUES (NULL, ?, ?, 0, 0)", rows)

    def drop(self):
        for path in self.options.folder.glob(f"{self.path.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class Database(Store):
    kind = "postgres"

    def __init__(self, options, name):
        self.options, self.name = options, f"grow_{name}"
        self.server = options.server
        self.server.create(self.name)
        self.url = self.server.url(self.name)
        self.migrate()

    def server_cpu_s(self):
        """Of the server and of all that it has ended and waited for."""
        postmaster = int((self.server.dir / "data/postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        return cpu_s(postmaster, 2, 4) + sum(cpu_s(int(pid), 2) for pid in children.split())

    def insert_tenants(self, _ids, path):
        copy = f"\\copy ids FROM '{path}'"
        insert = "INSERT INTO millhand.tenants (id, name) SELECT id, id::text FROM ids"
        make = "CREATE TEMP TABLE ids (id uuid)"
        self.server.psql(self.name, "-c", make, "-c", copy, "-c", insert)

    def drop(self):
        self.server.drop(self.name)


def cpu_s(pid, *pairs):
    """Utime and stime lie two behind `11`, those of ended children two further on."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:  # ended meanwhile
        return 0
    return sum(int(fields[9 + at]) + int(fields[10 + at]) for at in pairs) / TICKS


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="millhand-grow-", dir="/tmp"))
    path.chmod(0o755)  # psql reads the tenants from it
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
