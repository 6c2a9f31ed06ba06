-- $1 the time of the machine that asks, in milliseconds. What the way here takes counts as a
-- difference, which a second leaves room for.
SELECT 'clock',
    CASE WHEN abs(c.ahead) < 1 THEN 'ok' ELSE 'warn' END,
    CASE WHEN abs(c.ahead) < 1 THEN 'this machine''s and the server''s agree to the second'
        ELSE format('the server''s is %s s %s this machine''s: --at means another time there',
            round(abs(c.ahead), 1), CASE WHEN c.ahead > 0 THEN 'ahead of' ELSE 'behind' END) END,
    CASE WHEN abs(c.ahead) >= 1 THEN 'timedatectl set-ntp true' END
FROM (SELECT extract(epoch FROM clock_timestamp()) - $1::numeric / 1000) c (ahead);
