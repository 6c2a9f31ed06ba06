"""What the tests of `millhand serve` share: the process, a client, tokens made by hand."""
import base64
import hashlib
import hmac
import http.client
import json
import socket
import subprocess
import threading
import time
from contextlib import suppress

from conftest import MILLHAND, Worker, free_port

SECRET = 'a secret of thirty-two bytes or more'
DEFAULT = '00000000-0000-0000-0000-000000000000'


class Answer:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        return self.json['error']['code']


class Client:
    """Asks a server on this machine."""

    def __init__(self, port):
        self.port = port
        self.token = None

    def ask(self, method, path, body=None, token=None, own='', **headers):
        """A request on a connection of its own, from the address `own`; a body that is no text is
        sent as JSON."""
        headers = {name.replace('_', '-'): value for name, value in headers.items()}
        token = token or self.token
        if token:
            headers['Authorization'] = f'Bearer {token}'
        if body is not None:
            headers.setdefault('Content-Type', 'application/json')
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        client = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=15, source_address=(own, 0)
        )
        try:
            client.request(method, path, body, {k: v for k, v in headers.items() if v is not None})
            return Answer(client.getresponse())
        finally:
            client.close()

    def add(self, body, **options):
        answer = self.ask('POST', '/v1/jobs', body, **options)
        assert answer.status in (200, 201), answer.text
        return answer.json


class Server(Worker, Client):
    """A `millhand serve` process, up when the constructor returns."""

    def __init__(self, site, **env):
        Client.__init__(self, free_port())
        self.started = time.time()
        self.lines, self.not_json = [], []
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            [MILLHAND, 'serve'],
            cwd=site.path,
            stdin=subprocess.DEVNULL,
            env=site.environment({'MILLHAND_HTTP_PORT': self.port, **env}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for('serving')


def say(port, text, patience=0.3):
    """What comes back until the server hangs up, or waits for more of us than there is."""
    said = b''
    with socket.create_connection(('127.0.0.1', port), timeout=patience) as client, suppress(
        OSError
    ):
        client.sendall(text.encode('latin-1'))
        while part := client.recv(65536):
            said += part
    return said


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()


def unsigned(header, claims):
    return '.'.join(
        b64(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, claims)
    )


def hs256(text, secret=SECRET):
    return f'{text}.{b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}'


def claims(**more):
    return {'tenant_id': DEFAULT, 'exp': time.time() + 600, **more}


def token(header=None, secret=SECRET, **more):
    return hs256(unsigned(header or {'alg': 'HS256', 'typ': 'JWT'}, claims(**more)), secret)
