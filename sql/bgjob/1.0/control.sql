-- Control ------------------------------------------------------------------------------------

-- When a job that is paused was due.
CREATE TABLE bgjob.paused (
    job bigint NOT NULL,
    due_at timestamptz NOT NULL
) USING heap;
CREATE UNIQUE INDEX paused_pkey ON bgjob.paused (job);
COMMENT ON TABLE bgjob.paused IS 'private: when paused jobs were due';

-- How often the server or a worker ended without a word while a job was run, and the number of the
-- step that a workflow had come to.
CREATE TABLE bgjob.unclean (
    job bigint NOT NULL,
    ends integer NOT NULL,
    seq integer NOT NULL
) USING heap;
CREATE UNIQUE INDEX unclean_pkey ON bgjob.unclean (job);
COMMENT ON TABLE bgjob.unclean IS 'private: jobs that were run when the server or their worker ended without a word';

CREATE FUNCTION bgjob.cancel(job bigint, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_cancel_job';
COMMENT ON FUNCTION bgjob.cancel(bigint, text) IS
    'end a durable job when this transaction has committed: its SQL is interrupted, what its steps did is undone; false if it has ended already';

CREATE FUNCTION bgjob.pause(job bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_pause';
COMMENT ON FUNCTION bgjob.pause(bigint) IS
    'let a durable job rest until it is resumed; a workflow that runs goes on to its next wait';

CREATE FUNCTION bgjob.resume(job bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_resume';
COMMENT ON FUNCTION bgjob.resume(bigint) IS 'let a paused job go on';

CREATE FUNCTION bgjob.retry(job bigint, from_step text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_retry';
COMMENT ON FUNCTION bgjob.retry(bigint, text) IS
    'run a job again that has failed, is in quarantine or needs attention; from_step: a workflow does this step, and what came after, once more';

CREATE FUNCTION bgjob.set_status(status text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_set_status';
COMMENT ON FUNCTION bgjob.set_status(text) IS
    'in a workflow or one of its steps: say in words how far it has come; seen with the next step, wait or end';

CREATE PROCEDURE bgjob.await(job bigint, INOUT state text DEFAULT NULL, timeout interval DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_await';
COMMENT ON PROCEDURE bgjob.await(bigint, text, interval) IS
    'wait until a durable job has ended: succeeded, failed, cancelled, or ended if that is not known any more; after the timeout the state it is in. Commits first, where a procedure can';

CREATE FUNCTION bgjob.inject(point text, action text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_inject';
COMMENT ON FUNCTION bgjob.inject(text, text) IS
    'for tests, in builds that are made for them: a point of the program does this from now on (error, crash, sleep, off)';

SELECT pg_catalog.pg_extension_config_dump('bgjob.paused', '');
SELECT pg_catalog.pg_extension_config_dump('bgjob.unclean', '');

