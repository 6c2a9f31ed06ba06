"""Where a peer keeps its jobs: each place is empty when it is made, private, and goes when it is
left. `url` is what the driver is told."""

import contextlib
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

from packages import Skip

STARTS_S = 10
REDIS = "--port 0 --dir {dir} --unixsocket {dir}/socket --appendonly yes --appendfsync always"


def program(name):
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin")
    if path is None:
        raise Skip(f"there is no {name}")
    return path


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="millhand-compare-", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def answers(family, address):
    with contextlib.suppress(OSError), socket.socket(family) as tried:
        tried.connect(address)
        return True
    return False


@contextlib.contextmanager
def daemon(command, *where):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTS_S
        while not answers(*where) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if not answers(*where):
            raise Skip(f"{command[0]} does not start")
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def redis(_options):
    """Each write on disk before its answer."""
    with folder() as path:
        command = [program("redis-server"), *REDIS.format(dir=path).split(), "--save", ""]
        where = str(path / "socket")
        with daemon(command, socket.AF_UNIX, where):
            yield where


@contextlib.contextmanager
def beanstalkd(_options):
    """Each write on disk before its answer."""
    with folder() as path:
        where = str(path / "socket")
        command = [program("beanstalkd"), "-l", f"unix:{where}", "-b", str(path), "-f", "0"]
        with daemon(command, socket.AF_UNIX, where):
            yield where


@contextlib.contextmanager
def gearmand(_options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program("gearmand"), "-L", "127.0.0.1", "-p", str(port), "-l", "stderr"]
    with daemon(command, socket.AF_INET, ("127.0.0.1", port)):
        yield str(port)


@contextlib.contextmanager
def database(options):
    options.postgres.create("peer")
    try:
        yield options.postgres.url("peer")
    finally:
        options.postgres.drop("peer")


@contextlib.contextmanager
def pgmq_database(options):
    if options.pgmq is None:
        raise Skip("it is in no registry: say where its SQL is with --pgmq FILE")
    with database(options) as url:
        make = ("-o", "/dev/null", "-f", options.pgmq, "-c", "SELECT pgmq.create('noop')")
        options.postgres.psql("peer", *make)
        yield url


@contextlib.contextmanager
def file(_options):
    with folder() as path:
        yield str(path / "jobs.db")


@contextlib.contextmanager
def held_database(options, _url):
    """Somebody reads an old state of it meanwhile, and does not end."""
    holder = options.postgres.start(options.postgres.psql_command("peer"))
    with holder:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;"
        print(begin, file=holder.stdin, flush=True)
        holder.stdout.readline()
        yield
        holder.stdin.close()


@contextlib.contextmanager
def held_file(_options, url):
    with contextlib.closing(sqlite3.connect(url, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode = wal")
        holder.execute("BEGIN")
        holder.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        yield
