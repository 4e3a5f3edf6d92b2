-- For ci/bench jobs: what jobs leave behind, and the peers that are plain SQL. Everything stands in schema b.

CREATE ROLE bench LOGIN;
GRANT CREATE ON DATABASE bench TO bench;
CREATE SCHEMA b AUTHORIZATION bench;
CREATE EXTENSION bgjob;
SELECT bgjob.grant_usage('bench');
SET ROLE bench;

-- A trivial job inserts one row. The times of the rows tell how fast jobs were done, by whomever.
CREATE TABLE b.effect (id bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
-- When the transaction that enqueues job n is about to commit, and when the job begins.
CREATE TABLE b.sent (n bigint NOT NULL, at timestamptz NOT NULL);
CREATE TABLE b.started (n bigint NOT NULL, at timestamptz NOT NULL);
CREATE SEQUENCE b.n;

-- The limit: nothing but the effect and its commit.
CREATE PROCEDURE b.effects_alone(first bigint, last bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN first .. last LOOP
        INSERT INTO b.effect(id) VALUES (n);
        COMMIT;
        SET LOCAL synchronous_commit = off;
    END LOOP;
END $$;

-- The queue that everybody writes: one statement takes a row, has its effect and deletes it.
CREATE TABLE b.plain (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    priority smallint NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    payload jsonb NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX ON b.plain (priority, run_at, id);

-- A queue of visibility times, as pgmq 1.5 has it, dynamic SQL included: a read makes the row invisible for a while,
-- and who has done the work deletes it.
CREATE TABLE b.message (
    msg_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_ct integer NOT NULL DEFAULT 0,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    vt timestamptz NOT NULL,
    message jsonb
);
CREATE INDEX ON b.message (vt);

CREATE FUNCTION b.read_message(queue text, vt integer, qty integer) RETURNS SETOF b.message
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH cte AS (
            SELECT msg_id FROM b.%1$I WHERE vt <= clock_timestamp()
             ORDER BY msg_id LIMIT $1 FOR UPDATE SKIP LOCKED)
        UPDATE b.%1$I m SET vt = clock_timestamp() + $2, read_ct = read_ct + 1
          FROM cte WHERE m.msg_id = cte.msg_id
        RETURNING m.*$q$, queue) USING qty, make_interval(secs => vt);
END $$;

CREATE FUNCTION b.delete_message(queue text, id bigint) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    EXECUTE format('DELETE FROM b.%I WHERE msg_id = $1 RETURNING msg_id', queue) USING id INTO gone;
    RETURN gone IS NOT NULL;
END $$;

-- The limit for workflows: as many commits, and a row for each step, one for the job and one for its history.
CREATE TABLE b.flow (id bigint PRIMARY KEY, command text NOT NULL);
CREATE TABLE b.flow_step (flow bigint, seq integer, name text, at timestamptz NOT NULL, PRIMARY KEY (flow, seq));
CREATE TABLE b.flow_run (id bigint PRIMARY KEY, command text NOT NULL, at timestamptz NOT NULL);
CREATE PROCEDURE b.flows_alone(flows bigint, synchronous text)
    LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. flows LOOP
        FOR s IN 0 .. 2 LOOP
            PERFORM set_config('synchronous_commit', synchronous, true);
            INSERT INTO b.effect(id) VALUES (3 * n + s);
            INSERT INTO b.flow_step VALUES (n, s, 'step', clock_timestamp());
            COMMIT;
        END LOOP;
        PERFORM set_config('synchronous_commit', synchronous, true);
        DELETE FROM b.flow WHERE id = n;
        INSERT INTO b.flow_run VALUES (n, 'three_steps', clock_timestamp());
        COMMIT;
    END LOOP;
END $$;

-- A workflow of three steps, each of which inserts one row.
CREATE PROCEDURE b.three_steps(input jsonb)
    LANGUAGE plpgsql AS $$
DECLARE
    first bigint := 3 * (input->>'n')::bigint;
BEGIN
    CALL bgjob.step('one', 'insert into b.effect(id) values ($1)', args => jsonb_build_array(first));
    CALL bgjob.step('two', 'insert into b.effect(id) values ($1)', args => jsonb_build_array(first + 1));
    CALL bgjob.step('three', 'insert into b.effect(id) values ($1)', args => jsonb_build_array(first + 2));
END $$;
