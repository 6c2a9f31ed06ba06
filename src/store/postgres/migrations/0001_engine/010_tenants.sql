-- Who owns jobs. Where the schema has a table of this name already (the application's), it is left
-- alone and adopted by mh_adopt_tenants.

DO $$
BEGIN
    IF to_regclass(quote_ident(current_schema()) || '.tenants') IS NULL THEN
        CREATE TABLE tenants (
            id         uuid PRIMARY KEY,
            name       text NOT NULL UNIQUE,
            plan       text NOT NULL DEFAULT 'free'
                       CHECK (plan IN ('free', 'starter', 'pro', 'enterprise')),
            created_at timestamptz NOT NULL DEFAULT now()
        );
        INSERT INTO tenants (id, name) VALUES ('00000000-0000-0000-0000-000000000000', 'default');
    END IF;
END
$$;
