/^CREATE TABLE walrus\.history (/,/^)/s/^    metadata .*[^,]$/&,\n    note text/
/^REVOKE ALL ON ALL TABLES IN SCHEMA walrus FROM PUBLIC/i\
CREATE FUNCTION walrus.is_next() RETURNS boolean\
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_is_next';\
REVOKE ALL ON FUNCTION walrus.is_next() FROM PUBLIC;
