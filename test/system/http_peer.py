"""A server for the tests of handlers over HTTP, which can misbehave in every way.

    with Peer(answer) as peer:
        … peer.url …

`answer(request, wire)` is a coroutine: `request.job` is the record, `wire.write(bytes)` and
`await wire.drain()` send. What it returns, if anything, is sent too. A connection is kept open for
the next request unless the answer closed it.
"""
import asyncio
import json
import threading
from email.utils import formatdate


def reply(status=200, body=b'', **headers):
    """A whole answer; `retry_after=3` is the header Retry-After."""
    lines = [f'HTTP/1.1 {status} Something', f'Content-Length: {len(body)}']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in headers.items()]
    return '\r\n'.join([*lines, '', '']).encode() + body


def http_date(at):
    return formatdate(at, usegmt=True)


class Request:
    def __init__(self, line, headers, body):
        self.line = line
        self.headers = headers
        self.body = body
        self.job = json.loads(body)

    @property
    def payload(self):
        return self.job['payload']

    @property
    def prompt(self):
        """Of the Messages API."""
        return self.job['messages'][0]['content']


class Peer:
    def __init__(self, answer, ssl=None):
        self.answer = answer
        self.ssl = ssl
        self.requests = []
        self.connections = 0
        self.closed = 0  # connections that the worker closed while an answer was awaited
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)

    @property
    def url(self):
        return f'{"https" if self.ssl else "http"}://127.0.0.1:{self.port}/jobs'

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self.stop = asyncio.Event()
        server = await asyncio.start_server(
            self._connected, '127.0.0.1', 0, backlog=1000, ssl=self.ssl
        )
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.stop.wait()
        server.close()

    async def _connected(self, reader, wire):
        self.connections += 1
        try:
            while await self._take(reader, wire):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            wire.close()

    async def _take(self, reader, wire):
        head = (await reader.readuntil(b'\r\n\r\n')).decode().split('\r\n')
        pairs = (line.split(': ', 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers['content-length']))
        request = Request(head[0], headers, body)
        self.requests.append(request)
        answering = asyncio.ensure_future(self.answer(request, wire))
        leaving = asyncio.ensure_future(self._left(reader))
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not answering.done():
            answering.cancel()
            self.closed += 1
            return False
        said = answering.result()
        if said is not None:
            wire.write(said)
        await wire.drain()
        return not wire.is_closing()

    @staticmethod
    async def _left(reader):
        """Returns when the other side has closed the connection."""
        while not reader.at_eof():
            await asyncio.sleep(0.01)
