-- $1 the last row taken, $2 how many. The next rows in the order of the index, for bench; noted as
-- done, which is cheaper than to delete them.
WITH page AS MATERIALIZED (
    SELECT b.seq, b.payload FROM :"schema".bare b WHERE b.seq > $1::bigint ORDER BY b.seq
    LIMIT $2::int
), done AS (
    INSERT INTO :"schema".bare_done (seq) SELECT p.seq FROM page p
)
SELECT p.seq, p.payload FROM page p
