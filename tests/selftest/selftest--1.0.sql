\echo Use "CREATE EXTENSION selftest" to load this file. \quit

-- errors
CREATE FUNCTION @extschema@.fail(kind text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_fail';
CREATE FUNCTION @extschema@.describe(kind text,
        OUT sqlstate text, OUT message text, OUT detail text, OUT detail_log text, OUT hint text,
        OUT context text, OUT schema_name text, OUT table_name text, OUT column_name text,
        OUT datatype_name text, OUT constraint_name text, OUT internalquery text,
        OUT internalpos integer, OUT cursorpos integer, OUT filename text, OUT funcname text,
        OUT has_line boolean)
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_describe';
CREATE FUNCTION @extschema@.log(kind text, times integer) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_log';
CREATE FUNCTION @extschema@.swallow(in_subtransaction boolean, sql text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_swallow';
CREATE FUNCTION @extschema@.swallow_cancel() RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_swallow_cancel';
CREATE FUNCTION @extschema@.failing_cleanup(kind text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_failing_cleanup';
CREATE FUNCTION @extschema@.callback_in_cleanup(kind text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_callback_in_cleanup';
CREATE FUNCTION @extschema@.cancel_in_cleanup() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_cancel_in_cleanup';
CREATE FUNCTION @extschema@.callback() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_callback';
CREATE FUNCTION @extschema@.state(OUT alive bigint, OUT any_destroyed boolean, OUT holdoff bigint,
        OUT cancel_holdoff bigint, OUT tainted boolean, OUT no_context boolean)
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_state';

-- memory
CREATE FUNCTION @extschema@.malloc_in_use() RETURNS bigint
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_malloc_in_use';
CREATE FUNCTION @extschema@.famine(kind text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_famine';

-- interrupts
CREATE FUNCTION @extschema@.work(wherein text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_work';
CREATE FUNCTION @extschema@.note_exit() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_note_exit';
CREATE FUNCTION @extschema@.fatal() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_fatal';

-- guards
CREATE FUNCTION @extschema@.guards(way_out text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_guards';
CREATE FUNCTION @extschema@.owner(way_out text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_owner';
CREATE FUNCTION @extschema@.user(role oid, way_out text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_user';
CREATE FUNCTION @extschema@.setting(name text, value text, way_out text) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_setting';
CREATE FUNCTION @extschema@.owned_memory() RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_owned_memory';
CREATE FUNCTION @extschema@.nested_transaction() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_nested_transaction';
CREATE FUNCTION @extschema@.nested_subtransactions() RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_nested_subtransactions';

-- SQL
CREATE FUNCTION @extschema@.round_trip(boolean, integer, bigint, double precision, text, jsonb,
        timestamptz, oid,
        OUT "boolean" boolean, OUT small integer, OUT big bigint, OUT "real" double precision,
        OUT words text, OUT doc jsonb, OUT moment timestamptz, OUT object oid)
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_round_trip';
CREATE FUNCTION @extschema@.execute(sql text, read_only boolean DEFAULT false,
        row_limit bigint DEFAULT 0,
        OUT size bigint, OUT columns bigint, OUT processed bigint, OUT first text)
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_execute';
CREATE FUNCTION @extschema@.misread(how text) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_misread';
CREATE FUNCTION @extschema@.session_and_exception() RETURNS integer
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_session_and_exception';

-- arguments and results
CREATE FUNCTION @extschema@.arguments(yes boolean, small integer, big bigint,
        "real" double precision, words text, object oid, moment timestamptz, doc jsonb,
        OUT boolean, OUT integer, OUT bigint, OUT double precision, OUT text, OUT oid,
        OUT timestamptz, OUT jsonb)
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_arguments';
CREATE FUNCTION @extschema@.interval_ms(interval) RETURNS bigint
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_interval_ms';
CREATE FUNCTION @extschema@.unix_us(timestamptz) RETURNS bigint
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_unix_us';
CREATE FUNCTION @extschema@.from_unix_us(bigint) RETURNS timestamptz
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_from_unix_us';
CREATE FUNCTION @extschema@.invalid_text() RETURNS text
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_invalid_text';
CREATE FUNCTION @extschema@.row_of(how text, OUT number integer, OUT word text)
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_row';
CREATE FUNCTION @extschema@.any_row(how text) RETURNS record
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_row';
CREATE FUNCTION @extschema@.no_row(how text) RETURNS integer
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_row';
CREATE FUNCTION @extschema@.squares(count integer)
        RETURNS TABLE (number integer, square bigint, note text)
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_squares';
CREATE FUNCTION @extschema@.any_squares(count integer) RETURNS SETOF record
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_squares';
CREATE FUNCTION @extschema@.one_square(count integer, OUT number integer, OUT square bigint,
        OUT note text)
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_squares';
CREATE FUNCTION @extschema@.words() RETURNS SETOF text
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_words';
CREATE FUNCTION @extschema@.wrong_words() RETURNS SETOF integer
    LANGUAGE c AS 'MODULE_PATHNAME', 'selftest_words';

-- shared state
CREATE FUNCTION @extschema@.shared_count(OUT count bigint, OUT born_in integer, OUT clean boolean)
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_shared_count';
CREATE FUNCTION @extschema@.shared_find() RETURNS bigint
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_shared_find';
CREATE FUNCTION @extschema@.shared_hold() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_shared_hold';
CREATE FUNCTION @extschema@.shared_holding() RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_shared_holding';
CREATE FUNCTION @extschema@.shared_release() RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_shared_release';

-- workers
CREATE FUNCTION @extschema@.start_worker(entry text, extra text DEFAULT '',
        restart_after integer DEFAULT -1, wait boolean DEFAULT true) RETURNS integer
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_start_worker';
CREATE FUNCTION @extschema@.worker_life(entry text) RETURNS text
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'selftest_worker_life';
