-- Runs, for workers.

-- The index of the project, of the tenant of a job that is processing, and the number of a new run.
-- No row: there is no such project.
CREATE FUNCTION mh_index_begin(want_job uuid, want_project uuid)
    RETURNS TABLE (
        number bigint, run bigint, commit_id text, totals text, indexed_at timestamptz,
        building bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    owner_id uuid := mh_tenant_of_running(want_job);
    its      bigint;
BEGIN
    IF owner_id IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'the job is not processing any more';
    END IF;
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    SELECT p.number INTO its FROM project p
    WHERE p.id = want_project AND p.tenant_id = owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = 'there is no such project any more';
    END IF;
    INSERT INTO project_index (project) VALUES (its) ON CONFLICT DO NOTHING;
    UPDATE project_index i SET building = greatest(i.run, i.building) + 1
    WHERE i.project = its
    RETURNING i.number, i.run, i.commit_id, i.totals, i.indexed_at, i.building
    INTO number, run, commit_id, totals, indexed_at, building;
    UPDATE index_file f SET dead = NULL
    WHERE f.owner = mh_index_begin.number AND f.dead > mh_index_begin.run;
    RETURN NEXT;
END
$$;

-- Refuses an index of a tenant that the asker does not speak for.
CREATE FUNCTION mh_index_check_asker(its_number bigint) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_tenants(ARRAY(
        SELECT p.tenant_id FROM project_index i JOIN project p ON p.number = i.project
        WHERE i.number = its_number));
END
$$;

-- Refuses a run that is not the last that began or is published; holds off the next until the
-- transaction ends.
CREATE FUNCTION mh_index_check(its_number bigint, its_run bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = :"schema", pg_temp AS $$
DECLARE
    seen bigint;
BEGIN
    PERFORM mh_index_check_asker(its_number);
    SELECT i.run INTO seen FROM project_index i
    WHERE i.number = its_number AND i.building = its_run AND i.run < its_run FOR SHARE;
    IF NOT FOUND THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'another run of this index has begun since';
    END IF;
    RETURN seen;
END
$$;

-- A text of words with blanks between them.
CREATE FUNCTION mh_index_words(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE AS $$
    SELECT array_to_tsvector(string_to_array(rtrim(words, ' '), ' '))
$$;

-- Adds files, each an object with the columns of index_file, `body` and `words` of a text, and
-- `symbols` and `imports`, which are arrays of objects.
CREATE FUNCTION mh_index_add(its_number bigint, its_run bigint, files jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    item jsonb;
    its  bigint;
BEGIN
    PERFORM mh_index_check(its_number, its_run);
    FOR item IN SELECT a.value FROM jsonb_array_elements(files) a LOOP
        INSERT INTO index_file (owner, born, path, blob, language, size, mtime_us, lines, code,
                                comments, blanks, symbols, imports)
        SELECT its_number, its_run, f.path, f.blob, f.language, f.size, f.mtime_us, f.lines,
            f.code, f.comments, f.blanks, jsonb_array_length(item -> 'symbols'),
            jsonb_array_length(item -> 'imports')
        FROM jsonb_to_record(item) AS f(
            path text, blob text, language text, size bigint, mtime_us bigint, lines bigint,
            code bigint, comments bigint, blanks bigint)
        RETURNING id INTO its;
        IF item ? 'body' THEN
            INSERT INTO index_text (file, body, words)
            VALUES (its, item ->> 'body', mh_index_words(item ->> 'words'));
        END IF;
        INSERT INTO index_symbol (file, line, name, kind, scope, signature, words)
        SELECT its, s.line, s.name, s.kind, s.scope, s.signature, mh_index_words(s.words)
        FROM jsonb_to_recordset(item -> 'symbols') AS s(
            line int, name text, kind text, scope text, signature text, words text);
        INSERT INTO index_import (file, line, target, resolved)
        SELECT its, m.line, m.target, m.resolved
        FROM jsonb_to_recordset(item -> 'imports') AS m(line int, target text, resolved text);
    END LOOP;
END
$$;

-- How many of the files that are seen at these paths are dropped. By index_file_path.
CREATE FUNCTION mh_index_drop(its_number bigint, its_run bigint, paths text[]) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    seen bigint := mh_index_check(its_number, its_run);
    n    int;
BEGIN
    UPDATE index_file f SET dead = its_run
    FROM unnest(paths) AS p(path)
    WHERE f.owner = its_number AND md5(f.path) = md5(p.path) AND f.path = p.path
        AND f.dead IS NULL AND f.born <= seen;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;

-- What the run did is seen from now on.
CREATE FUNCTION mh_index_publish(
    its_number bigint, its_run bigint, new_commit text, new_totals text)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    seen bigint := mh_index_check(its_number, its_run);
BEGIN
    IF EXISTS (SELECT FROM index_file f
               WHERE f.owner = its_number AND f.born > seen AND f.born < its_run) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'files of a run that was not published are to be swept first';
    END IF;
    UPDATE project_index i
    SET run = its_run, commit_id = new_commit, totals = new_totals, indexed_at = clock_timestamp()
    WHERE i.number = its_number;
END
$$;

-- Deletes up to `most` files that nobody sees or will; how many. By index_file_dead and
-- index_file_born.
CREATE FUNCTION mh_index_sweep(its_number bigint, most int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off AS $$
DECLARE
    its project_index;
    n   int;
BEGIN
    PERFORM mh_index_check_asker(its_number);
    SELECT * INTO its FROM project_index i WHERE i.number = its_number FOR SHARE;
    DELETE FROM index_file f
    WHERE f.id IN (
        SELECT old.id FROM index_file old WHERE old.owner = its_number AND old.dead <= its.run
        UNION ALL
        SELECT old.id FROM index_file old
        WHERE old.owner = its_number AND old.born > its.run AND old.born < its.building
        LIMIT most);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
