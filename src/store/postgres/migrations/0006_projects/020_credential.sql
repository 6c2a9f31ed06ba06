-- Credentials. Their sealed bytes are given to the owner of all this, and to running jobs.

-- By name, of one tenant or with one name where those are given; sealed bytes only where
-- `with_sealed`, and then only to whoever may migrate: claims alone open nothing. There are few.
CREATE FUNCTION mh_credentials(want_tenant uuid, want_name text, with_sealed boolean)
    RETURNS TABLE (
        id bigint, revision bigint, tenant_id uuid, name text, username text, host text,
        key_id text, sealed bytea, used_at timestamptz, created_at timestamptz,
        updated_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    IF with_sealed AND NOT mh_may('mh_lock_down') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this takes the owner of the store';
    END IF;
    RETURN QUERY
        SELECT c.id, c.revision, c.tenant_id, c.name, c.username, c.host, c.key_id,
            CASE WHEN with_sealed THEN c.sealed END, c.used_at, c.created_at, c.updated_at
        FROM credential c
        WHERE (mh_sees_all() OR c.tenant_id = mh_my_tenant())
            AND (want_tenant IS NULL OR c.tenant_id = want_tenant)
            AND (want_name IS NULL OR c.name = want_name)
        ORDER BY c.name COLLATE "C", c.id;
END
$$;

-- Locks the tenant against deletion (key share).
CREATE FUNCTION mh_credential_add(
    owner_id uuid, new_name text, new_username text, new_host text, new_key_id text,
    new_sealed bytea)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    PERFORM FROM tenant t WHERE t.id = owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = 'tenant_id: no such tenant';
    END IF;
    IF (SELECT count(*) >= 10000 FROM credential) THEN
        RAISE program_limit_exceeded USING MESSAGE = 'there are 10000 credentials already';
    END IF;
    INSERT INTO credential (tenant_id, name, username, host, key_id, sealed, created_at,
                            updated_at)
    VALUES (owner_id, new_name, new_username, new_host, new_key_id, new_sealed,
            clock_timestamp(), clock_timestamp());
END
$$;

-- Only at the revision given; how many: 1 or 0. By the primary key.
CREATE FUNCTION mh_credential_change(
    old_id bigint, old_revision bigint, new_username text, new_host text, new_key_id text,
    new_sealed bytea)
    RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    UPDATE credential c
    SET revision = c.revision + 1, username = new_username, host = new_host, key_id = new_key_id,
        sealed = new_sealed, updated_at = clock_timestamp()
    WHERE c.id = old_id AND c.revision = old_revision
        AND (mh_sees_all() OR c.tenant_id = mh_my_tenant());
    RETURN FOUND::int;
END
$$;

-- How many: 1 or 0. By the unique name.
CREATE FUNCTION mh_credential_remove(owner_id uuid, old_name text) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    DELETE FROM credential c
    WHERE c.tenant_id = owner_id AND c.name = old_name
        AND (mh_sees_all() OR c.tenant_id = mh_my_tenant());
    RETURN FOUND::int;
END
$$;

-- The tenant of a job while it is processing; null: it is not. By the unique id.
CREATE FUNCTION mh_tenant_of_running(want_job uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN (SELECT j.tenant_id FROM job j
            WHERE j.id = want_job AND mh_status_now(j.seq) = 'processing');
END
$$;

-- For a job that is processing: the credential of its tenant with this name, noted as used. By the
-- unique name.
CREATE FUNCTION mh_credential_use(want_job uuid, want_name text)
    RETURNS TABLE (
        id bigint, revision bigint, tenant_id uuid, name text, username text, host text,
        key_id text, sealed bytea, used_at timestamptz, created_at timestamptz,
        updated_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    owner_id uuid := mh_tenant_of_running(want_job);
BEGIN
    IF owner_id IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'the job is not processing any more';
    END IF;
    PERFORM mh_check_tenants(ARRAY[owner_id]);
    RETURN QUERY
        UPDATE credential c SET used_at = clock_timestamp()
        WHERE c.tenant_id = owner_id AND c.name = want_name
        RETURNING c.id, c.revision, c.tenant_id, c.name, c.username, c.host, c.key_id, c.sealed,
            c.used_at, c.created_at, c.updated_at;
    IF NOT FOUND THEN
        RAISE no_data_found USING MESSAGE = format('there is no credential %s', want_name);
    END IF;
END
$$;
