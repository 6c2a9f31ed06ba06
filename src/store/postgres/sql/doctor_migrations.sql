-- $1 the checksums of this program's migrations, in their order. Only the owner may read them.
SELECT 'migrations', CASE WHEN c.same THEN 'ok' ELSE 'bad' END,
    CASE WHEN c.same THEN format('%s applied, as this program has them', c.n)
        ELSE 'applied ones differ from this program''s' END,
    CASE WHEN NOT c.same THEN 'use the millhand that made the schema' END
FROM (
    SELECT count(*) AS n,
        array_agg(m.checksum ORDER BY m.version) = ($1::text[])[1:count(*)::int] AS same
    FROM :"schema".migration m
) c;
