# Steps of workflows: each takes effect once, wherever in the procedure it stands, and its result is
# remembered.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node();
sql($node, 'CREATE SEQUENCE entries; CREATE SEQUENCE numbers');
my $sleep = "CALL bgjob.sleep('20 ms');";
my ($a, $b, $c) = map { step($_) } qw(a b c);

# ---- the places where a step can stand -------------------------------------------------------------
is_effect($node, "$a $b $c", 'a b c', 'steps run in their order');
is_effect($node, '', '', 'a workflow without steps ends');
is_effect($node, "PERFORM nextval('entries'); $a $sleep $b $sleep $c", 'a b c', 'a procedure that is entered again repeats no step');
is(sql($node, 'SELECT last_value FROM entries'), 3, '... though it was entered three times');
is_effect($node, "FOR k IN 1 .. 3 LOOP $a $sleep $b END LOOP;", 'a b a b a b', 'steps in a loop are told apart by their occurrence');
is_effect($node, "FOR i IN SELECT * FROM generate_series(1, 3) LOOP $a END LOOP;", 'a a a', 'in a loop over a query');
is_effect($node, <<"END", '1 2 3', 'in a loop over a query that the steps change');
INSERT INTO done (what) SELECT 'x' WHERE false;
FOR i IN SELECT g FROM generate_series(1, 3) g LEFT JOIN done d ON d.n < 0 LOOP @{[noted("i::text")]} $sleep END LOOP;
END
is_effect($node, <<"END", 'a even c', 'IF follows the remembered result');
CALL bgjob.step('look', 'SELECT 2 * nextval(''numbers'') AS n', result => r); $a $sleep
IF (r->0->>'n')::int % 2 = 0 THEN @{[noted("'even'")]} ELSE @{[noted("'odd'")]} END IF; $c
END
flow($node, 'inner_flow', "$a $sleep CALL innermost_flow(input); $b");
flow($node, 'innermost_flow', "$sleep $c");
is_effect($node, "CALL inner_flow(input); CALL inner_flow(input);", 'a c b a c b', 'in procedures that the procedure calls');
is_effect($node, "BEGIN $a EXCEPTION WHEN OTHERS THEN $b END; $c", 'a c', 'in a block with EXCEPTION');
is_effect($node, "BEGIN $a BEGIN $sleep $b EXCEPTION WHEN OTHERS THEN NULL; END; EXCEPTION WHEN OTHERS THEN NULL; END; $c", 'a b c', '... in one within another');
is_effect($node, "BEGIN $a RAISE 'x'; EXCEPTION WHEN OTHERS THEN $b END; $c", 'a b c', 'a step stays done when its block fails');
sql($node, "CREATE FUNCTION in_function() RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN $a $sleep $b RETURN 1; END \$\$");
is_effect($node, "PERFORM in_function(); $c", 'a b c', 'in a function');
is_effect($node, "EXECUTE 'CALL inner_flow(NULL)'; EXECUTE 'DO \$d\$ BEGIN CALL inner_flow(NULL); END \$d\$';", 'a c b a c b', 'in dynamic SQL');
is_effect($node, "$a COMMIT; $b ROLLBACK; $c", 'a b c', 'a procedure may commit and roll back between steps');
sql($node, "CREATE PROCEDURE with_path() LANGUAGE plpgsql SET search_path = public AS \$\$ BEGIN $a $sleep $b END \$\$");
is_effect($node, "CALL with_path(); $c", 'a b c', 'in a procedure with settings of its own, where COMMIT is impossible');
is_effect($node, "FOR k IN 1 .. 200 LOOP EXECUTE format('CALL bgjob.step(%L, %L)', 's' || k, 'INSERT INTO done (what) VALUES (' || k || ')'); END LOOP; $sleep",
	join(' ', 1 .. 200), 'more statements than a worker keeps plans for');

unlike(log_since($node, 0), qr/"bgjob worker" \(PID \d+\) exited/, 'no worker has died of that');

# ---- nothing swallows a suspension -----------------------------------------------------------------
for my $wait ("CALL bgjob.sleep('50 ms');", "CALL bgjob.wait_signal('never', timeout => '50 ms');", $c)
{
	my ($what) = $wait =~ /bgjob\.(\w+)/;
	my $after = $wait eq $c ? 'a c b' : 'a b';
	is_effect($node, "$a BEGIN $wait EXCEPTION WHEN OTHERS THEN @{[noted(q('caught'))]} END; $b", $after, "WHEN OTHERS does not catch a $what that leaves");
	is_effect($node, "$a BEGIN $wait EXCEPTION WHEN query_canceled THEN @{[noted(q('caught'))]} END; $b", $after, "nor does WHEN query_canceled swallow a $what");
	is_effect($node, "$a BEGIN $wait EXCEPTION WHEN query_canceled OR OTHERS THEN INSERT INTO done (what) VALUES ('caught'); END; IF false THEN $c END IF; $b",
		$after, "... nor one that goes on without calling anything: a $what");
	is_effect($node, "$a BEGIN $wait EXCEPTION WHEN query_canceled THEN RAISE 'something else'; END; $b", $after, "... nor another error instead: a $what");
}
is_effect($node, "$a BEGIN $sleep EXCEPTION WHEN query_canceled THEN INSERT INTO done (what) VALUES ('lost'); END;", 'a',
	'what is done after a swallowed suspension is rolled back');

# ---- results ---------------------------------------------------------------------------------------
sub is_result
{
	my ($command, $expected, $title, $more) = @_;
	my $look = "CALL bgjob.step('look', \$q\$$command\$q\$, result => r" . ($more // '') . ');';
	return is(run_flow($node, "$look $sleep " . noted("coalesce(r::text, 'null')")), $expected, $title);
}
is_result("SELECT 1 AS x, 'y' AS z", '[{"x": 1, "z": "y"}]', 'a result is an array of rows');
is_result('SELECT i FROM generate_series(1, 3) i', '[{"i": 1}, {"i": 2}, {"i": 3}]', '... all of them');
is_result('SELECT 1 AS x WHERE false', '[]', 'no row');
is_result('CREATE TEMP TABLE nothing ()', 'null', 'no rows at all');
is_result(q(SELECT NULL::int AS n, 'NaN'::float8 AS f, '{"a": [1]}'::jsonb AS j, ARRAY[1, 2] AS l), '[{"f": "NaN", "j": {"a": [1]}, "l": [1, 2], "n": null}]', 'values of many types');
is_result('SELECT $1::int + $2 AS sum, $3::text AS t, $4::jsonb AS j, $5::timestamptz IS NULL AS n', q([{"j": {"k": 1}, "n": true, "t": "it's", "sum": 3}]), 'arguments are bound with their types',
	q(, args => '[1, 2, "it''s", {"k": 1}, null]'));
is_result(q(INSERT INTO done (what) VALUES ('q') RETURNING what), 'q [{"what": "q"}]', 'rows that a step returns');
is_result(q(SELECT nextval('numbers') - nextval('numbers') AS d), '[{"d": -1}]', 'a result is that of the only run');
like(caught($node, q(CALL bgjob.step('big', 'SELECT repeat(''x'', 2000000) AS t', result => r);)), qr/^54000 result is too large/, 'a result that is too large');
is(run_flow($node, "CALL bgjob.step('big', 'SELECT repeat(''x'', 2000000) AS t');" . $a), 'a', '... does no harm when it is not wanted');
is_effect($node, q(CALL bgjob.step('two', 'INSERT INTO done (what) VALUES (''x''); INSERT INTO done (what) VALUES (''y'')');), 'x y', 'a step of several statements');

# ---- what is no workflow and no step ---------------------------------------------------------------
like(caught($node, "CALL bgjob.step('outer', 'CALL inner_flow(NULL)');"), qr/^55000 bgjob\.step\(\) can be called by a workflow only/, 'a step within a step is refused');
is(run_flow($node, "CALL bgjob.step('outer', 'CALL inner_flow(NULL)'); $a"), '', '... where the procedure could commit, too');
unlike(log_since($node, 0), qr/ERROR:  workflow suspends/, '... with a reason');
like(caught($node, "BEGIN CALL bgjob.step('outer', 'CALL bgjob.sleep(''1 ms'')'); END;"), qr/^55000 bgjob\.sleep\(\) can be/, '... and so is a sleep');
like(caught($node, "CALL bgjob.step(NULL, 'SELECT 1');"), qr/^22004 name must not be null/, 'a step without a name');
like(caught($node, "CALL bgjob.step('', 'SELECT 1');"), qr/^22023 step name/, '... with an empty one');
like(caught($node, "CALL bgjob.step(repeat('x', 300), 'SELECT 1');"), qr/^22023 step name/, '... with a long one');
like(caught($node, "CALL bgjob.step('a', NULL);"), qr/^22004 command must not be null/, 'a step without a command');
like(caught($node, "CALL bgjob.step('a', 'SELECT 1', attempts => $_);"), qr/^22023 "attempts" must be between 1 and 1000/, "attempts => $_") for 0, -1, 1001;
like(caught($node, "CALL bgjob.step('a', 'SELECT 1', retry => '$_');"), qr/^22023 /, "retry => $_")
  for '[]', '{"attempts": 0}', '{"on": "sometimes"}', '{"backoff": 1}', '{"base": "soon"}', '{"unknown": 1}';
like(caught($node, "CALL bgjob.step('a', 'VACUUM');"), qr/^(?:25001|0A000) /, 'a step that cannot be in a transaction');
like(caught($node, "CALL bgjob.step('a', 'COMMIT');"), qr/^(?:2D000|0A000) /, 'a step that commits');
like(caught($node, "CALL bgjob.step('a', '');") || 'no effect', qr/^no effect|^[04]/, 'an empty command does no harm');

# ---- plans and names -------------------------------------------------------------------------------
sql($node, 'CREATE TABLE typed (v integer)');
my $insert = "CALL bgjob.step('typed', 'INSERT INTO typed VALUES (\$1)', args => jsonb_build_array(input));";
flow($node, 'typed_flow', $insert);
job_ends($node, start_flow($node, 'typed_flow', "'7'"));
sql($node, 'ALTER TABLE typed ALTER v TYPE text');
job_ends($node, start_flow($node, 'typed_flow', "'8'"));
is(sql($node, "SELECT string_agg(v, ' ' ORDER BY v) FROM typed"), '7 8', 'a table that has changed its types');
sql($node, 'DROP TABLE typed; CREATE TABLE typed (v date)');
job_ends($node, start_flow($node, 'typed_flow', q('"2000-01-01"')));
is(sql($node, 'SELECT v FROM typed'), '2000-01-01', '... or was made anew');

sql($node, "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.place (v text); CREATE TABLE two.place (v text)");
flow($node, 'path_flow', "CALL bgjob.step('p', 'INSERT INTO place VALUES (''first'')'); $sleep BEGIN CALL bgjob.step('q', 'INSERT INTO place VALUES (''second'')'); EXCEPTION WHEN OTHERS THEN NULL; END;");
my @jobs = map { sql($node, "SET search_path = $_, public; SELECT bgjob.start('path_flow')") } qw(one two one);
job_ends($node, $_) for @jobs;
is(sql($node, "SELECT (SELECT count(*) FROM one.place) || ' ' || (SELECT count(*) FROM two.place)"), '4 2', 'names are looked up as where the job was started');

sql($node, 'DELETE FROM one.place');
flow($node, 'moved_flow', "CALL bgjob.wait_signal('go'); BEGIN CALL bgjob.step('q', 'INSERT INTO place VALUES (''x'')'); EXCEPTION WHEN OTHERS THEN NULL; END;");
my $job = sql($node, "SET search_path = one, public; SELECT bgjob.start('moved_flow')");
job_waits($node, $job, 'signal go');
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'bgjob worker'");
sql($node, "SELECT bgjob.signal($job, 'go')");
job_ends($node, $job);
is(sql($node, 'SELECT count(*) FROM one.place'), 1, '... also by another worker, in a block with EXCEPTION');
sql($node, 'DELETE FROM one.place');
is_effect($node, "SET LOCAL search_path = one, public; BEGIN CALL bgjob.step('q', 'INSERT INTO place VALUES (''x'')'); EXCEPTION WHEN OTHERS THEN NULL; END; $a", 'a', 'a procedure that sets the search_path');
is(sql($node, 'SELECT count(*) FROM one.place'), 1, '... and its step goes there');

$node->stop;
done_testing();
