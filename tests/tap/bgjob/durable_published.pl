# Durable jobs under a publication of all tables: the server lets no row be changed or deleted that a
# subscriber could not tell from others.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(init => { allows_streaming => 'logical' });
sql($node, "ALTER TABLE done ADD PRIMARY KEY (n); CREATE PUBLICATION everything FOR ALL TABLES; SELECT pg_create_logical_replication_slot('reader', 'pgoutput')");

# Plain jobs that succeed, fail for good and are cancelled; keys; a paused one.
enqueue($node, q(INSERT INTO done (what) VALUES ('plain')), q(key => 'k'));
my $dead = enqueue($node, 'SELECT 1 / 0', q(options => '{"retry": {"attempts": 2, "base": "1 ms"}}'));
my $later = enqueue($node, 'SELECT 1', q(run_at => now() + '1 day'));
sql($node, "SELECT bgjob.pause($later)");
sql($node, "SELECT bgjob.resume($later)");
sql($node, "SELECT bgjob.cancel($later, 'no longer')");
jobs_end($node);
is(effects($node), 'plain', 'a job runs');
is(sql($node, "SELECT state FROM bgjob.status($dead)"), 'failed', 'another fails');
is(sql($node, "SELECT state FROM bgjob.status($later)"), 'cancelled', 'another is cancelled');
sql($node, "SELECT bgjob.retry($dead)");
jobs_end($node);

# A workflow with all that it may wait for, and one that is undone.
forget_effects($node);
flow($node, 'child', step('child'));
flow($node, 'parent', step('a')
	  . " CALL bgjob.join(array[bgjob.spawn_workflow('child')]);"
	  . " CALL bgjob.wait_signal('go'); CALL bgjob.task('work', 'outside', NULL); CALL bgjob.sleep('1 ms');" . step('b'));
my $parent = start_flow($node, 'parent');
job_waits($node, $parent, 'signal go');
sql($node, "SELECT bgjob.signal($parent, 'go')");
poll_sql($node, q(SELECT count(bgjob.complete_task(id, 'w')) FROM bgjob.fetch_task('outside', 'w')), 1);
job_ends($node, $parent);
is(effects($node), 'a child b', 'a workflow takes its steps');
forget_effects($node);
is(run_flow($node, q(CALL bgjob.step('x', 'INSERT INTO done (what) VALUES (''x'')', undo => 'INSERT INTO done (what) VALUES (''undone'')');)
	  . q(RAISE 'no';)), 'x undone', 'another is undone');

# Schedules, upkeep and retention.
sql($node, q(SELECT bgjob.schedule('tick', '* * * * * *', 'INSERT INTO done (what) VALUES (''tick'')')));
poll_sql($node, q(SELECT count(*) > 1 FROM done WHERE what = 'tick'));
sql($node, q(SELECT bgjob.unschedule('tick')));
jobs_end($node);
is(sql($node, 'SELECT count(*) FROM bgjob.schedule_run'), 0, 'a schedule runs its jobs');
cmp_ok(sql($node, q(SELECT bgjob.prune('0 s'))), '>', 3, 'what has ended is pruned');
is(sql($node, 'SELECT count(*) FROM bgjob.step'), 0, '... with its steps');

is(sql($node, <<'END'), '', 'rows of each table have an identity');
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'bgjob'::regnamespace AND c.relkind IN ('r', 'p') AND c.relreplident = 'd'
END
cmp_ok(sql($node, <<'END'), '>', 20, 'a reader of the publication gets what was done');
SELECT count(*) FROM pg_logical_slot_get_binary_changes('reader', NULL, NULL, 'proto_version', '1', 'publication_names', 'everything')
END

$node->stop;
done_testing();
