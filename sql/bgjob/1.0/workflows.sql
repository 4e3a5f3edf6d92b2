-- Workflows ----------------------------------------------------------------------------------

CREATE PROCEDURE bgjob.step(
    name text,
    command text,
    undo text DEFAULT NULL,
    args jsonb DEFAULT NULL,
    attempts integer DEFAULT NULL,
    retry jsonb DEFAULT NULL,
    timeout interval DEFAULT NULL,
    isolation text DEFAULT NULL,
    read_only boolean DEFAULT false,
    atomic boolean DEFAULT true
)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_step';
COMMENT ON PROCEDURE bgjob.step(text, text, text, jsonb, integer, jsonb, interval, text, boolean, boolean) IS
    'in a workflow: run a statement exactly once, in a transaction of its own; args is an array for $1, $2, ...; undo is run with the same arguments if the workflow fails or is cancelled';

CREATE PROCEDURE bgjob.step(
    name text,
    command text,
    INOUT result jsonb,
    undo text DEFAULT NULL,
    args jsonb DEFAULT NULL,
    attempts integer DEFAULT NULL,
    retry jsonb DEFAULT NULL,
    timeout interval DEFAULT NULL,
    isolation text DEFAULT NULL,
    read_only boolean DEFAULT false,
    atomic boolean DEFAULT true
)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_step_result';
COMMENT ON PROCEDURE bgjob.step(text, text, jsonb, text, jsonb, integer, jsonb, interval, text, boolean, boolean) IS
    'the same; result is an array with an object for each row that the statement returns';

CREATE PROCEDURE bgjob.sleep(duration interval, name text DEFAULT 'sleep')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_sleep';
COMMENT ON PROCEDURE bgjob.sleep(interval, text) IS
    'in a workflow: go on after this time; no worker is held meanwhile';

CREATE PROCEDURE bgjob.sleep_until("time" timestamptz, name text DEFAULT 'sleep')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_sleep_until';
COMMENT ON PROCEDURE bgjob.sleep_until(timestamptz, text) IS
    'in a workflow: go on at this time; no worker is held meanwhile';

CREATE PROCEDURE bgjob.wait_signal(name text, timeout interval DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_wait_signal';
COMMENT ON PROCEDURE bgjob.wait_signal(text, interval) IS
    'in a workflow: take the oldest signal of that name, or wait for one; go on without after the timeout';

CREATE PROCEDURE bgjob.wait_signal(name text, INOUT result jsonb, timeout interval DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_wait_signal_result';
COMMENT ON PROCEDURE bgjob.wait_signal(text, jsonb, interval) IS
    'the same; result is the payload of the signal, or null after the timeout';

CREATE FUNCTION bgjob.signal(job bigint, name text, payload jsonb DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_signal';
COMMENT ON FUNCTION bgjob.signal(bigint, text, jsonb) IS
    'send a signal to a workflow that has not ended; it is kept, in order, until the workflow takes it';

CREATE FUNCTION bgjob.spawn(command text, args jsonb DEFAULT NULL, name text DEFAULT 'spawn', options jsonb DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_spawn';
COMMENT ON FUNCTION bgjob.spawn(text, jsonb, text, jsonb) IS
    'in a workflow: start a statement as a child job, to be waited for with join; its id';

CREATE FUNCTION bgjob.spawn_workflow(procedure text, input jsonb DEFAULT NULL, name text DEFAULT 'spawn', options jsonb DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'bgjob_spawn_workflow';
COMMENT ON FUNCTION bgjob.spawn_workflow(text, jsonb, text, jsonb) IS
    'in a workflow: start another workflow as a child job, to be waited for with join; its id';

CREATE PROCEDURE bgjob.join(jobs bigint[], name text DEFAULT 'join')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_join';
COMMENT ON PROCEDURE bgjob.join(bigint[], text) IS
    'in a workflow: wait until these children have succeeded; the failure of one is raised at once';

CREATE PROCEDURE bgjob.join(jobs bigint[], INOUT results jsonb, name text DEFAULT 'join')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_join_results';
COMMENT ON PROCEDURE bgjob.join(bigint[], jsonb, text) IS
    'the same; results is an array with what each child returned, in the order of jobs';

CREATE PROCEDURE bgjob.join_any(jobs bigint[], name text DEFAULT 'join_any')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_join_any';
COMMENT ON PROCEDURE bgjob.join_any(bigint[], text) IS
    'in a workflow: wait until one of these children has succeeded and cancel the others';

CREATE PROCEDURE bgjob.join_any(jobs bigint[], INOUT winner bigint, name text DEFAULT 'join_any')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_join_any_winner';
COMMENT ON PROCEDURE bgjob.join_any(bigint[], bigint, text) IS
    'the same; winner is the child that has succeeded';

CREATE PROCEDURE bgjob.map(source text, command text, parallel integer DEFAULT 8, args jsonb DEFAULT NULL, name text DEFAULT 'map')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_map';
COMMENT ON PROCEDURE bgjob.map(text, text, integer, jsonb, text) IS
    'in a workflow: run command as a child job for each row of the query source, with the columns as $1, $2, ..., so many at a time; args are those of source';

CREATE PROCEDURE bgjob.map(source text, command text, INOUT results jsonb, parallel integer DEFAULT 8, args jsonb DEFAULT NULL, name text DEFAULT 'map')
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_map_results';
COMMENT ON PROCEDURE bgjob.map(text, text, jsonb, integer, jsonb, text) IS
    'the same; results is an array with what each child returned, in the order of the rows';

CREATE PROCEDURE bgjob.restart(input jsonb DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'bgjob_restart';
COMMENT ON PROCEDURE bgjob.restart(jsonb) IS
    'in a workflow: end this execution and begin the next one with this input and an empty history; signals not yet taken survive';

