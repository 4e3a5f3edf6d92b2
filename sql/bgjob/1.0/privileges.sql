-- Privileges ---------------------------------------------------------------------------------

CREATE FUNCTION bgjob.usage_privileges(role regrole, verb text, preposition text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    routine regprocedure;
    relation regclass;
BEGIN
    IF role IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'role must not be null';
    END IF;
    EXECUTE format('%s USAGE ON SCHEMA bgjob %s %s', verb, preposition, role);
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'bgjob'::regnamespace
           AND p.proname NOT IN ('usage_privileges', 'grant_usage', 'revoke_usage', 'grant_tasks',
                                 'revoke_tasks', 'make_partition', 'drop_partition', 'keep_private',
                                 'identify_rows', 'refuse_others')
    LOOP
        EXECUTE format('%s EXECUTE ON ROUTINE %s %s %s', verb, routine, preposition, role);
    END LOOP;
    FOR relation IN
        SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind = 'v'
    LOOP
        EXECUTE format('%s SELECT ON %s %s %s', verb, relation, preposition, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION bgjob.usage_privileges(regrole, text, text) IS 'behind grant_usage and revoke_usage';

CREATE FUNCTION bgjob.grant_usage(role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.usage_privileges(role, 'GRANT', 'TO') $$;
COMMENT ON FUNCTION bgjob.grant_usage(regrole) IS 'let a role use bgjob: its schema, functions and views';

CREATE FUNCTION bgjob.revoke_usage(role regrole) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT bgjob.usage_privileges(role, 'REVOKE', 'FROM') $$;
COMMENT ON FUNCTION bgjob.revoke_usage(regrole) IS 'take back what grant_usage gave';

-- A member of pg_write_all_data may write every table, and a job with another role's name would run with
-- that role's rights.
DO $$
DECLARE
    private regclass;
BEGIN
    FOR private IN
        SELECT c.oid FROM pg_catalog.pg_class c
         WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        PERFORM bgjob.keep_private(private);
        PERFORM bgjob.identify_rows(private);
    END LOOP;
END $$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA bgjob FROM PUBLIC;
REVOKE ALL ON SCHEMA bgjob FROM PUBLIC;

