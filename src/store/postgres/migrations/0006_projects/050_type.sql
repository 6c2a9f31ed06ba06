-- Of a project one job at a time is run, unless a person sets another limit: so it is limited when
-- its type is first known.
CREATE FUNCTION mh_type_known() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = :"schema", pg_temp AS $$
BEGIN
    INSERT INTO gate (type, max_running, per_tenant, per_key, key)
    VALUES (new.name, 0, 0, 1, 'project');
    UPDATE type t SET gated = true WHERE t.name = new.name;
    RETURN NULL;
END
$$;

CREATE TRIGGER millhand_known AFTER INSERT ON type FOR EACH ROW
    WHEN (new.name IN ('index', 'blueprint')) EXECUTE FUNCTION mh_type_known();
