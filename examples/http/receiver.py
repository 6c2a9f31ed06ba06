#!/usr/bin/python3
"""Runs jobs that a worker posts to it: WEBHOOK_SECRET=whsec_… receiver.py [PORT]

Python's standard library and nothing else. Every request is verified as Standard Webhooks before
its job is looked at. `word-count` answers with its result; `crawl`, which takes a while, with a
stream that tells its progress.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300  # an older request is a replay
LARGEST = 2 << 20


def verified(headers, body, secret):
    """True for a fresh request that was signed with the secret."""
    sent, signatures = headers.get('webhook-timestamp', ''), headers.get('webhook-signature', '')
    if not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE_S:
        return False
    signed = f'{headers.get("webhook-id")}.{sent}.'.encode() + body
    key = base64.b64decode(secret.removeprefix('whsec_'))
    mine = 'v1,' + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(mine.encode(), one.encode()) for one in signatures.split())


class Receiver(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'  # the connection is kept for the next job
    wbufsize = -1  # head and body leave together

    def do_POST(self):
        length = int(self.headers.get('content-length', 0))
        body = self.rfile.read(length) if length <= LARGEST else b''
        if not verified(self.headers, body, os.environ['WEBHOOK_SECRET']):
            self.answer(401, {'error': 'not signed with our secret'})
            return
        job = json.loads(body)
        if job['type'] == 'word-count':
            self.answer(200, {'words': len(job['payload']['text'].split())})
        elif job['type'] == 'crawl':
            self.crawl(job['payload']['pages'])
        else:
            self.answer(404, {'error': 'no such type'})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def crawl(self, pages):
        """A line for each step; the connection ends the stream."""
        self.close_connection = True
        self.send_response(200)
        self.send_header('content-type', 'application/vnd.millhand+ndjson')
        self.send_header('connection', 'close')
        self.end_headers()
        for number, page in enumerate(pages, 1):
            self.tell(log=f'crawling {page}')
            self.tell(progress=number / len(pages))
        self.tell(result={'crawled': len(pages)})

    def tell(self, **message):
        self.wfile.write(json.dumps(message).encode() + b'\n')
        self.wfile.flush()

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(('127.0.0.1', int((sys.argv + ['8000'])[1])), Receiver)
    print(f'listening on http://127.0.0.1:{server.server_port}/jobs', flush=True)
    server.serve_forever()


if 'WEBHOOK_SECRET' not in os.environ:
    sys.exit('receiver: WEBHOOK_SECRET is not set: give it the secret of the worker')
main()
