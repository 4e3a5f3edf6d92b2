# Undo: when a workflow fails, what its completed steps did is undone in reverse.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => 'restart_after_crash = on');

# A step that writes a word, and what undoes it.
sub undoable
{
	my ($word, $more) = @_;
	return "CALL bgjob.step('$word', 'INSERT INTO done (what) VALUES (\$1)', undo => 'INSERT INTO done (what) VALUES (''undo '' || \$1)', args => '[\"$word\"]'"
	  . ($more // '') . ');';
}
my ($a, $b, $c) = map { undoable($_) } qw(a b c);
my $fail = "RAISE 'no';";

is_effect($node, "$a $b $c", 'a b c', 'a workflow that succeeds undoes nothing');
is_effect($node, "$a $b $c $fail", 'a b c undo c undo b undo a', 'one that fails undoes its steps in reverse');
is_effect($node, "$a @{[step('plain')]} $c $fail", 'a plain c undo c undo a', 'steps that have no undo are left');
is_effect($node, "$a CALL bgjob.step('bad', 'SELECT 1/0', undo => 'INSERT INTO done (what) VALUES (''undo bad'')'); $c", 'a undo a', 'a step that failed has nothing to undo');
is_effect($node, "FOR k IN 1 .. 3 LOOP $a CALL bgjob.sleep('5 ms'); END LOOP; $fail", 'a a a undo a undo a undo a', 'each round of a loop is undone');
is_effect($node, "BEGIN $a $b $fail EXCEPTION WHEN OTHERS THEN $c END;", 'a b c', 'a failure that is caught undoes nothing');
is_effect($node, "BEGIN $a $b $fail EXCEPTION WHEN OTHERS THEN $c RAISE; END;", 'a b c undo c undo b undo a', '... unless it is raised again');
is_effect($node, "$a CALL bgjob.wait_signal('never', timeout => '10 ms'); $b $fail", 'a b undo b undo a', 'waits are no steps');
is_effect($node, "CALL bgjob.step('n', 'SELECT 40 + 2 AS n', result => r, undo => 'INSERT INTO done (what) SELECT ''undo '' || (\$1::jsonb->0->>''n'')'); $fail", 'undo 42', "undo gets the step's result as one more parameter");
is_effect($node, "CALL bgjob.step('n', 'SELECT \$1::int + 1 AS n', args => '[41]', result => r, undo => 'INSERT INTO done (what) SELECT concat(\$1::int, '' '', \$2::jsonb)'); $fail",
	'41 [{"n": 42}]', '... behind its arguments');
is_effect($node, "CALL bgjob.step('n', 'INSERT INTO done (what) VALUES (''n'')', undo => 'INSERT INTO done (what) SELECT coalesce(\$1::jsonb::text, ''nothing'')'); $fail",
	'n null', '... and null where the result was not wanted');

# A failure that is tried again undoes nothing until it is final.
sql($node, 'CREATE SEQUENCE tries');
is(run_flow($node, "$a IF nextval('tries') < 3 THEN RAISE 'not yet' USING ERRCODE = '40001'; END IF; $b $fail", q(NULL, options => '{"retry": {"attempts": 5, "on": "transient", "base": "5 ms"}}')),
	'a b undo b undo a', 'a failure that is tried again undoes nothing');
is(sql($node, 'SELECT last_value FROM tries'), 3, '... and is tried again');

# Undo statements look names up as the steps do, also in a worker that has not run the procedure.
sql($node, 'CREATE SCHEMA there; CREATE TABLE there.place (v text); CREATE TABLE there.gate (shut int); INSERT INTO there.gate VALUES (1)');
flow($node, 'there.flow', "CALL bgjob.step('p', 'INSERT INTO place VALUES (''x'')', undo => 'DELETE FROM place WHERE 1 / (1 - (SELECT shut FROM gate)) = 1'); $fail");
my $job = sql($node, "SET search_path = there, public; SELECT bgjob.start('flow')");
poll_sql($node, "SELECT state FROM bgjob.job WHERE id = $job AND waits_for = 'another attempt to undo p'", 8);
is(sql($node, "SELECT seq > 1, attempt, sqlstate FROM bgjob.failure WHERE job = $job AND seq > 0 ORDER BY attempt LIMIT 1"), 't|1|22012', 'a failed attempt to undo is written down');
my $pids = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'bgjob worker'";
sql($node, $pids);
sql($node, 'UPDATE there.gate SET shut = 0');
job_ends($node, $job);
is(sql($node, 'SELECT count(*) FROM there.place'), 0, 'another worker undoes it with the search_path of the job');

# One that cannot be undone needs attention, and the others wait for it.
forget_effects($node);
flow($node, 'stuck', "$a CALL bgjob.step('bad', 'INSERT INTO done (what) VALUES (''bad'')', undo => 'INSERT INTO nowhere VALUES (1)'); $c $fail");
$job = start_flow($node, 'stuck');
# Its ten attempts are brought forward, for their back-off takes minutes.
poll_until(
	sub {
		$node->psql('postgres', "WITH s AS (UPDATE bgjob.step SET due_at = now() WHERE job = $job AND kind = 8 AND state = 4) UPDATE bgjob.job SET due_at = now() WHERE id = $job AND state = 8; SELECT bgjob.enqueue('SELECT 1')");
		sql($node, "SELECT state FROM bgjob.job WHERE id = $job") eq '9';
	},
	'the job needs attention');
is(effects($node), 'a bad c undo c', 'a step that cannot be undone stops the undoing');
is(sql($node, "SELECT state, due_at, waits_for, sqlstate FROM bgjob.job WHERE id = $job"), '9|infinity|help: cannot undo bad|P0001', '... and the job needs attention');
is(sql($node, "SELECT count(*), max(attempt), max(sqlstate) FROM bgjob.failure WHERE job = $job AND seq > 0"), '10|10|42P01', '... after ten attempts, each written down');
$node->restart;
job_ends($node, enqueue($node, 'SELECT 1'));
is(sql($node, "SELECT state FROM bgjob.job WHERE id = $job"), 9, '... and stays so');

# A crash in the middle of undoing.
sql($node, "DELETE FROM bgjob.job WHERE id = $job");
forget_effects($node);
my $slow = "CALL bgjob.step('slow', 'INSERT INTO done (what) VALUES (''slow'')', undo => 'INSERT INTO done (what) SELECT ''undo slow'' FROM pg_sleep(0.3)');";
flow($node, 'crashing', "$a $slow $c $fail");
$job = start_flow($node, 'crashing');
poll_sql($node, "SELECT count(*) FROM done WHERE what = 'undo c'", 1);
$node->stop('immediate');
$node->start;
job_ends($node, $job);
is(effects($node), 'a slow c undo c undo slow undo a', 'undoing goes on after a crash, each once');

$node->stop;
done_testing();
