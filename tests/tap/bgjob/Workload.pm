# Durable jobs of all kinds that one may ask for, each known by a number, and what is to come of each.
#
# Whatever a job does is a row (job, step, attempt) in the table `effect`, which knows of no
# duplicates. `kind` says what there is to be asked for, `asked` and `expected` what was asked for and
# what is to be in `effect` for it: they are written in the transaction that asks.
package Workload;

use strict;
use warnings;
use Exporter 'import';
use Flows;

our @EXPORT = qw(prepare_workload);

my $effects = <<'END';
CREATE SEQUENCE attempts;
CREATE TABLE effect (job bigint, step text, attempt bigint);
CREATE INDEX ON effect (job);

-- Killed before, in the midst or after.
CREATE FUNCTION effect(job bigint, step text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_sleep(random() * 0.005);
	INSERT INTO public.effect VALUES (job, step, nextval('public.attempts'));
	PERFORM pg_sleep(random() * 0.005);
END $$;

-- Goes on until the blows are over, so that many strike it.
CREATE TABLE calm (since timestamptz);
CREATE FUNCTION long_effect(job bigint, step text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM effect(job, step);
	WHILE NOT EXISTS (SELECT FROM public.calm) LOOP
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;

-- Some attempts fail, after they have done what they do.
CREATE FUNCTION flaky_effect(job bigint, step text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM effect(job, step);
	IF random() < 0.3 THEN
		RAISE 'this time job % fails', job USING ERRCODE = 'serialization_failure';
	END IF;
END $$;

CREATE FUNCTION patience() RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb '{"attempts": 1000, "on": "transient", "backoff": "fixed", "base": "20 ms"}' $$;

CREATE PROCEDURE do_step(input jsonb, step text) LANGUAGE plpgsql AS $$
BEGIN
	CALL bgjob.step(step, 'SELECT effect($1, $2)', args => jsonb_build_array(input->'n', step), retry => patience());
END $$;

CREATE PROCEDURE do_with_undo(input jsonb, step text) LANGUAGE plpgsql AS $$
BEGIN
	CALL bgjob.step(step, 'SELECT effect($1, $2)', undo => 'SELECT effect($1, ''undo '' || $2)', args => jsonb_build_array(input->'n', step));
END $$;

CREATE FUNCTION do_child(input jsonb, step text, command text DEFAULT 'SELECT effect($1, $2)') RETURNS bigint LANGUAGE sql AS
	$$ SELECT bgjob.spawn(command, jsonb_build_array(input->'n', step), options => jsonb_build_object('retry', patience())) $$;
END

my $workflows = <<'END';
-- The second half in blocks with EXCEPTION.
CREATE PROCEDURE in_loop(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 4 LOOP
		IF k <= 2 THEN
			CALL do_step(input, 'loop ' || k);
		ELSE
			BEGIN
				CALL do_step(input, 'loop ' || k);
			EXCEPTION WHEN OTHERS THEN RAISE;
			END;
		END IF;
	END LOOP;
END $$;

CREATE PROCEDURE with_timers(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 3 LOOP
		CALL do_step(input, 'timer ' || k);
		CALL bgjob.sleep('30 ms');
	END LOOP;
END $$;

-- A session sends them, in any order.
CREATE PROCEDURE with_signals(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
	got jsonb;
BEGIN
	FOR k IN 1 .. 3 LOOP
		CALL bgjob.wait_signal('go', result => got);
		CALL do_step(input, 'signal ' || (got#>>'{}'));
	END LOOP;
END $$;

-- Fails for good at its end, and all is undone.
CREATE PROCEDURE with_undo(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 4 LOOP
		CALL do_with_undo(input, 'do ' || k);
	END LOOP;
	RAISE 'the end of job %', input->'n' USING ERRCODE = 'P0099';
END $$;

CREATE PROCEDURE with_long_undo(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	CALL bgjob.step('long', 'SELECT effect($1, $2)', undo => 'SELECT long_effect($1, ''undo '' || $2)', args => jsonb_build_array(input->'n', 'long'));
	RAISE 'the end of job %', input->'n' USING ERRCODE = 'P0099';
END $$;

-- Until a session cancels it, wherever it is.
CREATE PROCEDURE with_cancel(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 3 LOOP
		CALL do_with_undo(input, 'do ' || k);
		CALL bgjob.sleep('20 ms');
	END LOOP;
	CALL bgjob.wait_signal('never');
END $$;

CREATE PROCEDURE with_failures(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 3 LOOP
		CALL bgjob.step('try ' || k, 'SELECT flaky_effect($1, $2)', args => jsonb_build_array(input->'n', 'try ' || k), retry => patience());
	END LOOP;
END $$;

CREATE PROCEDURE with_children(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
	family bigint[] := ARRAY[do_child(input, 'child 1'), do_child(input, 'child 2', 'SELECT flaky_effect($1, $2)'),
		bgjob.spawn_workflow('with_timers', input, options => jsonb_build_object('retry', patience()))];
BEGIN
	CALL bgjob.join(family);
	CALL do_step(input, 'joined');
END $$;

CREATE PROCEDURE with_lost_child(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		CALL bgjob.join(ARRAY[do_child(input, 'child'), do_child(input, 'lost', 'SELECT effect($1, $2), 1 / 0')]);
	EXCEPTION WHEN division_by_zero THEN
		CALL do_step(input, 'mourned');
	END;
END $$;

-- Whoever loses is cancelled, or has been as fast.
CREATE PROCEDURE runner(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 3 LOOP
		CALL do_with_undo(input, 'run ' || k);
		CALL bgjob.sleep('10 ms');
	END LOOP;
END $$;

CREATE PROCEDURE with_race(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
	rivals bigint[] := ARRAY[do_child(input, 'slow', 'SELECT effect($1, $2), pg_sleep(0.1)'),
		do_child(input, 'quick', 'SELECT effect($1, $2), pg_sleep(random() * 0.1)'),
		bgjob.spawn_workflow('runner', input, options => jsonb_build_object('retry', patience()))];
	winner bigint;
BEGIN
	CALL bgjob.join_any(rivals, winner => winner);
	CALL do_step(input, 'won');
END $$;

CREATE PROCEDURE with_map(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	CALL bgjob.map('SELECT $1::bigint, ''row '' || i FROM generate_series(1, 5) i', 'SELECT effect($1, $2)', parallel => 2, args => jsonb_build_array(input->'n'));
	CALL do_step(input, 'mapped');
END $$;

CREATE PROCEDURE with_tasks(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	FOR k IN 1 .. 2 LOOP
		CALL bgjob.task('task ' || k, 'outside', jsonb_build_object('n', input->'n', 'k', k), result => answer, retry => patience() || '{"on": "any"}');
		CALL do_step(input, 'answer ' || (answer->>'k'));
	END LOOP;
END $$;

-- Its history begins anew with each turn.
CREATE PROCEDURE with_turns(input jsonb) LANGUAGE plpgsql AS $$
DECLARE
	turn int := coalesce((input->>'turn')::int, 1);
BEGIN
	CALL do_step(input, 'turn ' || turn);
	IF turn < 3 THEN
		CALL bgjob.restart(input || jsonb_build_object('turn', turn + 1));
	END IF;
END $$;
END

my $kinds = <<'END';
-- Statements and workflows. `certain` are the effects that there will be, `possible` those that there
-- may be; `mail` is what sessions send.
CREATE TABLE kind (command text, ends text, certain text[], possible text[], mail text[]);
INSERT INTO kind VALUES
	('SELECT effect($1, $2)', 'succeeded', '{statement}', '{}', '{}'),
	('SELECT flaky_effect($1, $2)', 'succeeded', '{statement}', '{}', '{}'),
	('SELECT effect($1, $2)', 'succeeded', '{statement}', '{}', '{}'),
	('in_loop', 'succeeded', '{loop 1,loop 2,loop 3,loop 4}', '{}', '{}'),
	('SELECT effect($1, $2), pg_sleep(random() * 0.3)', 'succeeded|cancelled', '{}', '{statement}', '{cancel}'),
	('with_timers', 'succeeded', '{timer 1,timer 2,timer 3}', '{}', '{pause}'),
	('with_signals', 'succeeded', '{signal 1,signal 2,signal 3}', '{}', '{1,2,3}'),
	('with_undo', 'failed', '{do 1,do 2,do 3,do 4,undo do 1,undo do 2,undo do 3,undo do 4}', '{}', '{}'),
	('with_cancel', 'cancelled', '{}', '{do 1,do 2,do 3,undo do 1,undo do 2,undo do 3}', '{cancel}'),
	('with_failures', 'succeeded', '{try 1,try 2,try 3}', '{}', '{}'),
	('with_children', 'succeeded', '{child 1,child 2,timer 1,timer 2,timer 3,joined}', '{}', '{}'),
	('with_lost_child', 'succeeded', '{mourned}', '{child}', '{}'),
	('with_race', 'succeeded', '{won}', '{slow,quick,run 1,run 2,run 3,undo run 1,undo run 2,undo run 3}', '{}'),
	('with_map', 'succeeded', '{row 1,row 2,row 3,row 4,row 5,mapped}', '{}', '{}'),
	('with_tasks', 'succeeded', '{answer 1,answer 2}', '{}', '{}'),
	('with_turns', 'succeeded', '{turn 1,turn 2,turn 3}', '{}', '{}');
CREATE TABLE long_kind (LIKE kind);
INSERT INTO long_kind VALUES
	('SELECT long_effect($1, $2)', 'succeeded', '{long}', '{}', '{}'),
	('with_long_undo', 'failed', '{long,undo long}', '{}', '{}');

SELECT bgjob.set_queue('careful', '{"durability": "sync"}'), bgjob.set_queue('grouped', '{"group": 10}'), bgjob.set_queue('narrow', '{"concurrency": 2}');

CREATE FUNCTION some_queue() RETURNS text LANGUAGE sql AS $$ SELECT (ARRAY['default', 'careful', 'grouped', 'narrow'])[1 + floor(random() * 4)] $$;

CREATE SEQUENCE jobs;
CREATE TABLE asked (n bigint, job bigint, kind text, ends text);
CREATE TABLE expected (n bigint, step text, certain boolean);
CREATE TABLE mail (job bigint, word text, at timestamptz DEFAULT clock_timestamp() + random() * interval '1 s');

CREATE FUNCTION ask(k record, queue text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n bigint := nextval('jobs');
	key text := CASE WHEN n % 2 = 0 THEN 'job ' || n END;
	options jsonb := jsonb_build_object('retry', patience());
	id bigint;
BEGIN
	IF k.command ~ '^SELECT' THEN
		id := bgjob.enqueue(k.command, jsonb_build_array(n, (k.certain || k.possible)[1]), queue => queue, key => key, options => options);
	ELSE
		id := bgjob.start(k.command, jsonb_build_object('n', n), queue => queue, key => key, options => options);
	END IF;
	INSERT INTO asked VALUES (n, id, k.command, k.ends);
	INSERT INTO expected SELECT n, s, true FROM unnest(k.certain) s;
	INSERT INTO expected SELECT n, s, false FROM unnest(k.possible) s;
	INSERT INTO mail SELECT id, w FROM unnest(k.mail) w;
	PERFORM set_config('synchronous_commit', CASE WHEN n % 5 = 0 THEN 'on' ELSE 'off' END, true);
END $$;
END

sub prepare_workload
{
	my ($node) = @_;
	sql($node, $_) for $effects, $workflows, $kinds, 'SELECT ask(k, \'default\') FROM long_kind k, generate_series(1, 2)';
	return;
}

1;
