\echo Use "CREATE EXTENSION bgjob_compat" to load this file. \quit

-- The extension is relocatable: what stands here in SQL is a view or an SQL-standard function body,
-- which knows other objects by OID and not by the name of their schema. Where 1.8 and 2.0 give one
-- name with the same arguments to different things, 1.8 stands.

-- Types ----------------------------------------------------------------------------------------

CREATE TYPE pg_background_handle AS (pid integer, cookie bigint);
COMMENT ON TYPE pg_background_handle IS
    'names one background job of this session; pid is a number of the handle''s own above 2^30, not that of a process';

CREATE TYPE pg_background_stats AS (
    workers_launched bigint,
    workers_completed bigint,
    workers_failed bigint,
    workers_canceled bigint,
    workers_active integer,
    avg_execution_ms double precision,
    max_workers integer
);
COMMENT ON TYPE pg_background_stats IS 'counters of this session, as in 1.8';

CREATE TYPE pg_background_progress AS (progress_pct integer, progress_msg text);
COMMENT ON TYPE pg_background_progress IS 'what a job last reported, as in 1.8';

CREATE TYPE pg_background_progress_info AS (progress_pct integer, progress_msg text);
COMMENT ON TYPE pg_background_progress_info IS 'what a job last reported';

CREATE TYPE pg_background_result_info AS (
    row_count bigint,
    command_tag text,
    completed boolean,
    has_error boolean,
    started_at timestamptz,
    finished_at timestamptz
);
COMMENT ON TYPE pg_background_result_info IS 'how a job stands, without its rows';

CREATE TYPE pg_background_error AS (
    sqlstate text,
    message text,
    detail text,
    hint text,
    context text,
    schema_name text,
    table_name text,
    column_name text,
    constraint_name text
);
COMMENT ON TYPE pg_background_error IS 'the error a job ended with';

CREATE TYPE pg_background_outcome AS (
    pid integer,
    cookie bigint,
    state text,
    consumed boolean,
    completed boolean,
    has_error boolean,
    row_count bigint,
    command_tag text,
    sqlstate text,
    error_message text,
    label text,
    launched_at timestamptz
);
COMMENT ON TYPE pg_background_outcome IS 'state, result and error of a job in one row';

CREATE TYPE pg_background_run_result AS (
    pid integer,
    cookie bigint,
    state text,
    consumed boolean,
    completed boolean,
    has_error boolean,
    row_count bigint,
    command_tag text,
    sqlstate text,
    error_message text,
    label text,
    launched_at timestamptz,
    timed_out boolean,
    elapsed_ms bigint
);
COMMENT ON TYPE pg_background_run_result IS 'the outcome of pg_background_run()';

-- First generation: names a job by its pid -----------------------------------------------------

CREATE FUNCTION pg_background_launch(sql text, queue_size integer DEFAULT 0) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_compat_launch_pid';
COMMENT ON FUNCTION pg_background_launch(text, integer) IS 'run SQL in the background and return the pid of its handle';

CREATE FUNCTION pg_background_result(pid integer) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_result';
COMMENT ON FUNCTION pg_background_result(integer) IS 'wait for the rows of a job and return them, once';

CREATE FUNCTION pg_background_detach(pid integer) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_detach';
COMMENT ON FUNCTION pg_background_detach(integer) IS 'forget a job; its work goes on';

-- Second generation and its successor: name a job by a handle ----------------------------------

CREATE FUNCTION pg_background_launch(sql text, queue_size integer, label text) RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_launch';
COMMENT ON FUNCTION pg_background_launch(text, integer, text) IS 'run SQL in the background under a label and return its handle';

CREATE FUNCTION pg_background_launch_v2(sql text, queue_size integer DEFAULT 0) RETURNS pg_background_handle
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_launch';
COMMENT ON FUNCTION pg_background_launch_v2(text, integer) IS 'run SQL in the background and return its handle';

CREATE FUNCTION pg_background_launch_v2(sql text, queue_size integer, label text) RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_launch';
COMMENT ON FUNCTION pg_background_launch_v2(text, integer, text) IS 'run SQL in the background under a label and return its handle';

CREATE FUNCTION pg_background_submit(sql text, queue_size integer DEFAULT 0) RETURNS pg_background_handle
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_submit';
COMMENT ON FUNCTION pg_background_submit(text, integer) IS 'like launch, but without rows';

CREATE FUNCTION pg_background_submit(sql text, queue_size integer, label text) RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_submit';
COMMENT ON FUNCTION pg_background_submit(text, integer, text) IS 'like launch, but without rows';

CREATE FUNCTION pg_background_submit_v2(sql text, queue_size integer DEFAULT 0) RETURNS pg_background_handle
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_submit';
COMMENT ON FUNCTION pg_background_submit_v2(text, integer) IS 'like launch_v2, but without rows';

CREATE FUNCTION pg_background_submit_v2(sql text, queue_size integer, label text) RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support
    AS 'MODULE_PATHNAME', 'bgjob_compat_submit';
COMMENT ON FUNCTION pg_background_submit_v2(text, integer, text) IS 'like launch_v2, but without rows';

CREATE FUNCTION pg_background_result(pid integer, cookie bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_result';
COMMENT ON FUNCTION pg_background_result(integer, bigint) IS 'wait for the rows of a job and return them, once';

CREATE FUNCTION pg_background_result_v2(pid integer, cookie bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_result';
COMMENT ON FUNCTION pg_background_result_v2(integer, bigint) IS 'wait for the rows of a job and return them, once';

CREATE FUNCTION pg_background_detach(pid integer, cookie bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_detach';
COMMENT ON FUNCTION pg_background_detach(integer, bigint) IS 'forget a job; its work goes on';

CREATE FUNCTION pg_background_detach_v2(pid integer, cookie bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_detach';
COMMENT ON FUNCTION pg_background_detach_v2(integer, bigint) IS 'forget a job; its work goes on';

CREATE FUNCTION pg_background_cancel(pid integer, cookie bigint, grace_ms integer DEFAULT 0) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel';
COMMENT ON FUNCTION pg_background_cancel(integer, bigint, integer) IS
    'ask a job to stop; with a grace (at most 1 hour) wait that long and then end its worker''s session';

CREATE FUNCTION pg_background_cancel_v2(pid integer, cookie bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel';
COMMENT ON FUNCTION pg_background_cancel_v2(integer, bigint) IS 'ask a job to stop';

CREATE FUNCTION pg_background_cancel_v2(pid integer, cookie bigint, grace_ms integer) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel';
COMMENT ON FUNCTION pg_background_cancel_v2(integer, bigint, integer) IS 'ask a job to stop, with a grace';

CREATE FUNCTION pg_background_cancel_v2_grace(pid integer, cookie bigint, grace_ms integer) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel';
COMMENT ON FUNCTION pg_background_cancel_v2_grace(integer, bigint, integer) IS 'ask a job to stop, with a grace';

CREATE FUNCTION pg_background_wait(pid integer, cookie bigint, timeout_ms integer DEFAULT 0) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait';
COMMENT ON FUNCTION pg_background_wait(integer, bigint, integer) IS
    'wait until a job has ended: true if it has, false if timeout_ms ran out first; no limit if that is 0 or less';

CREATE FUNCTION pg_background_wait_v2(pid integer, cookie bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait';
COMMENT ON FUNCTION pg_background_wait_v2(integer, bigint) IS 'wait until a job has ended';

CREATE FUNCTION pg_background_wait_v2(pid integer, cookie bigint, timeout_ms integer) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait';
COMMENT ON FUNCTION pg_background_wait_v2(integer, bigint, integer) IS 'like pg_background_wait()';

CREATE FUNCTION pg_background_wait_v2_timeout(pid integer, cookie bigint, timeout_ms integer) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait_timeout';
COMMENT ON FUNCTION pg_background_wait_v2_timeout(integer, bigint, integer) IS
    'whether a job has ended, after waiting at most timeout_ms for that';

CREATE FUNCTION pg_background_detach_all() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_detach_all';
COMMENT ON FUNCTION pg_background_detach_all() IS 'detach every job of this session; returns how many';

CREATE FUNCTION pg_background_detach_all_v2() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_detach_all';
COMMENT ON FUNCTION pg_background_detach_all_v2() IS 'detach every job of this session; returns how many';

CREATE FUNCTION pg_background_cancel_all() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel_all';
COMMENT ON FUNCTION pg_background_cancel_all() IS 'cancel every job of this session; returns how many';

CREATE FUNCTION pg_background_cancel_all_v2() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel_all';
COMMENT ON FUNCTION pg_background_cancel_all_v2() IS 'cancel every job of this session; returns how many';

CREATE FUNCTION pg_background_cancel_by_label(pattern text, grace_ms integer DEFAULT 0) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel_by_label';
COMMENT ON FUNCTION pg_background_cancel_by_label(text, integer) IS
    'cancel the jobs of this session whose label is LIKE the pattern; returns how many';

CREATE FUNCTION pg_background_cancel_by_label_v2(pattern text, grace_ms integer DEFAULT 0) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_cancel_by_label';
COMMENT ON FUNCTION pg_background_cancel_by_label_v2(text, integer) IS 'like pg_background_cancel_by_label()';

CREATE FUNCTION pg_background_purge() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_purge';
COMMENT ON FUNCTION pg_background_purge() IS 'detach the jobs of this session that have ended; returns how many';

CREATE FUNCTION pg_background_purge_v2() RETURNS integer
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_purge';
COMMENT ON FUNCTION pg_background_purge_v2() IS 'like pg_background_purge()';

-- What is known of a job -----------------------------------------------------------------------

CREATE FUNCTION pg_background_list() RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_list';
COMMENT ON FUNCTION pg_background_list() IS 'the jobs of this session, in 9 columns or 10 with the label';

CREATE FUNCTION pg_background_list_v2() RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_list';
COMMENT ON FUNCTION pg_background_list_v2() IS 'the jobs of this session, in 9 columns or 10 with the label';

CREATE FUNCTION pg_background_worker_pid(pid integer, cookie bigint) RETURNS integer
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_worker_pid';
COMMENT ON FUNCTION pg_background_worker_pid(integer, bigint) IS
    'the process that works on a job now, as pg_stat_activity shows it; NULL if there is none';

CREATE FUNCTION pg_background_stats_v2() RETURNS pg_background_stats
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_stats';
COMMENT ON FUNCTION pg_background_stats_v2() IS 'counters of this session; a job is counted when it is detached or its rows were taken';

CREATE FUNCTION pg_background_stats(
    OUT workers_launched bigint,
    OUT workers_completed bigint,
    OUT workers_failed bigint,
    OUT workers_canceled bigint,
    OUT workers_timed_out bigint,
    OUT workers_active integer,
    OUT avg_execution_ms double precision,
    OUT max_workers integer
) RETURNS record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_stats';
COMMENT ON FUNCTION pg_background_stats() IS 'counters of this session as in 2.0, which counts timeouts too';

CREATE FUNCTION pg_background_progress(pct integer, msg text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_report_progress';
COMMENT ON FUNCTION pg_background_progress(integer, text) IS 'called by a job to tell how far it is';

CREATE FUNCTION pg_background_report_progress(pct integer, msg text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_report_progress';
COMMENT ON FUNCTION pg_background_report_progress(integer, text) IS 'called by a job to tell how far it is';

CREATE FUNCTION pg_background_get_progress(pid integer, cookie bigint) RETURNS pg_background_progress_info
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_get_progress';
COMMENT ON FUNCTION pg_background_get_progress(integer, bigint) IS 'what a job last reported, NULL if nothing';

CREATE FUNCTION pg_background_get_progress_v2(pid integer, cookie bigint) RETURNS pg_background_progress
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_get_progress';
COMMENT ON FUNCTION pg_background_get_progress_v2(integer, bigint) IS 'what a job last reported, NULL if nothing';

CREATE FUNCTION pg_background_result_info(pid integer, cookie bigint) RETURNS pg_background_result_info
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_result_info';
COMMENT ON FUNCTION pg_background_result_info(integer, bigint) IS 'how a job stands, without taking its rows';

CREATE FUNCTION pg_background_result_info_v2(pid integer, cookie bigint) RETURNS pg_background_result_info
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_result_info';
COMMENT ON FUNCTION pg_background_result_info_v2(integer, bigint) IS 'how a job stands, without taking its rows';

CREATE FUNCTION pg_background_error_info(pid integer, cookie bigint) RETURNS pg_background_error
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_error_info';
COMMENT ON FUNCTION pg_background_error_info(integer, bigint) IS 'the error of a job without raising it, NULL if there is none';

CREATE FUNCTION pg_background_error_info_v2(pid integer, cookie bigint) RETURNS pg_background_error
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_error_info';
COMMENT ON FUNCTION pg_background_error_info_v2(integer, bigint) IS 'the error of a job without raising it, NULL if there is none';

CREATE FUNCTION pg_background_full_sql(pid integer, cookie bigint) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_full_sql';
COMMENT ON FUNCTION pg_background_full_sql(integer, bigint) IS 'the whole SQL text of a job';

CREATE FUNCTION pg_background_full_sql_v2(pid integer, cookie bigint) RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_full_sql';
COMMENT ON FUNCTION pg_background_full_sql_v2(integer, bigint) IS 'the whole SQL text of a job';

CREATE FUNCTION pg_background_outcome(p_pid integer, p_cookie bigint) RETURNS pg_background_outcome
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_outcome';
COMMENT ON FUNCTION pg_background_outcome(integer, bigint) IS
    'state, result and error of a job; never raises, what is not known is NULL';

CREATE FUNCTION pg_background_outcome_v2(p_pid integer, p_cookie bigint) RETURNS pg_background_outcome
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_outcome';
COMMENT ON FUNCTION pg_background_outcome_v2(integer, bigint) IS 'like pg_background_outcome()';

CREATE FUNCTION pg_background_status_v2(p_pid integer, p_cookie bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL RESTRICTED
    RETURN pg_catalog.to_jsonb(pg_background_outcome(p_pid, p_cookie));
COMMENT ON FUNCTION pg_background_status_v2(integer, bigint) IS 'the outcome of a job as a JSON object';

CREATE VIEW pg_background_list AS
    SELECT l.pid, l.cookie, l.launched_at, l.user_id, l.queue_size, l.state, l.sql_preview, l.last_error, l.consumed, l.label
      FROM pg_background_list() AS l(pid integer, cookie bigint, launched_at timestamptz, user_id oid, queue_size integer,
                                     state text, sql_preview text, last_error text, consumed boolean, label text);
COMMENT ON VIEW pg_background_list IS 'the jobs of this session';

CREATE VIEW pg_background_activity AS
    SELECT l.pid, l.cookie, l.launched_at, l.user_id, l.queue_size, l.state AS pgbg_state, l.sql_preview, l.last_error,
           l.consumed, l.label, a.state AS backend_state, a.wait_event_type, a.wait_event, a.xact_start, a.query_start,
           a.backend_start, a.query
      FROM pg_background_list l
      LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = pg_background_worker_pid(l.pid, l.cookie);
COMMENT ON VIEW pg_background_activity IS 'the jobs of this session and what their workers do';

-- Several steps in one -------------------------------------------------------------------------

CREATE FUNCTION pg_background_run(
    sql text, queue_size integer DEFAULT 0, timeout_ms integer DEFAULT 0, label text DEFAULT NULL
) RETURNS pg_background_run_result
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support AS 'MODULE_PATHNAME', 'bgjob_compat_run';
COMMENT ON FUNCTION pg_background_run(text, integer, integer, text) IS
    'run SQL in the background, wait, detach and tell how it went, without its rows';

CREATE FUNCTION pg_background_run_v2(
    sql text, queue_size integer DEFAULT 0, timeout_ms integer DEFAULT 0, label text DEFAULT NULL
) RETURNS pg_background_run_result
    LANGUAGE c VOLATILE PARALLEL UNSAFE SUPPORT bgjob.launch_support AS 'MODULE_PATHNAME', 'bgjob_compat_run';
COMMENT ON FUNCTION pg_background_run_v2(text, integer, integer, text) IS 'like pg_background_run()';

CREATE FUNCTION pg_background_run_query(
    sql text, queue_size integer DEFAULT 0, timeout_ms integer DEFAULT 0, label text DEFAULT NULL,
    col_def text DEFAULT NULL
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_compat_run_query';
COMMENT ON FUNCTION pg_background_run_query(text, integer, integer, text, text) IS
    'run SQL in the background, wait and return its rows in the columns of the caller''s list; no rows if col_def is NULL';

CREATE FUNCTION pg_background_run_query_v2(
    sql text, queue_size integer DEFAULT 0, timeout_ms integer DEFAULT 0, label text DEFAULT NULL,
    col_def text DEFAULT NULL
) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_compat_run_query';
COMMENT ON FUNCTION pg_background_run_query_v2(text, integer, integer, text, text) IS 'like pg_background_run_query()';

CREATE FUNCTION pg_background_drain(handles pg_background_handle[], timeout_ms integer DEFAULT 0)
    RETURNS SETOF pg_background_outcome
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_drain';
COMMENT ON FUNCTION pg_background_drain(pg_background_handle[], integer) IS
    'wait for the jobs, timeout_ms for all together, return their outcomes in the order given and detach those that have ended';

CREATE FUNCTION pg_background_drain_v2(handles pg_background_handle[], timeout_ms integer DEFAULT 0)
    RETURNS SETOF pg_background_outcome
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_drain';
COMMENT ON FUNCTION pg_background_drain_v2(pg_background_handle[], integer) IS 'like pg_background_drain()';

CREATE FUNCTION pg_background_wait_any(handles pg_background_handle[], timeout_ms integer DEFAULT 0)
    RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait_any';
COMMENT ON FUNCTION pg_background_wait_any(pg_background_handle[], integer) IS
    'wait until one of the jobs has ended and return its handle; NULL if timeout_ms ran out first';

CREATE FUNCTION pg_background_wait_any_v2(handles pg_background_handle[], timeout_ms integer DEFAULT 0)
    RETURNS pg_background_handle
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bgjob_compat_wait_any';
COMMENT ON FUNCTION pg_background_wait_any_v2(pg_background_handle[], integer) IS 'like pg_background_wait_any()';

-- Privileges -----------------------------------------------------------------------------------

CREATE FUNCTION pg_background_change_privileges(verb text, preposition text, grantee text, print_commands boolean)
    RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT CASE d.classid
                   WHEN 'pg_proc'::regclass
                       THEN format('%s EXECUTE ON FUNCTION %s %s %s', verb, d.objid::regprocedure, preposition, grantee)
                   WHEN 'pg_type'::regclass
                       THEN format('%s USAGE ON TYPE %s %s %s', verb, d.objid::regtype, preposition, grantee)
                   ELSE format('%s SELECT ON TABLE %s %s %s', verb, d.objid::regclass, preposition, grantee)
               END
          FROM pg_depend d
          JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'bgjob_compat'
          LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
          LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
          LEFT JOIN pg_class c ON c.oid = CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE t.typrelid END
         WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
           AND (p.proname !~ '_privileges$|_drop_executor_role$'
                OR d.classid = 'pg_type'::regclass AND c.relkind = 'c'
                OR d.classid = 'pg_class'::regclass AND c.relkind = 'v')
         ORDER BY d.classid, d.objid
    LOOP
        EXECUTE command;
        IF print_commands THEN
            RAISE INFO '%', command;
        END IF;
    END LOOP;
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'privileges of % could not be changed: %', grantee, SQLERRM;
    RETURN false;
END $$;
COMMENT ON FUNCTION pg_background_change_privileges(text, text, text, boolean) IS 'behind the functions that grant and revoke';

CREATE FUNCTION pg_background_grant_privileges(role_name text, print_commands boolean DEFAULT false) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    RETURN pg_background_change_privileges('GRANT', 'TO', pg_catalog.quote_ident(role_name), print_commands);
COMMENT ON FUNCTION pg_background_grant_privileges(text, boolean) IS 'let a role use these functions; false and a notice if that fails';

CREATE FUNCTION pg_background_revoke_privileges(role_name text, print_commands boolean DEFAULT false) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    RETURN pg_background_change_privileges('REVOKE', 'FROM', pg_catalog.quote_ident(role_name), print_commands);
COMMENT ON FUNCTION pg_background_revoke_privileges(text, boolean) IS 'take back what pg_background_grant_privileges() gave';

CREATE FUNCTION grant_pg_background_privileges(role_name text, print_commands boolean DEFAULT false) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    RETURN pg_background_grant_privileges(role_name, print_commands);
COMMENT ON FUNCTION grant_pg_background_privileges(text, boolean) IS 'the name of pg_background_grant_privileges() in 1.8';

CREATE FUNCTION revoke_pg_background_privileges(role_name text, print_commands boolean DEFAULT false) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    RETURN pg_background_revoke_privileges(role_name, print_commands);
COMMENT ON FUNCTION revoke_pg_background_privileges(text, boolean) IS 'the name of pg_background_revoke_privileges() in 1.8';

-- What was granted to the role has to go before the role can; what it owns must not go unasked.
CREATE FUNCTION pg_background_drop_executor_role() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regrole('pgbackground_role') IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
                  AND refobjid = to_regrole('pgbackground_role')) THEN
        RAISE EXCEPTION 'role "pgbackground_role" owns objects' USING ERRCODE = 'dependent_objects_still_exist';
    END IF;
    DROP OWNED BY pgbackground_role;
    DROP ROLE pgbackground_role;
END $$;
COMMENT ON FUNCTION pg_background_drop_executor_role() IS 'drop the role pgbackground_role and its privileges here';

DO $$
BEGIN
    IF pg_catalog.to_regrole('pgbackground_role') IS NULL THEN
        CREATE ROLE pgbackground_role NOLOGIN INHERIT;
    END IF;
    IF NOT pg_background_change_privileges('REVOKE', 'FROM', 'PUBLIC', false)
       OR NOT pg_background_grant_privileges('pgbackground_role') THEN
        RAISE EXCEPTION 'could not set the privileges of bgjob_compat';
    END IF;
END $$;
REVOKE ALL ON FUNCTION
    pg_background_change_privileges(text, text, text, boolean),
    pg_background_grant_privileges(text, boolean), pg_background_revoke_privileges(text, boolean),
    grant_pg_background_privileges(text, boolean), revoke_pg_background_privileges(text, boolean),
    pg_background_drop_executor_role() FROM PUBLIC;

-- The session that installs the extension has its settings at once, as with pg_background.
DO $$ BEGIN PERFORM pg_background_stats_v2(); END $$;
