\echo Use "CREATE EXTENSION walrus" to load this file. \quit

-- History ------------------------------------------------------------------------------------

CREATE TABLE walrus.history (
    id bigserial PRIMARY KEY,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    action text NOT NULL CHECK (action IN ('increase', 'decrease', 'capped', 'dry_run', 'skipped',
                                           'external', 'failed', 'ignored', 'restored', 'reset')),
    old_size_mb integer NOT NULL CHECK (old_size_mb > 0),
    new_size_mb integer NOT NULL CHECK (new_size_mb > 0),
    forced_checkpoints bigint NOT NULL CHECK (forced_checkpoints >= 0),
    checkpoint_timeout_sec integer NOT NULL CHECK (checkpoint_timeout_sec > 0),
    reason text,
    metadata jsonb
);
CREATE INDEX walrus_history_timestamp_idx ON walrus.history ("timestamp");
COMMENT ON TABLE walrus.history IS 'decisions of walrus in the database walrus.database; kept for walrus.history_retention_days';
COMMENT ON INDEX walrus.walrus_history_timestamp_idx IS 'for reading by time and for deleting what is old';
COMMENT ON COLUMN walrus.history.id IS 'order of writing';
COMMENT ON COLUMN walrus.history."timestamp" IS 'when it was decided';
COMMENT ON COLUMN walrus.history.action IS
    'increase and decrease were applied, dry_run was only decided; capped wants more than a limit allows, skipped may not yet; external is a change by others; failed and ignored did not take effect; restored and reset are the functions';
COMMENT ON COLUMN walrus.history.old_size_mb IS 'max_wal_size before';
COMMENT ON COLUMN walrus.history.new_size_mb IS 'max_wal_size after; of dry_run, failed and ignored what was wanted';
COMMENT ON COLUMN walrus.history.forced_checkpoints IS 'checkpoints forced by WAL in the window looked at';
COMMENT ON COLUMN walrus.history.checkpoint_timeout_sec IS 'checkpoint_timeout at that time';
COMMENT ON COLUMN walrus.history.reason IS 'one sentence';
COMMENT ON COLUMN walrus.history.metadata IS 'the figures that led to it';
SELECT pg_catalog.pg_extension_config_dump('walrus.history', '');
SELECT pg_catalog.pg_extension_config_dump('walrus.history_id_seq', '');

CREATE FUNCTION walrus.history()
    RETURNS TABLE ("timestamp" timestamptz, action text, old_size_mb integer, new_size_mb integer,
                   forced_checkpoints bigint, reason text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT h."timestamp", h.action, h.old_size_mb, h.new_size_mb, h.forced_checkpoints, h.reason
      FROM walrus.history h ORDER BY h."timestamp", h.id
$$;
COMMENT ON FUNCTION walrus.history() IS 'the table walrus.history, oldest first';

CREATE FUNCTION walrus.cleanup_history() RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'walrus_cleanup_history';
COMMENT ON FUNCTION walrus.cleanup_history() IS
    'delete history older than walrus.history_retention_days, with 0 all of it; returns how many rows';

-- State --------------------------------------------------------------------------------------

CREATE FUNCTION walrus.status() RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_status';
COMMENT ON FUNCTION walrus.status() IS
    'settings and state of walrus, with the keys of pg_walrus, and: preloaded, mode, algorithm, dry_run, standing (active, off, advising, standby, overridden, write_failed, not_taken; null when not preloaded), bound (the limit that keeps walrus from setting what is wanted, or null), recommended_max_wal_size_mb, original_max_wal_size_mb (what restore() puts back), exact_causes (false: the server does not log checkpoints), worker_pid, failure_sqlstate and retry_at (of the last failure to apply)';

CREATE FUNCTION walrus.recommendation() RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_recommendation';
COMMENT ON FUNCTION walrus.recommendation() IS
    'what walrus would do now: current_size_mb, recommended_size_mb, action (increase, decrease, none, error), reason, and confidence: up to 80 for the part of checkpoint_timeout that was looked at, and 20 when the causes of checkpoints are exact';

CREATE FUNCTION walrus.analyze(apply boolean DEFAULT false) RETURNS jsonb
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'walrus_analyze';
COMMENT ON FUNCTION walrus.analyze(boolean) IS
    'analyzed, recommendation, applied, and a reason when something was not done; with apply the worker sets max_wal_size at once, without cooldown and hourly limit, never while walrus only advises: this needs the ALTER SYSTEM privilege on max_wal_size and cannot run inside a transaction block';

CREATE FUNCTION walrus.last_decision(
    OUT current_mb integer, OUT recommended_mb integer, OUT action text, OUT reason text, OUT sentence text,
    OUT standing text, OUT obstacle text, OUT statement text, OUT wanted_mb integer, OUT floor_mb integer,
    OUT cap_mb integer, OUT binding_limit text, OUT unbind text, OUT demand_mb double precision,
    OUT peak_mb double precision, OUT trigger_mb double precision, OUT utilisation double precision,
    OUT wal_checkpoints bigint, OUT timed_checkpoints bigint, OUT other_checkpoints bigint,
    OUT window_seconds double precision, OUT full_window boolean, OUT checkpoint_timeout interval,
    OUT source text, OUT source_file text, OUT source_line integer, OUT failure text, OUT retry_at timestamptz,
    OUT advice text[], OUT checked_at timestamptz
) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'walrus_last_decision';
COMMENT ON FUNCTION walrus.last_decision() IS 'behind the view walrus.why';

CREATE VIEW walrus.why AS SELECT d.* FROM walrus.last_decision() d;
COMMENT ON VIEW walrus.why IS 'the last decision in one row, with the figures that led to it; no row when walrus is not preloaded';
COMMENT ON COLUMN walrus.why.current_mb IS 'max_wal_size that it rests on';
COMMENT ON COLUMN walrus.why.recommended_mb IS 'what the demand asks for, within floor_mb and cap_mb';
COMMENT ON COLUMN walrus.why.action IS 'hold, increase, decrease, capped or skipped';
COMMENT ON COLUMN walrus.why.reason IS 'a fixed name for programs';
COMMENT ON COLUMN walrus.why.sentence IS 'the reason for people';
COMMENT ON COLUMN walrus.why.standing IS 'active, off, advising, standby, overridden, write_failed or not_taken';
COMMENT ON COLUMN walrus.why.obstacle IS 'why walrus does not apply what it decides; null when it does';
COMMENT ON COLUMN walrus.why.statement IS 'what to run by hand when walrus does not apply a change itself';
COMMENT ON COLUMN walrus.why.wanted_mb IS 'what the demand asks for, before any limit; null when not known';
COMMENT ON COLUMN walrus.why.floor_mb IS 'the least size that walrus sets';
COMMENT ON COLUMN walrus.why.cap_mb IS 'the largest size that walrus sets';
COMMENT ON COLUMN walrus.why.binding_limit IS 'the limit that keeps walrus from setting wanted_mb: walrus.max, disk or recovery; null when none does';
COMMENT ON COLUMN walrus.why.unbind IS 'what to change so that the limit no longer binds';
COMMENT ON COLUMN walrus.why.demand_mb IS 'WAL per checkpoint_timeout; extrapolated while full_window is false';
COMMENT ON COLUMN walrus.why.peak_mb IS 'the most WAL per checkpoint_timeout in the last day';
COMMENT ON COLUMN walrus.why.trigger_mb IS 'WAL after which the present max_wal_size forces a checkpoint';
COMMENT ON COLUMN walrus.why.utilisation IS 'demand_mb in relation to trigger_mb';
COMMENT ON COLUMN walrus.why.wal_checkpoints IS 'checkpoints forced by WAL in the window';
COMMENT ON COLUMN walrus.why.timed_checkpoints IS 'checkpoints by time in the window';
COMMENT ON COLUMN walrus.why.other_checkpoints IS 'checkpoints of commands, backups and shutdowns in the window';
COMMENT ON COLUMN walrus.why.window_seconds IS 'length of the window looked at';
COMMENT ON COLUMN walrus.why.full_window IS 'whether the window spans a whole checkpoint_timeout';
COMMENT ON COLUMN walrus.why.checkpoint_timeout IS 'checkpoint_timeout at the last look';
COMMENT ON COLUMN walrus.why.source IS 'where max_wal_size comes from, as in pg_settings';
COMMENT ON COLUMN walrus.why.source_file IS 'the file it comes from';
COMMENT ON COLUMN walrus.why.source_line IS 'and its line';
COMMENT ON COLUMN walrus.why.failure IS 'message of the last failure to apply, while it matters';
COMMENT ON COLUMN walrus.why.retry_at IS 'when walrus tries again after a failure';
COMMENT ON COLUMN walrus.why.advice IS 'other settings worth a look';
COMMENT ON COLUMN walrus.why.checked_at IS 'when the worker last looked';

CREATE FUNCTION walrus.cause_counts(
    OUT kind text, OUT cause text, OUT count bigint, OUT inferred bigint, OUT last_at timestamptz
) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE ROWS 6 AS 'MODULE_PATHNAME', 'walrus_cause_counts';
COMMENT ON FUNCTION walrus.cause_counts() IS 'behind the view walrus.checkpoint_causes';

CREATE VIEW walrus.checkpoint_causes AS SELECT c.* FROM walrus.cause_counts() c;
COMMENT ON VIEW walrus.checkpoint_causes IS 'why checkpoints and restartpoints began, since the server started';
COMMENT ON COLUMN walrus.checkpoint_causes.kind IS 'checkpoint or restartpoint, the latter of a standby';
COMMENT ON COLUMN walrus.checkpoint_causes.cause IS 'wal, time, or other: commands, backups, shutdown, recovery';
COMMENT ON COLUMN walrus.checkpoint_causes.count IS 'exact, from the server''s own words';
COMMENT ON COLUMN walrus.checkpoint_causes.inferred IS 'estimated from the distance of redo points while log_checkpoints was off';
COMMENT ON COLUMN walrus.checkpoint_causes.last_at IS 'when the last of those counted exactly began';

CREATE FUNCTION walrus.recent_events(
    OUT id bigint, OUT at timestamptz, OUT action text, OUT old_size_mb integer, OUT new_size_mb integer,
    OUT sentence text, OUT reason text, OUT binding_limit text, OUT forced_checkpoints bigint,
    OUT demand_bytes bigint, OUT checkpoint_timeout interval, OUT sqlstate text
) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE ROWS 256 AS 'MODULE_PATHNAME', 'walrus_recent_events';
COMMENT ON FUNCTION walrus.recent_events() IS 'behind the view walrus.events';

CREATE VIEW walrus.events AS SELECT e.* FROM walrus.recent_events() e ORDER BY e.id;
COMMENT ON VIEW walrus.events IS 'the last 256 events since the server started, newest last, from shared memory';
COMMENT ON COLUMN walrus.events.id IS '1, 2, ... since the server started';
COMMENT ON COLUMN walrus.events.at IS 'when it happened';
COMMENT ON COLUMN walrus.events.action IS 'as in walrus.history';
COMMENT ON COLUMN walrus.events.old_size_mb IS 'max_wal_size before';
COMMENT ON COLUMN walrus.events.new_size_mb IS 'max_wal_size after, or what was wanted';
COMMENT ON COLUMN walrus.events.sentence IS 'what happened, for people';
COMMENT ON COLUMN walrus.events.reason IS 'of the decision, a fixed name for programs';
COMMENT ON COLUMN walrus.events.binding_limit IS 'the limit that kept walrus from setting what was wanted; null when none did';
COMMENT ON COLUMN walrus.events.forced_checkpoints IS 'checkpoints forced by WAL in the window looked at';
COMMENT ON COLUMN walrus.events.demand_bytes IS 'WAL per checkpoint_timeout';
COMMENT ON COLUMN walrus.events.checkpoint_timeout IS 'checkpoint_timeout at that time';
COMMENT ON COLUMN walrus.events.sqlstate IS 'of the error, when ALTER SYSTEM failed';

CREATE FUNCTION walrus.simulate(
    max_wal_size text, checkpoint_timeout interval DEFAULT NULL,
    OUT max_wal_size_mb integer, OUT timeout interval, OUT recorded_minutes integer, OUT recorded_bytes bigint,
    OUT forced_per_day double precision, OUT timed_per_day double precision, OUT most_between_bytes bigint,
    OUT needed_mb integer
) RETURNS record
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_simulate';
COMMENT ON FUNCTION walrus.simulate(text, interval) IS
    'the checkpoints that the WAL of the last day would have caused under another max_wal_size and checkpoint_timeout (default: the present one), and the least max_wal_size without a forced one; null while nothing is recorded, an upper bound for larger values';

-- Monitoring ---------------------------------------------------------------------------------

CREATE FUNCTION walrus.metric_values(
    OUT name text, OUT labels text, OUT type text, OUT value double precision, OUT help text
) RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE ROWS 40 AS 'MODULE_PATHNAME', 'walrus_metric_values';
COMMENT ON FUNCTION walrus.metric_values() IS 'behind the view walrus.metrics';

CREATE VIEW walrus.metrics AS SELECT m.* FROM walrus.metric_values() m;
COMMENT ON VIEW walrus.metrics IS 'figures for monitoring under Prometheus names; what is not known is left out';
COMMENT ON COLUMN walrus.metrics.name IS 'name of the metric, counters end in _total';
COMMENT ON COLUMN walrus.metrics.labels IS 'as in cause="wal"; null for none';
COMMENT ON COLUMN walrus.metrics.type IS 'gauge or counter';
COMMENT ON COLUMN walrus.metrics.value IS 'in the unit that the name ends in';
COMMENT ON COLUMN walrus.metrics.help IS 'what it is';

CREATE FUNCTION walrus.openmetrics() RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'walrus_openmetrics';
COMMENT ON FUNCTION walrus.openmetrics() IS 'walrus.metrics as OpenMetrics text';

-- Control ------------------------------------------------------------------------------------

CREATE FUNCTION walrus.restore() RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'walrus_restore';
COMMENT ON FUNCTION walrus.restore() IS
    'put back the max_wal_size found before the first change; false when walrus never changed it; cannot run inside a transaction block';

CREATE FUNCTION walrus.reset() RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'walrus_reset';
COMMENT ON FUNCTION walrus.reset() IS
    'forget what was learned: window, peaks, counts of changes; neither max_wal_size nor history changes';

-- Privileges ---------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA walrus FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA walrus FROM PUBLIC;
REVOKE ALL ON SCHEMA walrus FROM PUBLIC;

GRANT USAGE ON SCHEMA walrus TO pg_monitor;
GRANT SELECT ON walrus.history, walrus.why, walrus.checkpoint_causes, walrus.events, walrus.metrics TO pg_monitor;
GRANT EXECUTE ON FUNCTION
    walrus.history(), walrus.status(), walrus.recommendation(), walrus.analyze(boolean), walrus.last_decision(),
    walrus.cause_counts(), walrus.recent_events(), walrus.simulate(text, interval), walrus.metric_values(),
    walrus.openmetrics() TO pg_monitor;
