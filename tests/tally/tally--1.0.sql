\echo Use "CREATE EXTENSION tally" to load this file. \quit

CREATE FUNCTION tally.add(word text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tally_add';
COMMENT ON FUNCTION tally.add(text) IS 'count one more of a word; how many there were';

CREATE FUNCTION tally.counts(OUT word text, OUT count bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tally_counts';
COMMENT ON FUNCTION tally.counts() IS 'all words since the server started';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tally FROM PUBLIC;
REVOKE ALL ON SCHEMA tally FROM PUBLIC;
