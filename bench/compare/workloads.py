"""What is compared: the workloads, their figures, and millhand's side of them."""

import contextlib
import dataclasses
import json
import subprocess
import sys

import packages
import peers
import places

LEAST = 1000  # jobs that `millhand bench` accepts


@dataclasses.dataclass(frozen=True)
class Figure:
    """`key` is what a peer's driver calls it; `title` and `name` what `millhand bench` does, where
    "A/B" is the ratio of two. Of a figure that is a time or a memory less is better."""

    label: str
    key: str
    title: str
    name: str = None
    unit: str = "jobs/s"
    child: str = None  # ours with a persistent child in this language, not with C functions

    def better(self, ours, theirs):
        """How many times millhand is better."""
        return theirs / ours if self.unit in ("ms", "MB") else ours / theirs

    def of_ours(self, lines):
        medians = {line["figure"]: line["median"] for line in lines if line["title"] == self.title}
        if self.name is None or "/" not in self.name:
            return medians[self.name]
        of, to = self.name.split("/")
        return medians[of] / medians[to]


@dataclasses.dataclass(frozen=True)
class Workload:
    """Of the jobs asked for it has one in `share`, but at least `least`."""

    name: str
    figures: tuple
    measure: callable
    share: float = 1
    least: int = 1

    def jobs(self, asked):
        return max(int(asked / self.share), self.least)


TENTHS = "last tenth/first tenth"
PERSISTENT = "drain, a persistent child"
PICKUP = "pick-up, idle"
COST = "cost"

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "W1",
            (Figure("bulk dispatch", "rate", "bulk dispatch, 1,000 a transaction"),),
            peers.by_verb("bulk"),
        ),
        Workload(
            "W2",
            (Figure("single dispatch, 4 under way", "rate", "single dispatch, 4 under way"),),
            peers.by_verb("single"),
            10,
        ),
        Workload(
            "W3",
            (
                Figure("drain, C functions", "rate", "drain, C functions"),
                Figure("drain, a Node child", "rate", PERSISTENT, child="node"),
                Figure("drain, a Python child", "rate", PERSISTENT, child="python"),
            ),
            peers.by_verb("drain"),
        ),
        Workload(
            "W4",
            tuple(Figure(f"pick-up, {p}", p, PICKUP, p, "ms") for p in ("p50", "p95", "p99")),
            peers.by_verb("pickup"),
            250,
            20,
        ),
        Workload(
            "W5",
            (Figure("one-shot /bin/true", "rate", "one-shot /bin/true, 4 at once"),),
            peers.by_verb("exec"),
            50,
            40,
        ),
        Workload(
            "W6",
            (Figure("held snapshot, last/first", "share", "flow, held snapshot", TENTHS, "share"),),
            peers.held_flow,
            0.2,
            5000,
        ),
        Workload(
            "W7",
            (
                Figure("worker, idle", "idle", COST, "worker's memory, idle", "MB"),
                Figure("worker, loaded", "loaded", COST, "worker's memory, loaded", "MB"),
            ),
            peers.memory,
            5,
            1000,
        ),
        Workload(
            "W8",
            (Figure("start to first job", "ms", "start to first claim", unit="ms"),),
            peers.start,
        ),
    )
}

# What must hold (issue 7), as how many times better.
TARGETS = {
    ("graphile-worker", "bulk dispatch"): 3,
    ("pgmq", "bulk dispatch"): 1,
    ("plainjob", "bulk dispatch"): 1,
    ("graphile-worker", "single dispatch, 4 under way"): 5,
    ("pgmq", "single dispatch, 4 under way"): 1,
    ("graphile-worker", "drain, C functions"): 3,
    ("pgmq", "drain, C functions"): 1.2,
    ("plainjob", "drain, C functions"): 8,
    ("graphile-worker", "drain, a Node child"): 1,
    ("procrastinate", "drain, a Python child"): 20,
    ("graphile-worker", "pick-up, p99"): 2,
}


# --- millhand's side, once


@contextlib.contextmanager
def store(options, kind):
    if kind == "postgres":
        yield options.postgres.url("postgres")
        return
    with places.file(options) as path:
        yield f"sqlite:{path}"


def bench(options, url, workload, *more):
    asked = max(options.jobs, workload.jobs(options.jobs), LEAST)
    command = [options.millhand, "--json", "--db", url, "bench", "--rounds", "1", "--alone"]
    command += ["--only", workload.name, "--jobs", str(asked), *more]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def child_command(language):
    if language == "python":
        return f"{sys.executable} {packages.HERE / 'child.py'}"
    return f"{packages.node()} {packages.HERE / 'child.mjs'}"


def with_child(options, url, workload, language):
    """Nothing where there is no Node for it."""
    try:
        return bench(options, url, workload, "--child", child_command(language))
    except packages.Skip:
        return []


def ours(options, kind, workload):
    """millhand's values by label, of one round."""
    lines = {}
    with store(options, kind) as url:
        for language in {figure.child for figure in workload.figures}:
            if language is None:
                lines[language] = bench(options, url, workload)
            else:
                lines[language] = with_child(options, url, workload, language)
    return {
        figure.label: figure.of_ours(lines[figure.child])
        for figure in workload.figures
        if lines[figure.child]
    }
