/^CREATE TABLE bgjob\.queue (/,/^)/s/^    CONSTRAINT queue_pkey/    note text,\n&/
/^COMMENT ON TABLE bgjob\.queue IS/i\
COMMENT ON COLUMN bgjob.queue.note IS 'of the next version';
s/usage_privileges(role, 'REVOKE', 'FROM')/usage_privileges($1, 'REVOKE', 'FROM')/
/^REVOKE ALL ON ALL ROUTINES IN SCHEMA bgjob FROM PUBLIC/i\
CREATE VIEW bgjob.notes WITH (security_barrier) AS SELECT q.name, q.note FROM bgjob.queue q;\
CREATE FUNCTION bgjob.is_next() RETURNS boolean\
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bgjob_is_next';\
COMMENT ON FUNCTION bgjob.is_next() IS 'of the next version';
