# Children of workflows: spawn, join, join_any and map; restart; and steps with a transaction mode of
# their own.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => 'max_worker_processes = 16');
my $word = q('INSERT INTO done (what) VALUES ($1) RETURNING what');

# ---- spawn and join --------------------------------------------------------------------------------
is( run_flow($node,
		"r := to_jsonb(array[bgjob.spawn($word, '[\"a\"]'), bgjob.spawn($word, '[\"b\"]')]);"
		  . " CALL bgjob.join(array[(r->>0)::bigint, (r->>1)::bigint], results => r);" . noted('r->1->0->>\'what\'')) =~ s/a b|b a/both/r,
	'both b',
	'join waits for all, and gives their results in the order asked for');
flow($node, 'small', step('child step') . ' CALL bgjob.sleep(\'20 ms\');');
is(run_flow($node, "CALL bgjob.join(array[bgjob.spawn_workflow('small')]);" . step('parent')),
	'child step parent', 'a child may be a workflow');
is( run_flow($node,
		"BEGIN CALL bgjob.join(array[bgjob.spawn('SELECT 1 / 0')]); EXCEPTION WHEN division_by_zero THEN " . noted('sqlerrm') . ' END;')
	  =~ s/\d+/N/r,
	'child job N failed: division by zero',
	'the failure of a child is raised in its parent, with its SQLSTATE');
is( run_flow($node,
		"BEGIN CALL bgjob.join(array[1::bigint]); EXCEPTION WHEN undefined_object THEN " . noted('sqlerrm') . ' END;'),
	'job 1 is no child of this workflow',
	'who is no child cannot be joined');
is(run_flow($node, 'CALL bgjob.join(\'{}\');' . step('on')), 'on', 'a join of none is over at once');

# A parent that fails takes its children with it.
forget_effects($node);
flow($node, 'patient', "CALL bgjob.wait_signal('never');");
flow($node, 'failing', "PERFORM bgjob.spawn_workflow('patient'); RAISE EXCEPTION 'failed';");
job_ends($node, start_flow($node, 'failing'));
jobs_end($node);
is(sql($node, "SELECT state, message FROM bgjob.jobs WHERE command LIKE '%patient%'"),
	'cancelled|its parent has ended', 'children of a parent that failed are cancelled');
flow($node, 'family', "FOR k IN 1 .. 20 LOOP PERFORM bgjob.spawn_workflow('patient'); END LOOP; CALL bgjob.wait_signal('never');");
my $family = start_flow($node, 'family');
poll_sql($node, q(SELECT count(*) FROM bgjob.job WHERE waits_for = 'signal never' AND due_at > now()), 21);
is( sql($node, "BEGIN; SELECT bgjob.cancel($family); SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid(); COMMIT"),
	"t\n1", 'to cancel them takes no lock for each');
jobs_end($node);
is(sql($node, "SELECT count(*) FROM bgjob.jobs WHERE command LIKE '%patient%' AND state = 'cancelled'"), 21, '... and ends all');

# ---- join_any --------------------------------------------------------------------------------------
my $slow = q('INSERT INTO done (what) SELECT ''slow'' FROM pg_sleep(60)');
is( run_flow($node,
		"CALL bgjob.join_any(array[bgjob.spawn($slow), bgjob.spawn($word, '[\"quick\"]')]);" . step('won')),
	'quick won', 'the first that succeeds ends the race');
jobs_end($node);
is(effects($node), 'quick won', '... and the loser leaves nothing half-done');
is( run_flow($node,
		"BEGIN CALL bgjob.join_any(array[bgjob.spawn('SELECT 1 / 0'), bgjob.spawn('SELECT 1 / 0')]);"
		  . ' EXCEPTION WHEN division_by_zero THEN ' . step('all failed') . ' END;'),
	'all failed', 'a race that all lose is lost');

# ---- map -------------------------------------------------------------------------------------------
is( run_flow($node,
		q(CALL bgjob.map('SELECT i, ''x'' || i FROM generate_series(1, $1) i', 'INSERT INTO done (what) VALUES ($2) RETURNING $1 + 1 AS next', args => '[50]', parallel => 4, results => r);)
		  . noted('r->49->0->>\'next\'')) =~ s/(x\d+ ?)+/rows /r,
	'rows 51',
	'map runs a job for each row and gives the results in the order of the rows');
is(run_flow($node, q(CALL bgjob.map('SELECT 1 WHERE false', 'SELECT $1', results => r);) . noted('r::text')), '[]', 'a map of no rows');
is( run_flow($node,
		q(BEGIN CALL bgjob.map('SELECT i FROM generate_series(1, 100) i', 'SELECT 1 / ($1 - 3)', parallel => 2); EXCEPTION WHEN division_by_zero THEN )
		  . step('failed') . ' END;'),
	'failed', 'a map one of whose children fails is failed');
jobs_end($node);
is(sql($node, "SELECT count(*) FROM bgjob.child c WHERE c.state = 0"), 0, '... and its other children are cancelled');
is( run_flow($node, q(BEGIN CALL bgjob.map('SELECT 1', 'SELECT $1', parallel => 0); EXCEPTION WHEN invalid_parameter_value THEN ) . noted('sqlerrm') . ' END;'),
	'"parallel" must be between 1 and 1000', 'the width of a map has a range');
run_flow($node, q(CALL bgjob.map('SELECT i FROM generate_series(1, 10000) i', 'INSERT INTO done (what) VALUES ($1::text)');));
is(sql($node, 'SELECT count(*), count(DISTINCT what) FROM done'), '10000|10000', 'a map of 10,000 rows');

# How far maps have come: rows 3 to 5 of the first one wait for a lock.
my $locker = session($node);
$locker->query_safe('SELECT pg_advisory_lock(7)');
flow($node, 'mapping',
	q(CALL bgjob.map('SELECT generate_series(1, 5)', 'SELECT pg_advisory_xact_lock(7) WHERE $1 > 2', parallel => 2, name => 'held');)
	  . q(CALL bgjob.map('SELECT 1 WHERE false', 'SELECT $1', name => 'none');)
	  . q(BEGIN CALL bgjob.map('SELECT generate_series(1, 3)', 'SELECT 1 / ($1 - 1)', parallel => 1, name => 'bad'); EXCEPTION WHEN division_by_zero THEN )
	  . step('caught') . ' END;');
my $mapping = start_flow($node, 'mapping');
my $progress = "SELECT name, state, total, succeeded, failed, cancelled, unfinished FROM bgjob.map_progress WHERE job = $mapping ORDER BY seq";
poll_sql($node, $progress, 'held|waiting|5|2|0|0|3') && pass('map_progress counts the jobs of a map that is under way');
$locker->query_safe('SELECT pg_advisory_unlock(7)');
$locker->quit;
job_ends($node, $mapping);
poll_sql($node, $progress, "held|done|5|5|0|0|0\nnone|done|0|0|0|0|0\nbad|failed|3|0|1|2|0") && pass('... and of each that has ended, and how they did');
sql($node, "CREATE ROLE stranger; SELECT bgjob.grant_usage('stranger')");
is(sql($node, 'SET ROLE stranger; SELECT count(*) FROM bgjob.map_progress'), 0, '... for those who may see the job');
is( run_flow($node,
		q{CALL bgjob.map('SELECT 12345678901234.5678 AS n, 1.10 AS n, ''1.50''::json AS j, 1e400::numeric AS big, NULL::int',}
		  . q{ 'INSERT INTO done (what) SELECT concat_ws('' '', $1::numeric, $2::numeric, $3::json, $4::numeric = 1e400, $5::int IS NULL)');}),
	'12345678901234.5678 1.10 1.50 t t', 'map gives columns as they are: every digit, and two of one name');

# Turns: the row 1 takes as long as a session holds a lock.
sql($node, q{CREATE PROCEDURE taking_turns(i int) LANGUAGE plpgsql AS $$
BEGIN
	IF i = 1 THEN
		PERFORM pg_advisory_xact_lock(77);
	END IF;
	INSERT INTO done (what) VALUES (i);
END $$});
my $holder = session($node);

# start_turns($rows, $parallel): the job, whose first child is held up.
sub start_turns
{
	my ($rows, $parallel) = @_;
	$holder->query_safe('SELECT pg_advisory_lock(77)');
	forget_effects($node);
	flow($node, 'turns', "CALL bgjob.map('SELECT generate_series(1, $rows)', 'CALL taking_turns(\$1)', parallel => $parallel);");
	my $job = start_flow($node, 'turns');
	poll_sql($node, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 1);
	return $job;
}
sub let_go { return $holder->query_safe('SELECT pg_advisory_unlock(77)') }
my $last_child = 'SELECT max(id) FROM bgjob.job WHERE parent =';

my $turns = start_turns(10, 2);
poll_sql($node, 'SELECT count(*) FROM done', 9);
is(sql($node, "SELECT count(*) FROM bgjob.job WHERE parent = $turns"), 1, 'a slow child of a map holds nobody up');
let_go();
job_ends($node, $turns);
$turns = start_turns(4, 1);
is(sql($node, "SELECT count(*) FROM bgjob.job WHERE parent = $turns AND due_at <= now()"), 1, 'only so many run at a time');
my $resting = sql($node, "$last_child $turns");
sql($node, "SELECT bgjob.pause($resting)");
let_go();
poll_sql($node, 'SELECT count(*) FROM done', 3);
job_waits($node, $turns, 'children of map map');
sql($node, "SELECT bgjob.resume($resting)");
job_ends($node, $turns);
is(effects($node), '1 2 3 4', 'a child that rested when its turn came runs when it is resumed');
$turns = start_turns(3, 1);
my $other = session($node);
$other->query_safe('BEGIN');
$other->query_safe("SELECT bgjob.pause(($last_child $turns))");
let_go();
poll_sql($node, 'SELECT count(*) FROM done', 2);
$other->query_safe('ROLLBACK');
job_ends($node, $turns);
is(effects($node), '1 2 3', 'nor is one forgotten that was in the hands of a session');

# A session that touches the job for a while is no failure of the map.
$holder->query_safe('SELECT pg_advisory_lock(77)');
forget_effects($node);
flow($node, 'touched', "CALL bgjob.step('held up', 'SELECT pg_advisory_xact_lock(77)'); CALL bgjob.map('SELECT 1', $word);" . step('mapped'));
my $touched = start_flow($node, 'touched');
poll_sql($node, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 1);
my $log = -s $node->logfile;
$other->query_safe('BEGIN');
$other->query_safe("SELECT bgjob.pause($touched)");
let_go();
poll_until(sub { log_since($node, $log) =~ /the job is being changed/ }, 'the map comes to what the session holds');
$other->query_safe('ROLLBACK');
job_ends($node, $touched);
is(effects($node), '1 mapped', 'a map waits for a session that touches its job');

# Children of children have a limit.
flow($node, 'deep', "CALL bgjob.join(array[bgjob.spawn_workflow('deep')]);");
my $deep = start_flow($node, 'deep');
jobs_end($node);
like(sql($node, "SELECT message FROM bgjob.jobs WHERE id = $deep"), qr/children are nested too deeply/, 'children are not nested without end');

# ---- restart ---------------------------------------------------------------------------------------
forget_effects($node);
flow($node, 'endless', step('turn') . " IF (input->>'left')::int > 0 THEN CALL bgjob.restart(jsonb_build_object('left', (input->>'left')::int - 1)); END IF;");
my $job = start_flow($node, 'endless', q('{"left": 9999}'));
job_ends($node, $job) for 1 .. 3;
is(sql($node, 'SELECT count(*) FROM done'), 10000, 'restart 10,000 times');
is(sql($node, "SELECT count(*) FROM bgjob.step WHERE job = $job"), 1, '... with the history of one execution');
forget_effects($node);
flow($node, 'receiver', "CALL bgjob.wait_signal('x', result => r);" . noted('r') . " IF input IS NULL THEN CALL bgjob.restart('1'); END IF;");
$job = start_flow($node, 'receiver');
sql($node, "SELECT bgjob.signal($job, 'x', to_jsonb(i)) FROM generate_series(1, 2) i");
job_ends($node, $job);
is(effects($node), '1 2', 'signals that were not taken survive a restart');

forget_effects($node);
$holder->query_safe('SELECT pg_advisory_lock(77)');
flow($node, 'pausing', step('turn') . ' IF input IS NULL THEN PERFORM pg_advisory_xact_lock(77); CALL bgjob.restart(\'1\'); END IF;');
$job = start_flow($node, 'pausing');
poll_sql($node, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 1);
sql($node, "SELECT bgjob.pause($job)");
let_go();
poll_sql($node, "SELECT args FROM bgjob.job WHERE id = $job", 1);
is(sql($node, "SELECT state, due_at FROM bgjob.job WHERE id = $job"), '6|infinity', 'a job that is paused before it starts anew rests');
sql($node, "SELECT bgjob.resume($job)");
job_ends($node, $job);
is(effects($node), 'turn turn', '... until it is resumed');

# ---- modes of a step -------------------------------------------------------------------------------
my $modes = q('SELECT current_setting(''transaction_isolation'') || '' '' || current_setting(''transaction_read_only'') AS mode');
for my $mode (['isolation => \'serializable\'', 'serializable off'], ['isolation => \'repeatable read\', read_only => true', 'repeatable read on'])
{
	is(run_flow($node, "CALL bgjob.step('mode', $modes, $mode->[0], result => r);" . noted('r->0->>\'mode\'')), $mode->[1], "a step with $mode->[0]");
}
is( run_flow($node,
		"BEGIN CALL bgjob.step('write', 'INSERT INTO done (what) VALUES (''written'')', read_only => true); EXCEPTION WHEN read_only_sql_transaction THEN "
		  . step('refused') . ' END;'),
	'refused', 'a step that is read-only writes nothing');
is( run_flow($node,
		"BEGIN CALL bgjob.step('ask', 'SELECT bgjob.cancel(1)', read_only => true); EXCEPTION WHEN read_only_sql_transaction THEN " . noted('sqlerrm') . ' END;'),
	'cannot execute bgjob.cancel() in a read-only transaction', '... nor through bgjob');
is(run_flow($node, "CALL bgjob.step('vacuum', 'VACUUM done', atomic => false);" . step('on')), 'on', 'VACUUM is a step with atomic => false');
is(run_flow($node, "BEGIN CALL bgjob.step('vacuum', 'VACUUM done'); EXCEPTION WHEN active_sql_transaction THEN " . step('refused') . ' END;'),
	'refused', '... and none without');
is( run_flow($node, "BEGIN CALL bgjob.step('long', 'SELECT pg_sleep(60)', timeout => '50 ms'); EXCEPTION WHEN query_canceled THEN " . noted('sqlerrm') . ' END;'),
	'canceling statement due to statement timeout', 'a step has a time limit');
is(run_flow($node, "BEGIN CALL bgjob.step('x', 'SELECT 1', isolation => 'chaos'); EXCEPTION WHEN invalid_parameter_value THEN " . noted('sqlerrm') . ' END;'),
	'invalid isolation level "chaos"', 'a level that is none');

# ---- trying again what failed ----------------------------------------------------------------------
forget_effects($node);
sql($node, 'CREATE TABLE broken (is_broken boolean); INSERT INTO broken VALUES (true)');
my $fragile = q('INSERT INTO done (what) SELECT ''mended'' FROM broken WHERE 1 / (1 - is_broken::int) = 1');
flow($node, 'fragile', step('before') . " CALL bgjob.step('fragile', $fragile);" . step('after'));
$job = start_flow($node, 'fragile');
job_ends($node, $job);
is(effects($node), 'before', 'a workflow that failed for good');
my $plain = enqueue($node, q(INSERT INTO done (what) SELECT 'plain' FROM broken WHERE 1 / (1 - is_broken::int) = 1), q(options => '{"retry": {"attempts": 1}}'));
job_ends($node, $plain);
sql($node, 'UPDATE broken SET is_broken = false');
sql($node, "SELECT bgjob.retry($job)");
job_ends($node, $job);
is(effects($node), 'before mended after', '... goes on where it failed when it is tried again');
is(sql($node, "SELECT state FROM bgjob.jobs WHERE id = $job"), 'succeeded', '... and is remembered once');
sql($node, "SELECT bgjob.retry($plain)");
job_ends($node, $plain);
is(effects($node), 'before mended after plain', 'so does a statement');
forget_effects($node);
sql($node, 'UPDATE broken SET is_broken = true');
flow($node, 'undone', "CALL bgjob.step('reserve', 'INSERT INTO done (what) VALUES (''reserve'')', undo => 'INSERT INTO done (what) VALUES (''undo'')');"
	  . " CALL bgjob.step('fragile', $fragile);");
$job = start_flow($node, 'undone');
job_ends($node, $job);
sql($node, 'UPDATE broken SET is_broken = false');
is((psql_error($node, "SELECT bgjob.retry($job, 'fragile')"))[0], '55000', 'what was undone cannot be left out');
sql($node, "SELECT bgjob.retry($job)");
job_ends($node, $job);
is(effects($node), 'reserve undo reserve mended', 'what was undone is done again');
sql($node, 'UPDATE broken SET is_broken = true');
$job = start_flow($node, 'undone');
job_ends($node, $job);
is(join(' ', psql_error($node, "SELECT bgjob.retry($job, 'fragile')")), '55000 job cannot be retried from a step',
	'nor does a job go on from a step upon others that were undone');
forget_effects($node);
sql($node, 'UPDATE broken SET is_broken = false');
sql($node, "SELECT bgjob.retry($job, 'reserve')");
job_ends($node, $job);
is(effects($node), 'reserve mended', '... but from the first of those');

# From a step that has been done: that one and what came after are done once more.
forget_effects($node);
sql($node, 'UPDATE broken SET is_broken = true');
flow($node, 'from_step', step('one') . step('two') . step('three') . " CALL bgjob.step('fragile', $fragile);" . step('after'));
$job = start_flow($node, 'from_step');
job_ends($node, $job);
is(effects($node), 'one two three', 'a workflow that failed after three steps');
sql($node, 'UPDATE broken SET is_broken = false');
my $records = "SELECT string_agg(name, ' ' ORDER BY seq) FROM bgjob.steps WHERE job = $job";
is((psql_error($node, "SELECT bgjob.retry($job, 'four')"))[0], '42704', '... cannot be retried from a step that it has not come to');
is(sql($node, "BEGIN; SELECT bgjob.retry($job, 'two'); $records; ROLLBACK") =~ s/^\n//r, 'one', 'retried from a step: the records from there on are gone');
is(sql($node, $records), 'one two three fragile', '... and back if that is rolled back');
sql($node, "SELECT bgjob.retry($job, 'two')");
job_ends($node, $job);
is(effects($node), 'one two three two three mended after', '... what came before is not done again');
is(sql($node, $records), 'one two three fragile after', '... and each step is recorded once');
$plain = enqueue($node, 'SELECT 1 / 0');
job_ends($node, $plain);
is((psql_error($node, "SELECT bgjob.retry($plain, 'one')"))[0], '55000', '... a statement has no steps');

# What later steps had asked of others is asked anew. (That a job is quarantined takes three crashes.)
forget_effects($node);
flow($node, 'asking', step('first') . " PERFORM bgjob.spawn_workflow('patient'); CALL bgjob.task('ask', 'answers', NULL);");
$job = start_flow($node, 'asking');
job_waits($node, $job, 'task ask');
my $asked = sql($node, "SELECT id FROM bgjob.task WHERE job = $job");
sql($node, "UPDATE bgjob.job SET state = 10, due_at = 'infinity' WHERE id = $job");
sql($node, "SELECT bgjob.retry($job, 'first')");
poll_sql($node, "SELECT count(*) FROM bgjob.task WHERE job = $job AND id > $asked", 1);
is(sql($node, "SELECT count(*) FROM bgjob.task WHERE job = $job"), 1, 'a job that is retried from a step withdraws its task');
poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE parent = $job", 1);
is(effects($node), 'first first', '... and its children');
sql($node, "SELECT bgjob.cancel($job)");
jobs_end($node);

$_->quit for $holder, $other;
$node->stop;
done_testing();
