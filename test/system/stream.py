"""Followers of events: many connections read by one thread."""
import json
import selectors
import socket
import time

import pytest
from serve import Server


class Follower:
    """One stream, read by read_until. It asks by HTTP/1.0, so that nothing is chunked."""

    def __init__(self, server, path='/v1/events', last=None, token=None, buffer=None):
        self.head, self.raw, self.open = None, b'', True
        self.last = last  # the id that it goes on from
        self.events, self.comments = [], []
        self.path, self.token = path, token
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(('127.0.0.1', server.port))
        lines = [f'GET {path} HTTP/1.0', f'Host: localhost:{server.port}']
        lines += [f'Last-Event-ID: {last}'] if last is not None else []
        lines += [f'Authorization: Bearer {token}'] if token else []
        self.socket.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())

    def cut(self):
        self.open = False
        self.socket.close()

    def again(self, server):
        """Another that goes on where this one was cut, with what it has seen."""
        next_one = Follower(server, self.path, self.last, self.token)
        next_one.events = self.events
        return next_one

    @property
    def status(self):
        return int(self.head.split()[1]) if self.head else None

    @property
    def connected(self):
        return 'connected' in self.comments

    @property
    def names(self):
        return [event['event'] for event in self.events]

    @property
    def jobs(self):
        return [event['job_id'] for event in self.events]

    def take(self):
        data = b''
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError:
            pass
        self.open = bool(data)
        self.raw += data
        if self.head is None and b'\r\n\r\n' in self.raw:
            head, self.raw = self.raw.split(b'\r\n\r\n', 1)
            self.head = head.decode()
        while self.head is not None and b'\n\n' in self.raw:
            message, self.raw = self.raw.split(b'\n\n', 1)
            self._see(message.decode())

    def _see(self, message):
        fields = {}
        for line in message.split('\n'):
            name, _, value = line.partition(': ')
            fields[name] = value
        self.last = fields.get('id', self.last)
        if '' in fields:
            self.comments.append(fields[''])
        if 'data' in fields:
            data = json.loads(fields['data'])
            assert data['event'] == fields['event']
            self.events.append(data)


def read_until(followers, condition, timeout=30):
    """Reads for all of them until the condition holds."""
    end = time.monotonic() + timeout
    with selectors.DefaultSelector() as ready:
        for one in followers:
            if one.open:
                ready.register(one.socket, selectors.EVENT_READ, one)
        while not condition():
            left = end - time.monotonic()
            assert left > 0, [(one.status, one.open, len(one.events)) for one in followers]
            for key, _ in ready.select(min(left, 0.1)) if ready.get_map() else ():
                key.data.take()
                if not key.data.open:
                    ready.unregister(key.fileobj)
                    key.fileobj.close()


@pytest.fixture
def follower(site):
    """Of all that happens in the site's store."""
    with Server(site) as server:
        follower = Follower(server)
        read_until([follower], lambda: follower.connected)
        yield follower
        follower.cut()
        assert server.stop() == 0
