-- Blueprints of projects, see store/blueprint.h.

SET LOCAL search_path = :"schema", pg_temp;

CREATE TABLE blueprint (
    project    bigint NOT NULL REFERENCES project (number) ON DELETE CASCADE,
    version    bigint NOT NULL, -- from 1
    commit_id  text,
    tokens     bigint NOT NULL, -- that a model was asked with
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    markdown   text NOT NULL,
    json       text NOT NULL, -- kept as it was written
    PRIMARY KEY (project, version)
);

-- The next version of a project of the tenant of a job that is processing; `kept` of them stay.
CREATE FUNCTION mh_blueprint_add(
    want_job uuid, want_project uuid, new_commit text, new_tokens bigint, new_markdown text,
    new_json text, kept int)
    RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    owner_id uuid := mh_tenant_of_running(want_job);
    its      bigint;
    last     bigint;
BEGIN
    IF owner_id IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'the job is not processing any more';
    END IF;
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    SELECT p.number INTO its FROM project p
    WHERE p.id = want_project AND p.tenant_id = owner_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = 'there is no such project any more';
    END IF;
    INSERT INTO blueprint AS b (project, version, commit_id, tokens, markdown, json)
    VALUES (its, 1 + coalesce((SELECT max(o.version) FROM blueprint o WHERE o.project = its), 0),
            new_commit, new_tokens, new_markdown, new_json)
    RETURNING b.version INTO last;
    DELETE FROM blueprint b WHERE b.project = its AND b.version <= last - kept;
    RETURN last;
END
$$;

-- Version `want_version` (0: each) of a project's blueprint, newest first, with the texts of the
-- mask: 1 Markdown, 2 JSON. Who speaks for one tenant sees those of its projects only. A name in
-- quotes, for json is a word of the grammar from PostgreSQL 17 on.
CREATE FUNCTION mh_blueprints(
    want_tenant uuid, want_project uuid, want_version bigint, texts int, most int)
    RETURNS TABLE (
        version bigint, commit_id text, tokens bigint, created_at timestamptz, markdown text,
        "json" text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT b.version, b.commit_id, b.tokens, b.created_at,
            CASE WHEN texts & 1 <> 0 THEN b.markdown END, CASE WHEN texts & 2 <> 0 THEN b.json END
        FROM project p JOIN blueprint b ON b.project = p.number
        WHERE p.id = want_project AND (mh_sees_all() OR p.tenant_id = mh_my_tenant())
            AND (want_tenant IS NULL OR p.tenant_id = want_tenant)
            AND (want_version = 0 OR b.version = want_version)
        ORDER BY b.version DESC
        LIMIT most;
END
$$;
