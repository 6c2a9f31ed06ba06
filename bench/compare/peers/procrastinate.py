"""Procrastinate, with the speedups of psycopg and as many asynchronous jobs at once as its
documentation gives as an example."""

import asyncio
import contextlib

import procrastinate

CHUNK = 1000
AT_ONCE = 30


class Queue:
    def __init__(self, app, task):
        self.app, self.task = app, task

    async def set_up(self):
        if not await self.app.check_connection_async():
            await self.app.schema_manager.apply_schema_async()

    async def many(self, payloads):
        await self.task.batch_defer_async(*payloads)

    async def one(self, payload):
        await self.task.defer_async(**payload)


def application(place, handler):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=place))

    @app.task(name="noop")
    async def noop(to, subject, n):
        await handler(n)

    return app, noop


@contextlib.asynccontextmanager
async def opened(place):
    app, task = application(place, None)
    async with app.open_async():
        yield Queue(app, task)


@contextlib.asynccontextmanager
async def working(place, handler, at_once):
    app, _ = application(place, handler)
    async with app.open_async():
        run = app.run_worker_async(concurrency=at_once or AT_ONCE, install_signal_handlers=False)
        worker = asyncio.create_task(run)
        try:
            yield
        finally:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
