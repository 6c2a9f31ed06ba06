"""The other queues: what each needs, and how it is measured once."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys
import time

import packages
import places

TIMEOUT_S = 600
SETTLES_S = 2  # an idle worker, before its memory is looked at

NO_SNAPSHOT = "it has no snapshots"


@dataclasses.dataclass(frozen=True)
class Peer:
    """`store` is the one of millhand's that it stands beside."""

    name: str
    place: callable
    store: str = "postgres"
    packages: dict = None  # of npm, with a module in peers/ …
    native: str = None  # the one of them that has to be compiled
    wheels: dict = None  # … or of pip; else clients/NAME.c …
    libraries: tuple = ()  # … with these
    held: callable = None  # holds a snapshot of its place
    without: dict = dataclasses.field(default_factory=dict)  # workload: why
    few: dict = dataclasses.field(default_factory=dict)  # workload: the most jobs, where it is slow
    note: str = None

    def driver(self):
        """The command that drives it, and the folder to run it in."""
        if self.wheels is not None:
            folder = packages.install_python(self.name, self.wheels)
            module = packages.HERE / "peers" / f"{self.name}.py"
            return [sys.executable, packages.HERE / "python.py", module], folder
        if self.packages is None:
            return [packages.compile_client(self.name, self.libraries)], "/tmp"
        module = packages.HERE / "peers" / f"{self.name}.mjs"
        folder = packages.install(self.name, self.packages, self.native)
        return [packages.node(), packages.HERE / "node.mjs", module], folder


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "graphile-worker",
            places.database,
            packages={"graphile-worker": "0.18.0"},
            held=places.held_database,
        ),
        Peer(
            "pg-boss",
            places.database,
            packages={"pg-boss": "12.38.0"},
            held=places.held_database,
        ),
        Peer(
            "procrastinate",
            places.database,
            wheels={"procrastinate": "3.9.0", "psycopg[binary]": "3.2.13"},
            held=places.held_database,
            few={"W3": 2000, "W6": 5000},
        ),
        Peer(
            "pgmq",
            places.pgmq_database,
            libraries=("-lpq",),
            held=places.held_database,
            note="keeps no state of a job",
        ),
        Peer(
            "bullmq",
            places.redis,
            packages={"bullmq": "6.7.0", "ioredis": "5.8.2"},
            without={"W6": NO_SNAPSHOT},
            note="redis writes each change to disk",
        ),
        Peer(
            "beanstalkd",
            places.beanstalkd,
            without={"W6": NO_SNAPSHOT},
            note="writes each change to disk",
        ),
        Peer(
            "gearmand",
            places.gearmand,
            libraries=("-lgearman",),
            without={"W6": NO_SNAPSHOT},
            note="keeps its jobs in memory alone",
        ),
        Peer(
            "plainjob",
            places.file,
            store="sqlite",
            packages={"plainjob": "0.0.14", "better-sqlite3": "12.4.1"},
            native="better-sqlite3",
            held=places.held_file,
            few={"W4": 20, "W6": 20000},
            note="polls once a second",
        ),
    )
}


class Driver:
    """A peer that can be measured here."""

    def __init__(self, peer, options):
        self.peer, self.options = peer, options
        self.command, self.folder = peer.driver()
        with peer.place(options):  # or it says why not
            pass

    def start(self, url, verb, jobs):
        return subprocess.Popen(
            [*map(str, self.command), url, verb, str(jobs)],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def drive(self, url, verb, jobs):
        """What it printed last, which are numbers by name."""
        with self.start(url, verb, jobs) as process:
            with stopping(process):
                out, _ = process.communicate(timeout=TIMEOUT_S)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, verb)
        return json.loads(out.split("\n")[-2])

    def measure(self, workload, jobs):
        most = self.peer.few.get(workload.name, jobs)
        return workload.measure(self, min(jobs, most))


@contextlib.contextmanager
def stopping(process):
    """It goes, whatever happens."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


# --- a workload of a peer, once


def by_verb(verb):
    def measure(driver, jobs):
        with driver.peer.place(driver.options) as url:
            return driver.drive(url, verb, jobs)

    return measure


def held_flow(driver, jobs):
    with driver.peer.place(driver.options) as url:
        driver.drive(url, "fill", 0)
        with driver.peer.held(driver.options, url):
            return driver.drive(url, "flow", jobs)


def hear(process, word):
    for line in process.stdout:
        if line.strip() == word:
            return
    raise subprocess.SubprocessError(f"it never said {word}")


@contextlib.contextmanager
def working(driver, url, jobs):
    """A worker by itself that has begun its first job, which waited for it."""
    driver.drive(url, "fill", 1)
    since = time.monotonic()
    with driver.start(url, "work", jobs) as process, stopping(process):
        hear(process, "begun")
        yield process, (time.monotonic() - since) * 1000
        process.stdin.close()
        process.wait(timeout=TIMEOUT_S)


def start(driver, _jobs):
    with driver.peer.place(driver.options) as url, working(driver, url, 1) as (_, ms):
        return {"ms": ms}


def pss_mb(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.split("\n") if line[:4] == "Pss:") / 1024


def memory(driver, jobs):
    with driver.peer.place(driver.options) as url:
        with working(driver, url, jobs + 1) as (process, _):
            time.sleep(SETTLES_S)
            idle = pss_mb(process.pid)
            driver.drive(url, "fill", jobs)
            hear(process, "done")
            return {"idle": idle, "loaded": pss_mb(process.pid)}
