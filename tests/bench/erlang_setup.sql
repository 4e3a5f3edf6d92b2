-- What ci/bench erlang measures in the server: loops that time each call within one session, so that neither the
-- client's protocol nor planning counts. Times are microseconds, as clock_timestamp() has no finer ones.
CREATE EXTENSION erlang_bridge;
CREATE SCHEMA bench;

CREATE TABLE bench.took (sessions int, us float8[]);

-- Median and 99th percentile.
CREATE FUNCTION bench.percentiles(took float8[]) RETURNS text LANGUAGE sql AS $$
SELECT format('%s %s', percentile_disc(0.5) WITHIN GROUP (ORDER BY t), percentile_disc(0.99) WITHIN GROUP (ORDER BY t))
FROM unnest(took) t
$$;

CREATE FUNCTION bench.calls(request int, reply int, count int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	arguments jsonb := jsonb_build_array(repeat('x', request), reply);
	start timestamptz;
	value jsonb;
	took float8[];
	warm_up int := count / 20 + 2;
BEGIN
	FOR i IN 1..warm_up LOOP
		value := erlang_call('server@127.0.0.1', 'erlang_bench', 'reply', arguments, '1 min');
	END LOOP;
	IF length(value #>> '{}') <> reply THEN
		RAISE EXCEPTION 'the reply has % characters', length(value #>> '{}');
	END IF;
	FOR i IN 1..count LOOP
		start := clock_timestamp();
		value := erlang_call('server@127.0.0.1', 'erlang_bench', 'reply', arguments, '1 min');
		took[i] := 1e6 * extract(epoch FROM clock_timestamp() - start);
	END LOOP;
	RETURN bench.percentiles(took) || ' ' || (SELECT min(t) FROM unnest(took) t);
END $$;

-- Calls a second.
CREATE FUNCTION bench.batch(count int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	calls jsonb := (SELECT jsonb_agg('["erlang", "node", []]'::jsonb) FROM generate_series(1, count));
	start timestamptz;
	took float8[];
BEGIN
	FOR i IN 0..3 LOOP
		start := clock_timestamp();
		IF (SELECT count(*) FROM erlang_call_many('server@127.0.0.1', calls, '1 min')
			WHERE result = '"server@127.0.0.1"') <> count THEN
			RAISE EXCEPTION 'not all calls have their result';
		END IF;
		took[i] := extract(epoch FROM clock_timestamp() - start);
	END LOOP;
	RETURN count / (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(took[1:]) t);
END $$;

-- One of so many sessions, for so many seconds.
CREATE PROCEDURE bench.session(sessions int, seconds int) LANGUAGE plpgsql AS $$
DECLARE
	until timestamptz;
	start timestamptz;
	value jsonb;
	took float8[];
	n int := 0;
BEGIN
	value := erlang_call('server@127.0.0.1', 'erlang_bench', 'reply', '["", 0]');
	until := clock_timestamp() + make_interval(secs => seconds);
	LOOP
		start := clock_timestamp();
		EXIT WHEN start >= until;
		value := erlang_call('server@127.0.0.1', 'erlang_bench', 'reply', '["", 0]');
		n := n + 1;
		took[n] := 1e6 * extract(epoch FROM clock_timestamp() - start);
	END LOOP;
	INSERT INTO bench.took VALUES (sessions, took);
END $$;

-- Calls a second of all of them, median and 99th percentile.
CREATE FUNCTION bench.of_sessions(seconds int) RETURNS text LANGUAGE sql AS $$
SELECT format('%s %s', sum(cardinality(us)) / seconds,
	bench.percentiles((SELECT array_agg(t) FROM bench.took, unnest(us) t)))
FROM bench.took
$$;
