# Steps that fail: for now, for good, at the end of their transaction; and what is written of it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node();
my ($a, $b, $c) = map { step($_) } qw(a b c);
my $soon = '"backoff": "fixed", "base": "5 ms"';
sql($node, <<'END');
CREATE SEQUENCE tries;
-- Fails so often, each time with that SQLSTATE; a sequence remembers what a rollback forgets.
CREATE FUNCTION fails(times int, code text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	n int := nextval('tries');
BEGIN
	IF n <= times THEN
		RAISE 'attempt %', n USING ERRCODE = code, DETAIL = 'Some detail.', HINT = 'Some hint.';
	END IF;
	RETURN n;
END $$;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
END

# attempts_of($body, $arguments): the effects, and how often fails() was called.
sub attempts_of
{
	my ($body, $arguments) = @_;
	sql($node, "ALTER SEQUENCE tries RESTART");
	my $effects = run_flow($node, $body, $arguments);
	return $effects . ' | ' . sql($node, 'SELECT last_value - (NOT is_called)::int FROM tries');
}

sub failing
{
	my ($times, $code, $more) = @_;
	return "CALL bgjob.step('f', 'INSERT INTO done (what) SELECT ''f'' || fails($times, ''$code'')'" . (defined $more ? ", $more" : '') . ');';
}

# ---- transient failures ----------------------------------------------------------------------------
my $retry = "retry => '{\"on\": \"transient\", $soon}'";
is(attempts_of("$a @{[failing(2, $_, $retry)]} $b"), 'a f3 b | 3', "$_ passes by itself") for qw(40001 40P01 53200 55P03 57P03 08006);
is(attempts_of("$a BEGIN @{[failing(2, '40001', $retry)]} EXCEPTION WHEN OTHERS THEN $c END; $b"), 'a f3 b | 3', '... and in a block with EXCEPTION nobody catches it');
is(attempts_of("$a BEGIN @{[failing(9, '40001', $retry)]} EXCEPTION WHEN serialization_failure THEN $c END; $b"), 'a c b | 5', 'five attempts by default, then it can be caught');
is(attempts_of("BEGIN @{[failing(9, '40001', qq(retry => '{\"attempts\": 3, $soon}'))]} EXCEPTION WHEN serialization_failure THEN $c END;"), 'c | 3', 'as many as the policy says');
is(attempts_of("BEGIN @{[failing(9, '40001', qq(attempts => 2, retry => '{\"attempts\": 7, $soon}'))]} EXCEPTION WHEN serialization_failure THEN $c END;"), 'c | 2', 'attempts counts for more than the policy');
is(attempts_of("BEGIN @{[failing(9, '40001', q(retry => '{\"on\": \"transient\", \"backoff\": \"fixed\", \"base\": \"1 h\", \"total\": \"1 min\"}'))]} EXCEPTION WHEN serialization_failure THEN $c END;"),
	'c | 1', 'none that would begin after the total time');
is(attempts_of("FOR k IN 1 .. 2 LOOP @{[failing(1, '40001', $retry)]} END LOOP;"), 'f2 f3 | 3', 'in a loop');

# ---- final failures --------------------------------------------------------------------------------
is(attempts_of("$a BEGIN @{[failing(1, $_)]} EXCEPTION WHEN SQLSTATE '$_' THEN $c END; $b"), 'a c b | 1', "$_ is final and can be caught") for qw(22012 23505 P0001 57014);
is(attempts_of("$a @{[failing(1, '22012')]} $b"), 'a | 1', 'one that nobody catches ends the job');
is(attempts_of("$a BEGIN @{[failing(1, '22012')]} EXCEPTION WHEN OTHERS THEN NULL; END; CALL bgjob.sleep('10 ms'); BEGIN @{[failing(1, '22012')]} EXCEPTION WHEN OTHERS THEN NULL; END; $b"),
	'a f2 b | 2', 'a failure is remembered, and the next occurrence is another step');
is(attempts_of("$a @{[failing(2, '22012', qq(attempts => 3, retry => '{$soon}'))]} $b"), 'a f3 b | 3', 'attempts => 3 tries any failure again');
is(attempts_of("$a @{[failing(2, '22012', qq(retry => '{\"on\": \"any\", $soon}'))]} $b"), 'a f3 b | 3', 'so does "on": "any"');
is(attempts_of("BEGIN @{[failing(9, '22012', qq(attempts => 3, retry => '{$soon}'))]} EXCEPTION WHEN division_by_zero THEN $c END;"), 'c | 3', '... and then it is final');
is(attempts_of("BEGIN @{[failing(9, '40001', 'attempts => 1')]} EXCEPTION WHEN serialization_failure THEN $c END;"), 'c | 1', 'attempts => 1 tries nothing again');
is(attempts_of("BEGIN @{[failing(1, '22012')]} EXCEPTION WHEN OTHERS THEN NULL; END; IF fails(2, '40001') > 0 THEN $b END IF;", qq(NULL, options => '{"retry": {$soon}}')),
	'b | 3', 'a transient failure of the procedure is tried again, though a step failed for good before and was caught');
is(attempts_of("$a BEGIN @{[failing(9, '40001', qq(attempts => 2, retry => '{$soon}'))]} EXCEPTION WHEN OTHERS THEN RAISE; END;", qq(NULL, options => '{"retry": {$soon}}')),
	'a | 2', 'a final failure of a step that is raised again is not tried by the job');

# ---- limits of time and size -------------------------------------------------------------------------
# how_it_ended($job): its state, SQLSTATE and message.
sub how_it_ended
{
	my ($job) = @_;
	job_ends($node, $job);
	return sql($node, "SELECT concat_ws(' ', state, sqlstate, message) FROM bgjob.jobs WHERE id = $job");
}
my $too_long = 'failed 57014 canceling statement due to statement timeout';
my $limited = q(options => '{"timeout": "100 ms"}');
is(how_it_ended(enqueue($node, 'SELECT pg_sleep(600)', $limited)), $too_long, 'a job has a limit of time');
flow($node, 'long', 'PERFORM pg_sleep(600);');
is(how_it_ended(start_flow($node, 'long', "NULL, $limited")), $too_long, '... a workflow too');
flow($node, 'patient', "CALL bgjob.step('short', 'SELECT 1', timeout => '1 min'); PERFORM pg_sleep(600);");
is(how_it_ended(start_flow($node, 'patient', "NULL, $limited")), $too_long, '... and the one of a step does not take its place');
flow($node, 'resting', "CALL bgjob.sleep('4 s');" . step('rested'));
is(how_it_ended(start_flow($node, 'resting', q(NULL, options => '{"timeout": "3 s"}'))), 'succeeded', '... which is none for its waits');
sql($node, q(CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET statement_timeout = '100 ms'; SELECT bgjob.grant_usage('hasty')));
is(how_it_ended(sql($node, q(SET ROLE hasty; SELECT bgjob.enqueue('SELECT pg_sleep(600)')))), $too_long, "a role's statement_timeout is one as well");
sql($node, q(SELECT bgjob.set_queue('small', '{"max_payload": 40, "max_result": 40}')));
my $large = q(SELECT repeat('x', 50));
flow($node, 'large', "CALL bgjob.step('large', \$q\$$large\$q\$, result => r);");
is(how_it_ended(start_flow($node, 'large', q(NULL, queue => 'small'))), 'failed 54000 result is too large', 'a queue limits results of steps');
flow($node, 'spawning', "CALL bgjob.join(array[bgjob.spawn(\$q\$$large\$q\$)], results => r);");
like(how_it_ended(start_flow($node, 'spawning', q(NULL, queue => 'small'))), qr/^failed 54000 child job .* result is too large/, '... and of children');
flow($node, 'many', "CALL bgjob.join(array[bgjob.spawn(\$q\$@{[$large =~ s/50/20/r]}\$q\$), bgjob.spawn(\$q\$@{[$large =~ s/50/20/r]}\$q\$)], results => r);");
is(how_it_ended(start_flow($node, 'many', q(NULL, queue => 'small'))), 'failed 54000 results of children are too large', '... and of all of them together');
flow($node, 'listening', "CALL bgjob.wait_signal('go');");
my $listening = start_flow($node, 'listening', q(NULL, queue => 'small'));
is((psql_error($node, "SELECT bgjob.signal($listening, 'go', to_jsonb(repeat('x', 50)))"))[0], '54000', '... and what a signal brings');
sql($node, "SELECT bgjob.signal($listening, 'go', '1')");
job_ends($node, $listening);

# The total time begins with the first attempt, however long the job has waited for it.
sql($node, 'ALTER SEQUENCE tries RESTART');
my $late = enqueue($node, q(SELECT fails(1, '40001')), qq(run_at => now() + '1 h', options => '{"retry": {"total": "1 min", $soon}}'));
sql($node, "UPDATE bgjob.job SET enqueued_at = now() - interval '1 day', due_at = now() WHERE id = $late; SELECT bgjob.enqueue('SELECT 1')");
is(how_it_ended($late), 'succeeded', 'the total time of attempts begins with the first one');

# ---- what it is caught with ------------------------------------------------------------------------
sql($node, 'ALTER SEQUENCE tries RESTART');
is(run_flow($node, "DECLARE d text; h text; BEGIN @{[failing(1, '22012')]} EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT; "
		  . noted("concat_ws('/', SQLSTATE, SQLERRM, d, h)") . ' END;'),
	'22012/attempt 1/Some detail./Some hint.', 'a failure is raised as it was');

# ---- at the end of the step's transaction ----------------------------------------------------------
my $orphan = "CALL bgjob.step('orphan', 'INSERT INTO child VALUES (1)');";
like(caught($node, $orphan), qr/^23503 /, 'a deferred constraint fails within its step');
is(run_flow($node, "$a $orphan $b"), 'a', '... and ends the job where nobody catches it');
is(sql($node, 'SELECT count(*) FROM child'), 0, '... without an effect');
is(run_flow($node, "$a INSERT INTO child VALUES (1);", q(NULL, options => '{"retry": {"attempts": 1}}')), 'a', 'one that the procedure itself violates');
job_ends($node, enqueue($node, 'INSERT INTO child VALUES (1)'));
is(sql($node, 'SELECT count(*) FROM child'), 0, 'a plain job that violates a deferred constraint has no effect');

# ---- deadlocks -------------------------------------------------------------------------------------
sql($node, "CREATE TABLE pair (id int PRIMARY KEY, n int); INSERT INTO pair VALUES (1, 0), (2, 0); ALTER SYSTEM SET deadlock_timeout = '50 ms'; SELECT pg_reload_conf()");
sql($node, <<'END');
CREATE SEQUENCE crossings;
CREATE FUNCTION cross_update(x int, y int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE pair SET n = n + 1 WHERE id = x;
	IF nextval('crossings') = 1 THEN -- the next to come so far has the other row
		WHILE (SELECT last_value FROM crossings) = 1 LOOP
			PERFORM pg_sleep(0.01);
		END LOOP;
	END IF;
	PERFORM pg_sleep(0.03);
	UPDATE pair SET n = n + 1 WHERE id = y;
END $$;
END
flow($node, 'locker', "FOR k IN 1 .. 15 LOOP CALL bgjob.step('both', 'SELECT cross_update(\$1, \$2)', args => input, retry => '{\"attempts\": 100, \"on\": \"transient\", \"base\": \"5 ms\", \"cap\": \"50 ms\"}'); END LOOP;");
start_flow($node, 'locker', $_) for map { ("'[1, 2]'", "'[2, 1]'") } 1 .. 2;
jobs_end($node);
is(sql($node, "SELECT string_agg(n::text, ' ') FROM pair"), '60 60', 'real deadlocks: every step has counted once');
like(log_since($node, 0), qr/deadlock detected/, '... and there were some');

# ---- what is written of a failure ------------------------------------------------------------------
sql($node, 'ALTER SEQUENCE tries RESTART');
flow($node, 'failing_flow', "$a BEGIN CALL bgjob.step('f', 'SELECT fails(\$1, \$2)', args => '[2, \"22012\"]', attempts => 2, retry => '{$soon}'); EXCEPTION WHEN OTHERS THEN NULL; END; CALL bgjob.wait_signal('go');");
my $job = start_flow($node, 'failing_flow');
job_waits($node, $job, 'signal go');
is(failures($node, $job), "2|1|22012|attempt 1\n2|2|22012|attempt 2", 'each failed attempt is kept');
is(sql($node, "SELECT DISTINCT detail, hint, args FROM bgjob.failure WHERE job = $job"), 'Some detail.|Some hint.|[2, "22012"]', '... with detail, hint and bound values');
like(sql($node, "SELECT context FROM bgjob.failure WHERE job = $job LIMIT 1"), qr/PL\/pgSQL function fails\(integer,text\) line \d+ at RAISE/, '... and where it was');
is(sql($node, "SELECT count(*) FROM bgjob.failure WHERE job = $job AND ended_at < began_at"), 0, '... and when');
sql($node, "SELECT bgjob.signal($job, 'go')");
job_ends($node, $job);

sql($node, 'ALTER SEQUENCE tries RESTART');
flow($node, 'body_fails', "$a PERFORM fails(1, '40001'); $b");
$job = start_flow($node, 'body_fails', q(NULL, options => '{"retry": {"attempts": 2, "base": "1 h"}}'));
poll_sql($node, "SELECT state, attempt, sqlstate, message FROM bgjob.job WHERE id = $job", '4|1|40001|attempt 1');
is(failures($node, $job), '0|1|40001|attempt 1', 'a failure of the procedure itself');
sql($node, "UPDATE bgjob.job SET due_at = now() WHERE id = $job; SELECT bgjob.enqueue('SELECT 1')");
job_ends($node, $job);
$job = enqueue($node, 'SELECT $1::int / $2', q('[1, 0]', options => '{"retry": {"attempts": 2, "base": "1 h"}}'));
poll_sql($node, "SELECT state, attempt, sqlstate, message FROM bgjob.job WHERE id = $job", '4|1|22012|division by zero');
is(sql($node, "SELECT seq, attempt, sqlstate, args FROM bgjob.failure WHERE job = $job"), '0|1|22012|[1, 0]', 'a failure of a plain job');
sql($node, "DELETE FROM bgjob.job WHERE id = $job");
sql($node, 'ALTER SEQUENCE tries RESTART');
forget_effects($node);
job_ends($node, enqueue($node, q(INSERT INTO done (what) SELECT 'f' || fails(2, '40001')), qq(options => '{"retry": {$soon}}')));
is(effects($node), 'f3', 'a plain job that fails for now is tried again');

# ---- the lock of a workflow ------------------------------------------------------------------------
like(caught($node, "CALL bgjob.step('u', 'SELECT pg_advisory_unlock_all()');"), qr/^55000 |^$/, 'a step that releases all advisory locks');
like(log_since($node, 0), qr/step has released bgjob's lock/, '... is told so');
is(run_flow($node, "CALL bgjob.step('l', 'SELECT pg_advisory_lock(1)'); CALL bgjob.step('u', 'SELECT pg_advisory_unlock(1)'); $a"), 'a', 'advisory locks of its own do no harm');

$node->stop;
done_testing();
