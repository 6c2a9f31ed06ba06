"""A git server over HTTP that demands Basic authentication: git http-backend behind a few lines."""
import base64
import http.server
import os
import ssl
import subprocess
import threading
from urllib.parse import urlsplit


class GitServer:
    """Serves the bare repositories in `root`; `held` keeps each fetch until it is set."""

    def __init__(self, root, username, token, certificate=None):
        self.expected = 'Basic ' + base64.b64encode(f'{username}:{token}'.encode()).decode()
        self.root, self.refused, self.fetches, self.given = root, 0, 0, []
        self.sent = 0  # bytes of answers of git
        self.fetching, self.go = threading.Event(), threading.Event()
        self.go.set()
        self.redirect = None  # where everybody is sent to
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def do_GET(self):
                server.answer(self)

            do_POST = do_GET

        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.port, self.scheme = self.http.server_port, 'https' if certificate else 'http'
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go.set()
        self.http.shutdown()
        self.http.server_close()

    def url(self, name):
        return f'{self.scheme}://127.0.0.1:{self.port}/{name}'

    def answer(self, request):
        length = int(request.headers.get('Content-Length') or 0)
        body = request.rfile.read(length)
        self.given.append(request.headers.get('Authorization'))
        if self.redirect:
            request.send_response(302)
            request.send_header('Location', self.redirect + request.path)
            request.send_header('Content-Length', '0')
            request.end_headers()
            return
        if request.headers.get('Authorization') != self.expected:
            self.refused += 1
            self.complain(request)
            return
        if request.path.endswith('git-upload-pack'):
            self.fetches += 1
            self.fetching.set()
            self.go.wait(20)
        self.backend(request, body)

    @staticmethod
    def complain(request):
        """Repeats what it was given, as a careless server might."""
        given = request.headers.get('Authorization', '').removeprefix('Basic ')
        said = b'you are not ' + base64.b64decode(given) + b'\n'
        request.send_response(401)
        request.send_header('WWW-Authenticate', 'Basic realm="git"')
        request.send_header('Content-Type', 'text/plain')
        request.send_header('Content-Length', str(len(said)))
        request.end_headers()
        request.wfile.write(said)

    def backend(self, request, body):
        url = urlsplit(request.path)
        answer = subprocess.run(
            ['git', 'http-backend'],
            input=body,
            capture_output=True,
            check=True,
            env={
                'PATH': os.environ['PATH'],
                'GIT_PROJECT_ROOT': str(self.root),
                'GIT_HTTP_EXPORT_ALL': '1',
                'GIT_CONFIG_GLOBAL': '/dev/null',
                'PATH_INFO': url.path,
                'QUERY_STRING': url.query,
                'REQUEST_METHOD': request.command,
                'CONTENT_TYPE': request.headers.get('Content-Type', ''),
                'GIT_PROTOCOL': request.headers.get('Git-Protocol', ''),
                'HTTP_CONTENT_ENCODING': request.headers.get('Content-Encoding', ''),
            },
        ).stdout
        head, _, content = answer.partition(b'\r\n\r\n')
        self.sent += len(content)
        fields = [line.split(': ', 1) for line in head.decode().split('\r\n')]
        status = next((int(v.split()[0]) for k, v in fields if k == 'Status'), 200)
        request.send_response(status)
        for name, value in fields:
            if name != 'Status':
                request.send_header(name, value)
        request.send_header('Content-Length', str(len(content)))
        request.end_headers()
        request.wfile.write(content)
