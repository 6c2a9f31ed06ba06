// A store with something of everything, for the pictures.

const DAY = ['import-orders', 'send-mail', 'resize-image', 'build-report', 'index-pages'];

const HANDLERS = {
    'import-orders': 'sleep 0.0$(($$ % 9))\n'
        + '[ $(($$ % 41)) -ne 0 ] || { echo "row $(($$ % 900)): no price" >&2; exit 65; }\n'
        + 'echo \'{"rows":1204}\'\n',
    'send-mail': 'sleep 0.0$(($$ % 5))\n[ $(($$ % 7)) -ne 0 ] && { echo \'{"accepted":1}\'; exit; }'
        + '\necho "connect smtp.example.org:587" >&2\n'
        + 'echo "smtp.example.org answered 421, try later" >&2; exit 65\n',
    'resize-image': 'sleep 0.1; echo \'{"width":1280,"height":720}\'\n',
    'index-pages': 'echo \'{"documents":318}\'\n',
    'build-report': `if [ "$MILLHAND_JOB_ATTEMPT" = 1 ]; then
    echo "page 1 of 100: 37 rows, 3 ms" >&2
    echo "orders.example.org closed the connection" >&2
    exit 1
fi
i=0
while [ $i -lt 62 ]; do
    i=$((i + 1))
    echo "page $i of 100: $((i * 37)) rows, $((i * 3)) ms" >&2
    echo "{\\"progress\\":0.$(printf %02d $i),\\"message\\":\\"page $i of 100\\"}" \\
        >&$MILLHAND_EVENT_FD
    sleep 0.02
done
sleep 60
`,
};

export function addHandlers(site) {
    for (const [type, body] of Object.entries(HANDLERS)) site.handler(type, body);
}

function payload(type, n) {
    if (type === 'send-mail') return {to: `reader-${n}@example.org`, template: 'welcome'};
    if (type === 'resize-image') return {source: `uploads/${1000 + n}.jpg`, width: 1280};
    return {source: `s3://intake/2026-11/${n}.csv`, rows: 1200 + n, dry_run: false};
}

export function jobs(count, from = 0) {
    return Array.from({length: count}, (_, n) => {
        const type = DAY[(n * 7 + from) % DAY.length];
        return {type: type === 'build-report' ? 'index-pages' : type,
            payload: payload(type, from + n), max_attempts: 1};
    });
}

export function addSchedules(site) {
    site.run('schedule', 'add', 'nightly-report', 'build-report', '--cron', '0 3 * * *',
        '--tz', 'Europe/Berlin');
}
