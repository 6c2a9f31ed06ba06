#!/bin/sh
# Facts about a file: size, lines, SHA-256. Payload: {"path":"src/cli/main.c"}
#
# A one-shot handler is any executable in the folder of handlers; its name without the extension is
# the job type. The payload comes on standard input and what it prints is the result (JSON, or text
# that is kept as a JSON string). What it writes to standard error goes to the log. Exit 0: done,
# 65: failed for good, 75: try again later (does not count), anything else: failed, is retried.
set -eu

# One member of flat JSON without escapes: enough here. Where jq is installed: path=$(jq -r .path)
path=$(sed -n 's/.*"path"[[:space:]]*:[[:space:]]*"\([^"\\]*\)".*/\1/p')
if [ ! -f "$path" ]; then
    echo "no such file: $path" >&2
    exit 65 # a second attempt would not find it either
fi

# Progress, optional: one JSON line each to the descriptor that MILLHAND_EVENT_FD names.
echo '{"progress":0.5,"message":"reading"}' >&"${MILLHAND_EVENT_FD:-2}"

hash=$(sha256sum <"$path")
printf '{"path":"%s","bytes":%d,"lines":%d,"sha256":"%s"}\n' \
    "$path" "$(wc -c <"$path")" "$(wc -l <"$path")" "${hash%% *}"
