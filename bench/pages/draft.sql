-- What the jobs of the measured store are like, on either store: a view over `series`, which has
-- the numbers 1 to `size`. Numbers are mixed by multiplying, so that every run makes the same.
--
-- Tenants 0 to 2 have 97 of 100 jobs, a thousand others the rest; types 0 to 14 all but one in ten
-- thousand, 15 to 18 those, 19 twenty jobs. Status numbers are those of enum mh_status.
CREATE TEMP VIEW draft AS
SELECT i AS seq,
    CASE WHEN (i * 2654435761 >> 8) % 10000 < 9700 THEN (i * 2654435761 >> 8) % 3
        ELSE 3 + (i * 2654435761 >> 17) % 1000 END AS tenant,
    CASE WHEN i % (size / 20) = 7 THEN 19
        WHEN (i * 2246822519 >> 9) % 10000 = 0 THEN 15 + (i * 2246822519 >> 23) % 4
        ELSE (i * 2246822519 >> 9) % 15 END AS type,
    CASE WHEN i * 20 > size * 19 THEN 4
        WHEN i * 100 > size * 86 THEN CASE WHEN i * 100 - size * 86 <= 20000 THEN 1 ELSE 0 END
        WHEN (i * 3266489917 >> 7) % 10000 < 7 THEN 0
        WHEN (i * 3266489917 >> 7) % 10000 < 700 THEN 3
        WHEN (i * 3266489917 >> 7) % 10000 < 900 THEN 4
        ELSE 2 END AS status,
    i * 100 <= size * 86 AS early -- before the backlog: what is pending there is not due
FROM series;
