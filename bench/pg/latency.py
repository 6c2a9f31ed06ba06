"""Times: of a claim behind other types, of a late commit, of waking up, of a page."""

import re
import statistics

from figures import Figure, ratio

TENANT = "'00000000-0000-4000-8000-000000000007'"
PAGES = {
    "all": "NULL, NULL, NULL",
    "pending": "'0', NULL, NULL",
    "processing": "'1', NULL, NULL",
    "completed": "'2', NULL, NULL",
    "failed": "'3', NULL, NULL",
    "cancelled": "'4', NULL, NULL",
    "type": "NULL, 'bench', NULL",
    "rare type": "NULL, 'rare', NULL",
    "tenant": f"NULL, NULL, {TENANT}",
    "tenant, pending": f"'0', NULL, {TENANT}",
    "tenant, processing": f"'1', NULL, {TENANT}",
    "tenant, completed": f"'2', NULL, {TENANT}",
    "tenant, failed": f"'3', NULL, {TENANT}",
    "tenant, cancelled": f"'4', NULL, {TENANT}",
    "tenant, type": f"NULL, 'bench', {TENANT}",
}


def behind(server, options):
    """Claim and finish of one job of the wanted type, alone and behind 500,000 of another."""
    server.fresh("alone")
    server.fresh("behind")
    server.bench("behind", "engine", "fill", 500000, 1000, "other")
    times = {"alone": [], "behind": []}
    for _ in range(options.rounds):
        for name in times:
            server.bench(name, "engine", "fill", 300, 1, "wanted")
            times[name].append(server.bench(name, "engine", "drain", 1, "wanted")["p50_us"])
    server.drop("alone", "behind")
    return [
        ratio("one type alone / behind 500,000 of another", times["alone"], times["behind"], 0.8),
        Figure("claim and finish of one, behind", statistics.median(times["behind"]), " us"),
    ]


def late(server, options):
    """From the late commit of a job that all others overtook to its claim, on a saturated queue."""
    database = server.fresh("late")
    found = server.bench(database, "engine", "late", max(10, options.rounds))
    server.drop(database)
    return [
        Figure("late commit to claim, median", found["p50_ms"], " ms"),
        Figure("late commit to claim, longest", found["max_ms"], " ms", 500, False),
    ]


def pickup(server, options):
    """From the start of a dispatch to the answer of the claim by a worker that slept, by turns with
    a row that is inserted with a notification and deleted, each commit flushed, and with one flush
    of a page; the claim's is flushed once its job has begun. 200 a round; what counts is the median
    of the rounds."""
    database = server.fresh("pickup")
    rounds = [server.bench(database, "engine", "pickup", 200) for _ in range(options.rounds)]
    server.drop(database)

    def of(name):
        return [found[name] for found in rounds]

    def figure(title, name, *must):
        return Figure(title, statistics.median(of(name)), " ms", *must, rounds=of(name))

    return [
        figure("idle pick-up, median", "p50_ms"),
        figure("idle pick-up, p99", "p99_ms", 5, False),
        figure("from the dispatch's answer on, median", "woken_p50_ms"),
        figure("from the dispatch's answer on, p99", "woken_p99_ms"),
        figure("floor of pick-up, median", "floor_p50_ms"),
        figure("floor of pick-up, p99", "floor_p99_ms"),
        figure("one flush, median", "flush_p50_ms"),
        figure("one flush, p99", "flush_p99_ms"),
        ratio("idle pick-up / floor, median", of("p50_ms"), of("floor_p50_ms")),
        ratio("idle pick-up / floor, p99", of("p99_ms"), of("floor_p99_ms")),
    ]


def pages(server, options):
    """A page of 50 of each listing among a million jobs, bodies and all; the slowest counts."""
    database = server.fresh("pages")
    server.bench(database, "engine", "fill", 100, 1, "rare")
    server.bench(database, "engine", "fill", 1000000, 1000, "bench")
    server.bench(database, "engine", "drain", 500, "bench", 20)
    acted = f"ARRAY(SELECT id FROM job WHERE tenant_id = {TENANT} ORDER BY seq DESC LIMIT 100)"
    server.ask(database, f"SELECT count(*) FROM mh_act(0::smallint, {acted})")
    server.ask(
        database,
        "SELECT count(mh_finish(ARRAY[c.lease], ARRAY[c.seq], '{2}', NULL, '{no}', NULL, NULL))"
        " FROM (SELECT max(lease) OVER () AS lease, seq FROM"
        " mh_claim(mh_join('w', 60000, NULL), 200, NULL, NULL)) c WHERE seq % 2 = 0",
    )
    server.ask(database, "VACUUM ANALYZE")
    figures = []
    for name, filter in PAGES.items():
        call = f"SELECT count(*) FROM mh_list({filter}, NULL, NULL, 50, true)"
        setting = "SET search_path = millhand; SET plan_cache_mode = force_generic_plan"
        calls = [a for _ in range(options.rounds) for a in ("-c", call)]
        out = server.psql(database, "-c", setting, "-c", call, "-c", "\\timing on", *calls)
        times = [float(t) for t in re.findall(r"Time: ([\d.]+)", out)]
        figures.append(Figure(f"page: {name}", statistics.median(times), " ms", 20, False, times))
    server.drop(database)
    return figures
