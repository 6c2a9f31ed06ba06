"""Rates: beside the ceiling, under a held snapshot, with notifications, beside graphile-worker."""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from figures import Figure, ratio
from server import HERE, numbers


def ceiling(server, options):
    """Bulk dispatch by 1000, drain by 100, results and next claim in one commit, one connection."""
    database = server.fresh("ceiling")
    series = {(d, s): [] for d in ("engine", "ceiling") for s in ("fill", "drain")}
    for _ in range(options.rounds):
        for step, args in (("fill", (options.jobs, 1000, "bench")), ("drain", (100, "bench"))):
            for design in ("ceiling", "engine"):
                series[design, step].append(server.bench(database, design, step, *args))
        server.ask(database, "SELECT mh_upkeep()")
    server.drop(database)

    def of(design, step, what):
        return [one[what] for one in series[design, step]]

    wal = [a + b for a, b in zip(of("engine", "fill", "wal"), of("engine", "drain", "wal"))]
    figures = [
        ratio(
            "drain / ceiling", of("engine", "drain", "rate"), of("ceiling", "drain", "rate"), 0.45
        ),
        ratio(
            "bulk dispatch / ceiling",
            of("engine", "fill", "rate"),
            of("ceiling", "fill", "rate"),
            0.55,
        ),
        Figure("WAL of a job, tenant index", statistics.median(wal), " B", 1170, False, wal),
    ]
    for step in ("drain", "fill"):
        for design in ("engine", "ceiling"):
            for what, unit in (("rate", "/s"), ("cpu_us", " us")):
                values = of(design, step, what)
                name = f"{step}, {design}: {'jobs' if what == 'rate' else 'CPU of the server'}"
                figures.append(Figure(name, statistics.median(values), unit, rounds=values))
    return figures


def single(server, options):
    """Single dispatches by 4 connections at once, against commits of one-row inserts."""
    database = server.fresh("single")
    series = {"ceiling": [], "engine": []}
    for _ in range(options.rounds):
        for design, found in series.items():
            found.append(server.bench(database, design, "single", options.jobs // 10, "bench"))
    server.drop(database)
    rates = {design: [one["rate"] for one in found] for design, found in series.items()}
    figures = [ratio("single dispatch / one-row insert", rates["engine"], rates["ceiling"], 0.5)]
    for design in series:
        for what, unit in (("rate", "/s"), ("cpu_us", " us")):
            values = [one[what] for one in series[design]]
            name = f"single, {design}: {'jobs' if what == 'rate' else 'CPU of the server'}"
            figures.append(Figure(name, statistics.median(values), unit, rounds=values))
    return figures


def held(server, options):
    """The rate under a held snapshot against the rate without, in windows of 5 s by turns."""
    names = ("free", "held")
    flows, rates = {}, {name: [] for name in names}
    for name in names:
        server.fresh(f"flow_{name}")
        flows[name] = server.start(server.bench_command(f"flow_{name}", "engine", "flow", 100))
        tell(flows[name], "1")
    holder = server.start(server.psql_command("flow_held"))
    tell(holder, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'rate=', count(*) FROM pg_class;")
    for _ in range(max(5, options.seconds // 5)):
        for name in names:
            rates[name].append(tell(flows[name], "5")["rate"])
    for child in (*flows.values(), holder):
        child.stdin.close()
        child.wait()
    dead = server.ask(
        "flow_held", "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'ready'"
    )
    server.drop(*(f"flow_{name}" for name in names))
    part = max(1, len(rates["free"]) // 5)
    last = ratio("", rates["held"][-part:], rates["free"][-part:])
    return [
        ratio(
            f"held snapshot / free, {options.seconds} s each", rates["held"], rates["free"], 0.95
        ),
        Figure("the same, last fifth", last.value, rounds=last.rounds),
        Figure("dead rows of ready at the end", float(dead)),
    ]


def tell(child, line):
    child.stdin.write(line + "\n")
    child.stdin.flush()
    return numbers(child.stdout.readline())


def notify(server, options):
    """Single dispatches while a worker sleeps, so that each notifies, against none asleep."""
    database = server.fresh("notify")
    rates = {"on": [], "off": []}
    for _ in range(options.rounds):
        for name in ("off", "on"):
            sleeper = None
            if name == "on":
                sleeper = server.start(server.bench_command(database, "engine", "sleep"))
                sleeper.stdout.readline()
            rates[name].append(server.bench(database, "engine", "fill", 3000, 1, "bench")["rate"])
            if sleeper:
                sleeper.kill()
                sleeper.wait()
    server.drop(database)
    return [ratio("enqueue, notifications on / off", rates["on"], rates["off"], 0.90)]


def graphile(server, options):
    """Draining jobs that do nothing, against graphile-worker; its packages go to a cache."""
    folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    folder = folder / "millhand-bench/graphile"
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("graphile: skipped, there is no npm", file=sys.stderr)
        return []
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "graphile/package.json", folder)
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(install, cwd=folder).returncode != 0:
        print("graphile: skipped, its packages cannot be installed", file=sys.stderr)
        return []

    def peer(database, *args):
        command = ["node", HERE / "graphile/peer.mjs", server.url(database), *map(str, args)]
        out = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
        return numbers(out.stdout)

    server.create("peer")
    server.fresh("beside")
    ours, theirs = [], []
    for _ in range(options.rounds):
        peer("peer", "fill", options.jobs)
        theirs.append(peer("peer", "drain", options.jobs)["rate"])
        server.bench("beside", "engine", "fill", options.jobs, 1000, "bench")
        ours.append(server.bench("beside", "engine", "drain", 100, "bench")["rate"])
    server.drop("peer", "beside")
    return [
        ratio("drain / graphile-worker's", ours, theirs, 2.0),
        Figure("graphile-worker: jobs", statistics.median(theirs), "/s", rounds=theirs),
    ]
