-- Projects. Who speaks for one tenant sees and changes those of it only.

-- By name, of one tenant, with one name or of one id where those are given. Walks all projects.
CREATE FUNCTION mh_projects(want_tenant uuid, want_name text, want_id uuid)
    RETURNS TABLE (
        id uuid, tenant_id uuid, name text, url text, ref text, credential text, state smallint,
        path text, commit_id text, job_id uuid, indexed_at timestamptz, created_at timestamptz,
        updated_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT p.id, p.tenant_id, p.name, p.url, p.ref, p.credential, p.state, p.path,
            p.commit_id, p.job_id, p.indexed_at, p.created_at, p.updated_at
        FROM project p
        WHERE (mh_sees_all() OR p.tenant_id = mh_my_tenant())
            AND (want_tenant IS NULL OR p.tenant_id = want_tenant)
            AND (want_name IS NULL OR p.name = want_name)
            AND (want_id IS NULL OR p.id = want_id)
        ORDER BY p.name COLLATE "C", p.number;
END
$$;

-- What a tenant may clone, and which credential it may send where: over https, and to the host that
-- the credential is for. All else is the machine's own, and so its operator's to open.
CREATE FUNCTION mh_check_project(owner_id uuid, new_url text, new_credential text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = :"schema", pg_temp AS $$
DECLARE
    its credential;
BEGIN
    IF NOT mh_sees_all() AND new_url !~ '^https://[^/]' THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'url: only https:// here; others are added with millhand project add';
    END IF;
    IF new_credential IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO its FROM credential c WHERE c.tenant_id = owner_id AND c.name = new_credential;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = format('there is no credential %s', new_credential);
    END IF;
    IF NOT mh_sees_all()
        AND lower(its.host) IS DISTINCT FROM lower(substring(new_url FROM '^https://([^/]+)')) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('credential %s is not for the host of this URL', new_credential);
    END IF;
END
$$;

-- Locks the tenant against deletion (key share).
CREATE FUNCTION mh_project_add(
    new_id uuid, owner_id uuid, new_name text, new_url text, new_ref text, new_credential text)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    PERFORM FROM tenant t WHERE t.id = owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenant_id: no such tenant';
    END IF;
    PERFORM mh_check_project(owner_id, new_url, new_credential);
    IF (SELECT count(*) >= 10000 FROM project) THEN
        RAISE program_limit_exceeded USING MESSAGE = 'there are 10000 projects already';
    END IF;
    INSERT INTO project (id, tenant_id, name, url, ref, credential, created_at, updated_at)
    VALUES (new_id, owner_id, new_name, new_url, new_ref, new_credential, clock_timestamp(),
            clock_timestamp());
END
$$;

-- How many: 1 or 0. By the unique id.
CREATE FUNCTION mh_project_remove(owner_id uuid, old_id uuid) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    DELETE FROM project p
    WHERE p.tenant_id = owner_id AND p.id = old_id
        AND (mh_sees_all() OR p.tenant_id = mh_my_tenant());
    RETURN FOUND::int;
END
$$;

-- How far a job that is processing is with a project of its tenant; how many: 1, or 0, also where
-- another job that is processing has it. A null state, path or commit leaves that as it was. By the
-- unique ids.
CREATE FUNCTION mh_project_mark(
    want_job uuid, want_id uuid, new_state smallint, new_path text, new_commit text,
    is_indexed boolean)
    RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    owner_id uuid := mh_tenant_of_running(want_job);
BEGIN
    PERFORM mh_check_tenants(ARRAY[coalesce(owner_id, mh_my_tenant())]);
    UPDATE project p
    SET job_id = want_job, state = coalesce(new_state, p.state), path = coalesce(new_path, p.path),
        commit_id = coalesce(new_commit, p.commit_id),
        indexed_at = CASE WHEN is_indexed THEN clock_timestamp() ELSE p.indexed_at END,
        updated_at = clock_timestamp()
    WHERE p.id = want_id AND p.tenant_id = owner_id
        AND (p.job_id IS NULL OR p.job_id = want_job OR mh_tenant_of_running(p.job_id) IS NULL);
    RETURN FOUND::int;
END
$$;

-- Projects that are being indexed by a job that no longer runs have failed; how many. By
-- project_indexing.
CREATE FUNCTION mh_project_sweep() RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp
    SET enable_seqscan = off AS $$
DECLARE
    n int;
BEGIN
    UPDATE project p
    SET state = 3, path = '', updated_at = clock_timestamp()
    WHERE p.state = 1 AND mh_tenant_of_running(p.job_id) IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
