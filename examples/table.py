"""Joins the results of file-facts and word-count into a table: table.py ROWS <records, a line each

The records are what `millhand jobs list --json` prints.
"""
import collections
import json
import sys


def main():
    files = collections.defaultdict(dict)
    for line in sys.stdin:
        record = json.loads(line)
        if record['result']:
            files[record['payload']['path']].update(record['result'])

    rows = sorted(files.items(), key=lambda item: -item[1].get('bytes', 0))
    print(f'{"file":<34}{"bytes":>7}{"lines":>6}{"code":>6}{"comment":>8}  '
          f'{"language":<11}{"sha256":<11}frequent words')
    for path, found in rows[:int(sys.argv[1])]:
        print(f'{path:<34}{found["bytes"]:>7}{found["lines"]:>6}{found["code"]:>6}'
              f'{found["comments"]:>8}  {found["language"]:<11}{found["sha256"][:8]:<11}'
              f'{" ".join(found["top"])}')

    languages = collections.Counter()
    for _, found in rows:
        languages[found['language']] += found['code']
    code = ', '.join(f'{language} {lines}' for language, lines in languages.most_common())
    print(f'{len(rows)} files; lines of code: {code}')


main()
