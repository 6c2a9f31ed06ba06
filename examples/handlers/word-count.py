#!/usr/bin/python3
"""Counts a source file: lines of code, comments and blanks, and its most frequent words.

Payload: {"path": "src/cli/main.c"}

A persistent handler stays alive between jobs and speaks JSON-RPC 2.0, one message a line, on
standard input and output; standard error is free for messages, which go to the log. It is asked
"job.run" with the job's record and answers with "result" or "error"; before that it may send
"job.progress" and "job.log". To write your own, replace count() and keep the rest. Its settings,
`mode=persistent` above all, are in millhand.conf.
"""
import collections
import json
import os
import re
import sys

LANGUAGES = {  # extension: language, start of a line comment
    '.c': ('C', ('//', '/*', '*')), '.h': ('C', ('//', '/*', '*')), '.py': ('Python', ('#',)),
    '.sh': ('Shell', ('#',)), '.mjs': ('JavaScript', ('//', '/*', '*')),
    '.js': ('JavaScript', ('//', '/*', '*')), '.sql': ('SQL', ('--',)),
    '.md': ('Markdown', ()), '.build': ('Meson', ('#',)), '.conf': ('Settings', ('#', ';')),
}


class Failed(Exception):
    """Raised by count(); retry=False says that a second attempt would fail as well."""

    def __init__(self, message, retry=True):
        super().__init__(message)
        self.retry = retry


def send(message):
    print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)


def progress(job, share, message):
    send({'method': 'job.progress',
          'params': {'id': job['id'], 'progress': share, 'message': message}})


def count(job):
    """The work: takes a job's record, returns its result."""
    path = job['payload'].get('path')
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
    except (OSError, TypeError) as error:
        raise Failed(f'unable to read {path}: {error}', retry=False) from error
    progress(job, 0.5, f'read {len(lines)} lines')

    extension = os.path.splitext(path)[1]
    language, marks = LANGUAGES.get(extension, ('Text', ()))
    if lines and lines[0].startswith('#!') and language == 'Text':
        language, marks = 'Script', ('#',)
    stripped = [line.strip() for line in lines]
    blanks = stripped.count('')
    comments = sum(bool(marks) and line.startswith(marks) for line in stripped)
    words = collections.Counter(re.findall(r'[A-Za-z_]{4,}', '\n'.join(lines)))
    return {'language': language, 'code': len(lines) - blanks - comments, 'comments': comments,
            'blanks': blanks, 'top': [word for word, _ in words.most_common(3)]}


def answer(request):
    try:
        send({'id': request['id'], 'result': count(request['params'])})
    except Failed as error:
        send({'id': request['id'],
              'error': {'code': 1, 'message': str(error), 'data': {'retry': error.retry}}})


def main():
    for line in sys.stdin:
        message = json.loads(line)
        # One job at a time is answered at once, so there is nothing for "job.cancel" to stop.
        if message.get('method') == 'job.run':
            answer(message)


main()
