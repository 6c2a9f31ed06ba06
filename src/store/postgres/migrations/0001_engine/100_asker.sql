-- Who asks, and what they may see.
--
-- Functions here run with their owner's rights and the view with its own, so current_user
-- says nothing. The role that asks is the one set by SET ROLE (what PostgREST does) or else
-- the one that logged in.

--
-- What is written in SQL here is put in place of its call when that is planned: it costs nothing.

CREATE FUNCTION mh_asker() RETURNS name
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('role', true), 'none'), session_user)::name
$$;

-- The claims of the request, as PostgREST and Supabase set them; null: none.
CREATE FUNCTION mh_claims() RETURNS json
    LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('request.jwt.claims', true), '')::json
$$;

-- The tenant that the request speaks for; null: none.
CREATE FUNCTION mh_my_tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
DECLARE
    claims json := mh_claims();
BEGIN
    RETURN coalesce(claims ->> 'tenant_id', claims -> 'app_metadata' ->> 'tenant_id')::uuid;
END
$$;

-- True for a super admin, who may be any role that may call at all.
CREATE FUNCTION mh_super_admin() RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(mh_claims() -> 'app_metadata' ->> 'role' = 'super_admin', false)
$$;

-- True where the asker may execute this function. Rights are granted on functions only, so they are
-- also what tells workers from the rest, whatever the roles are called.
CREATE FUNCTION mh_may(function regproc) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT has_function_privilege(mh_asker(), function::oid, 'EXECUTE')
$$;

-- True for those to whom the jobs of all tenants are visible: whoever may claim, unless it speaks
-- for one tenant, and super admins. Every dispatch asks, nearly always without claims.
SET LOCAL check_function_bodies = off; -- mh_claim is yet to come
CREATE FUNCTION mh_unbound() RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(current_setting('request.jwt.claims', true), '') = ''
        THEN mh_may('mh_claim') ELSE mh_claims_unbound() END
$$;
SET LOCAL check_function_bodies = on;

CREATE FUNCTION mh_claims_unbound() RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN mh_super_admin() OR (mh_my_tenant() IS NULL AND mh_may('mh_claim'));
END
$$;

-- The same, for the policy of `job`, which is asked with the rights and the path of the asker.
CREATE FUNCTION mh_sees_all() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    RETURN mh_unbound();
END
$$;

-- For the rest of the transaction the caller speaks for whoever these claims are of, and does so as
-- millhand_api where it may become that and `migrate --roles` has let that in.
CREATE FUNCTION mh_speak(claims text) RETURNS void
    LANGUAGE plpgsql SET search_path = :"schema", pg_temp AS $$
DECLARE
    -- Since 16 a member need not be one that may become the role.
    full_member text := CASE WHEN current_setting('server_version_num')::int >= 160000
        THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    PERFORM set_config('request.jwt.claims', claims, true);
    IF EXISTS (
        SELECT FROM pg_roles r
        WHERE r.rolname = 'millhand_api' AND pg_has_role(current_user, r.oid, full_member)
            AND has_schema_privilege(r.oid, current_schema(), 'USAGE'))
    THEN
        PERFORM set_config('role', 'millhand_api', true);
    END IF;
END
$$;

-- Refuses a tenant that the asker does not speak for.
CREATE FUNCTION mh_check_tenants(tenants uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF mh_unbound() OR mh_my_tenant() = ALL (tenants) THEN
        RETURN;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'not a tenant of yours';
END
$$;

-- Refuses those who may not see what is not one tenant's: lists of workers and types.
CREATE FUNCTION mh_check_observer() RETURNS void
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT mh_sees_all() AND NOT mh_may('mh_count') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this is not for one tenant to see';
    END IF;
END
$$;

-- Refuses those who do not run the store: everybody but its owner and super admins.
CREATE FUNCTION mh_check_admin() RETURNS void
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT mh_may('mh_lock_down') AND NOT mh_super_admin() THEN
        RAISE insufficient_privilege USING MESSAGE = 'this takes a super admin';
    END IF;
END
$$;
