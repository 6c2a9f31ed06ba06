"""Drives a queue of a Python library: python python.py PEER PLACE VERB JOBS, prints JSON.

PEER is a module of peers/, which has
    CHUNK                          jobs of one bulk call
    opened(place)                  in whose context there is a queue
        set_up(), many(payloads), one(payload)
    working(place, handler, at_once)  in whose context handler(n), awaited, runs for each job: so
                                   many at once, or as is best for throughput where that is None
All but CHUNK is asynchronous. A package is imported from the working directory, where pip has put
it. The verbs are those of clients/drive.c.
"""

import asyncio
import importlib.util
import json
import os
import random
import sys
import time

AT_ONCE = 4
BATCH = 500
BACKLOG_MAX = 5000


def load(path):
    sys.path.insert(0, os.getcwd())
    spec = importlib.util.spec_from_file_location("peer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def payload(n):
    return {"to": "ada@example.org", "subject": "an ordinary payload", "n": n}


class Drive:
    def __init__(self, peer, place, queue, jobs):
        self.peer, self.place, self.queue, self.jobs = peer, place, queue, jobs
        self.done = 0

    async def fill(self):
        for at in range(0, self.jobs, self.peer.CHUNK):
            chunk = range(at, min(at + self.peer.CHUNK, self.jobs))
            await self.queue.many([payload(n) for n in chunk])

    async def timed(self, what):
        since = time.perf_counter()
        await what
        return {"rate": self.jobs / (time.perf_counter() - since)}

    async def bulk(self):
        return await self.timed(self.fill())

    async def single(self):
        numbers = iter(range(self.jobs))

        async def send():
            for n in numbers:
                await self.queue.one(payload(n))

        return await self.timed(asyncio.gather(*(send() for _ in range(AT_ONCE))))

    async def run(self, handler, at_once):
        """From the start of the worker until its last job was written as done."""
        finished = asyncio.Event()

        async def handle(_n):
            if handler is not None:
                await handler()
            self.done += 1
            if self.done == self.jobs:
                finished.set()

        async with self.peer.working(self.place, handle, at_once):
            await finished.wait()

    async def drain(self, handler=None, at_once=None):
        await self.fill()
        return await self.timed(self.run(handler, at_once))

    async def exec(self):
        async def run_true():
            await (await asyncio.create_subprocess_exec("/bin/true")).wait()

        return await self.drain(run_true, AT_ONCE)

    async def pickup(self):
        """From the call that dispatches a job to its handler, while the worker is idle."""
        begun, waits = asyncio.Queue(), []

        async def handle(_n):
            begun.put_nowait(time.perf_counter())

        async with self.peer.working(self.place, handle, 1):
            for n in range(self.jobs):
                await asyncio.sleep((3 + 4 * random.random()) / 1000)
                since = time.perf_counter()
                await self.queue.one(payload(n))
                waits.append((await begun.get() - since) * 1000)
        waits.sort()
        return {f"p{p}": waits[p * len(waits) // 100] for p in (50, 95, 99)}

    async def flow(self):
        """Dispatching and running at once; the first tenth warms up."""
        tenth = self.jobs // 10
        backlog = max(BATCH, min(tenth, BACKLOG_MAX))
        times = dict.fromkeys([tenth, 2 * tenth, self.jobs, self.jobs + tenth])
        sent = 0

        async def handle(_n):
            self.done += 1
            if self.done in times:
                times[self.done] = time.perf_counter()

        async with self.peer.working(self.place, handle, None):
            while self.done < self.jobs + tenth:
                if sent - self.done + BATCH <= backlog:
                    await self.queue.many([payload(sent + n) for n in range(BATCH)])
                    sent += BATCH
                else:
                    await asyncio.sleep(0.001)
        a, b, c, d = times.values()
        return {"share": (b - a) / (d - c)}

    async def work(self):
        """Says when the first job began and when all have ended; stays until its input ends."""

        async def handle(_n):
            self.done += 1
            for word, count in (("begun", 1), ("done", self.jobs)):
                if self.done == count:
                    print(word, flush=True)

        async with self.peer.working(self.place, handle, None):
            await asyncio.to_thread(sys.stdin.read)
        return {}


async def drive(path, place, verb, jobs):
    peer = load(path)
    if verb == "work":
        return await Drive(peer, place, None, jobs).work()
    async with peer.opened(place) as queue:
        await queue.set_up()
        drive = Drive(peer, place, queue, jobs)
        return await (drive.bulk if verb == "fill" else getattr(drive, verb))()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(drive(*sys.argv[1:4], int(sys.argv[4])))))
