-- Reading an index. Who speaks for one tenant sees those of its projects only.

-- The index of a project, of one tenant where that is given; no row: there is none, or it is not
-- the asker's.
CREATE FUNCTION mh_index_get(want_tenant uuid, want_project uuid)
    RETURNS TABLE (
        number bigint, run bigint, commit_id text, totals text, indexed_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT i.number, i.run, i.commit_id, i.totals, i.indexed_at
        FROM project p JOIN project_index i ON i.project = p.number
        WHERE p.id = want_project AND (mh_sees_all() OR p.tenant_id = mh_my_tenant())
            AND (want_tenant IS NULL OR p.tenant_id = want_tenant);
END
$$;

-- True where `path` is `place`, or below it; null: everything is.
CREATE FUNCTION mh_index_is_at(path text, place text) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT place IS NULL OR path = place OR starts_with(path, place || '/')
$$;

-- At most `most` files behind a path, at or below another, by path, with their texts where those
-- are asked for, until these are large. By index_file_id: all files of the index.
CREATE FUNCTION mh_index_files(
    want_tenant uuid, want_project uuid, place text, behind text, bodies boolean, most int)
    RETURNS TABLE (
        path text, blob text, language text, size bigint, mtime_us bigint, lines bigint,
        code bigint, comments bigint, blanks bigint, symbols int, imports int, body text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT page.path, page.blob, page.language, page.size, page.mtime_us, page.lines,
            page.code, page.comments, page.blanks, page.symbols, page.imports, page.body
        FROM (
            SELECT f.path, f.blob, f.language, f.size, f.mtime_us, f.lines, f.code, f.comments,
                f.blanks, f.symbols, f.imports, t.body,
                coalesce(sum(octet_length(t.body)) OVER (
                    ORDER BY f.path ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
            FROM mh_index_get(want_tenant, want_project) i
            JOIN index_file f ON f.owner = i.number AND f.born <= i.run
                AND (f.dead IS NULL OR f.dead > i.run)
            LEFT JOIN index_text t ON bodies AND t.file = f.id
            WHERE f.path > behind COLLATE "C" AND mh_index_is_at(f.path, place)
            ORDER BY f.path
            LIMIT most) page
        WHERE page.before < 16777216;
END
$$;

-- Of at most `most` files behind an id, at or below a path, the symbols by file and line; each row
-- names its file. A file without any has one row of nulls.
CREATE FUNCTION mh_index_symbols(
    want_tenant uuid, want_project uuid, place text, behind bigint, most int)
    RETURNS TABLE (file bigint, path text, line int, name text, kind text, scope text,
                   signature text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT page.id, page.path, s.line, s.name, s.kind, s.scope, s.signature
        FROM (
            SELECT f.id, f.path::text
            FROM mh_index_get(want_tenant, want_project) i
            JOIN index_file f ON f.owner = i.number AND f.born <= i.run
                AND (f.dead IS NULL OR f.dead > i.run)
            WHERE f.id > behind AND mh_index_is_at(f.path, place)
            ORDER BY f.id
            LIMIT most) page
        LEFT JOIN index_symbol s ON s.file = page.id
        ORDER BY page.id, s.line, s.id;
END
$$;

CREATE FUNCTION mh_index_imports(
    want_tenant uuid, want_project uuid, place text, behind bigint, most int)
    RETURNS TABLE (file bigint, path text, line int, target text, resolved text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT page.id, page.path, m.line, m.target, m.resolved
        FROM (
            SELECT f.id, f.path::text
            FROM mh_index_get(want_tenant, want_project) i
            JOIN index_file f ON f.owner = i.number AND f.born <= i.run
                AND (f.dead IS NULL OR f.dead > i.run)
            WHERE f.id > behind AND mh_index_is_at(f.path, place)
            ORDER BY f.id
            LIMIT most) page
        LEFT JOIN index_import m ON m.file = page.id
        ORDER BY page.id, m.line, m.id;
END
$$;

-- At most `most` symbols: those called `whole`, then those that begin with it, then those whose
-- words begin with all of these; of each `look_at` are looked at. What is called `whole` has the
-- one word `name`. Then as many texts, by path, with `body`, until these are large. The mask
-- `kinds`: 1 symbols, 2 texts. By index_symbol_words and index_text_words.
CREATE FUNCTION mh_index_search(
    want_tenant uuid, want_project uuid, terms text[], name text, whole text, kinds int, most int,
    look_at int)
    RETURNS TABLE (
        path text, line int, kind text, called text, scope text, signature text, body text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET jit = off SET enable_seqscan = off AS $$
DECLARE
    its     record;
    wanted  tsquery;
    its_own tsquery;
    begins  tsquery;
    got     int := 0;
BEGIN
    SELECT * INTO its FROM mh_index_get(want_tenant, want_project);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%L:*', its.number || 'x' || t.term), ' & ')::tsquery
    INTO wanted FROM unnest(terms) AS t(term);
    IF kinds & 1 <> 0 THEN
        its_own := format('%L', its.number || 'y' || name)::tsquery;
        begins := format('%L:*', its.number || 'y' || name)::tsquery;
        RETURN QUERY
            WITH found AS (
                (SELECT s.id FROM index_symbol s WHERE s.words @@ its_own LIMIT look_at)
                UNION
                (SELECT s.id FROM index_symbol s WHERE s.words @@ begins LIMIT look_at)
            )
            SELECT f.path::text, s.line, s.kind, s.name, s.scope, s.signature, NULL::text
            FROM found JOIN index_symbol s ON s.id = found.id JOIN index_file f ON f.id = s.file
            WHERE f.owner = its.number AND f.born <= its.run
                AND (f.dead IS NULL OR f.dead > its.run)
                AND starts_with(lower(s.name COLLATE "C"), whole)
            ORDER BY lower(s.name COLLATE "C") <> whole, f.path, s.line, s.name COLLATE "C",
                s.kind COLLATE "C", s.id
            LIMIT most;
        GET DIAGNOSTICS got = ROW_COUNT;
    END IF;
    IF kinds & 1 <> 0 AND got < most THEN
        RETURN QUERY
            SELECT f.path::text, s.line, s.kind, s.name, s.scope, s.signature, NULL::text
            FROM (SELECT i.id FROM index_symbol i WHERE i.words @@ wanted LIMIT look_at) found
            JOIN index_symbol s ON s.id = found.id JOIN index_file f ON f.id = s.file
            WHERE f.owner = its.number AND f.born <= its.run
                AND (f.dead IS NULL OR f.dead > its.run)
                AND NOT starts_with(lower(s.name COLLATE "C"), whole)
            ORDER BY f.path, s.line, s.name COLLATE "C", s.kind COLLATE "C", s.id
            LIMIT most - got;
    END IF;
    IF kinds & 2 <> 0 THEN
        RETURN QUERY
            SELECT page.path::text, NULL::int, NULL::text, NULL::text, NULL::text, NULL::text,
                page.body
            FROM (
                SELECT few.path, t.body,
                    coalesce(sum(octet_length(t.body)) OVER (
                        ORDER BY few.path ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                        AS before
                FROM (
                    SELECT f.id, f.path
                    FROM index_text x JOIN index_file f ON f.id = x.file
                    WHERE x.words @@ wanted AND f.owner = its.number AND f.born <= its.run
                        AND (f.dead IS NULL OR f.dead > its.run)
                    ORDER BY f.path
                    LIMIT most) few
                JOIN index_text t ON t.file = few.id) page
            WHERE page.before < 67108864
            ORDER BY page.path;
    END IF;
END
$$;
