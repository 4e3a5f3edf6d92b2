# Control of durable jobs by several sessions: cancel of what runs, undo, children, pause, await,
# and jobs that take the server down with them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows qw(is_held);
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nrestart_after_crash = on",
	extensions => ['bgjob']);
my $sql = sub { return $node->safe_psql('postgres', $_[0]) };
my $enqueue = sub { return $sql->("SELECT bgjob.enqueue(\$job\$$_[0]\$job\$)") };
my $start = sub { return $sql->("SELECT bgjob.start('$_[0]')") };
my $busy = sub { return poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type <> 'client backend' AND wait_event = 'PgSleep'", $_[0] // 1) };
my $gone = sub { return poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE id = $_[0]", 0) };
my $waits = sub { return poll_sql($node, "SELECT waits_for FROM bgjob.job WHERE id = $_[0] AND NOT @{[is_held($_[0])]}", $_[1]) };

$sql->(<<'SQL');
CREATE TABLE done (what text);
CREATE PROCEDURE long_sql(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')', undo => 'INSERT INTO done VALUES (''undo first'')');
    PERFORM pg_sleep(600);
END $$;
CREATE PROCEDURE long_step(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')', undo => 'INSERT INTO done VALUES (''undo first'')');
    BEGIN
        CALL bgjob.step('second', 'SELECT pg_sleep(600)', undo => 'INSERT INTO done VALUES (''undo second'')', attempts => 5);
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO done VALUES ('caught');
    END;
END $$;
CREATE PROCEDURE waiting(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bgjob.set_status('asks');
    CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')', undo => 'INSERT INTO done VALUES (''undo first'')');
    PERFORM bgjob.set_status('waits for an answer');
    CALL bgjob.wait_signal('answer');
    INSERT INTO done VALUES ('answered');
END $$;
CREATE PROCEDURE simple_wait(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.wait_signal('go');
    INSERT INTO done VALUES ('went');
END $$;
SQL
my $done = sub { return $sql->("SELECT string_agg(what, ',' ORDER BY ctid) FROM done") };
my $forget = sub { $sql->('TRUNCATE done') };

# A statement that runs is interrupted when the cancel commits, and not before.
my $job = $enqueue->('SELECT pg_sleep(600)');
$busy->();
my $psql = session($node);
$psql->query_safe('BEGIN');
is($psql->query_safe("SELECT bgjob.cancel($job, 'enough')"), 't', 'a running statement can be cancelled');
$psql->query_safe('ROLLBACK');
$psql->query_safe("BEGIN; SAVEPOINT s; SELECT bgjob.cancel($job); ROLLBACK TO s; COMMIT");
is($sql->("SELECT count(*) FROM bgjob.job WHERE id = $job"), 1, 'a cancel that is rolled back does nothing');
is($sql->("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 1, 'and interrupts nothing');
my $begin = time;
is($sql->("SELECT bgjob.cancel($job, 'enough')"), 't', 'a cancel of a running statement');
$gone->($job);
cmp_ok(time - $begin, '<', 30, 'its SQL is interrupted');
$busy->(0);
is($sql->("SELECT bgjob.cancel($job)"), 'f', 'a job that has ended cannot be cancelled');
is($sql->('SELECT count(*) FROM bgjob.failure'), 0, 'a cancelled statement did not fail');

# The worker goes on with the next job, which no cancel reaches.
$gone->($enqueue->("INSERT INTO done VALUES ('next')"));
is($done->(), 'next', 'the next job is not hit');
$forget->();

# A workflow in plain SQL, in a step, and at a wait: what its steps did is undone, in each case.
$job = $start->('long_sql');
$busy->();
$sql->("SELECT bgjob.cancel($job, 'no more')");
$gone->($job);
is($done->(), 'first,undo first', 'a workflow is interrupted and its step undone');
$forget->();

$job = $start->('long_step');
$busy->();
$sql->("SELECT bgjob.cancel($job)");
$gone->($job);
is($done->(), 'first,undo first', 'a step that is interrupted counts not at all, and nobody catches the cancel');
$forget->();

$job = $start->('waiting');
$waits->($job, 'signal answer');
is($sql->("SELECT status FROM bgjob.job WHERE id = $job"), 'waits for an answer', 'set_status outlives a suspension');
$sql->("SELECT bgjob.cancel($job)");
$gone->($job);
is($done->(), 'first,undo first', 'a workflow that waits is undone');
$forget->();
$job = $start->('simple_wait');
$waits->($job, 'signal go');
$sql->("SELECT bgjob.cancel($job)");
is($sql->("SELECT count(*) FROM bgjob.job WHERE id = $job"), 0, 'one without anything to undo ends at once');

# A paused workflow keeps its mail, and goes on when it is resumed.
$job = $start->('simple_wait');
$waits->($job, 'signal go');
$sql->("SELECT bgjob.pause($job)");
$sql->("SELECT bgjob.signal($job, 'go')");
# jobs that come later are done: this one would have been
$gone->($enqueue->('SELECT 1')) for 1 .. 3;
is($sql->("SELECT state, due_at FROM bgjob.job WHERE id = $job"), '6|infinity', 'a paused workflow rests, whatever comes');
$sql->("SELECT bgjob.resume($job)");
$gone->($job);
is($done->(), 'went', 'resumed it goes on');
$forget->();

# What it says of itself, in the procedure and in steps of both kinds, is told by status().
$sql->(<<'SQL');
CREATE PROCEDURE telling(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bgjob.set_status('has begun');
    CALL bgjob.wait_signal('go');
    CALL bgjob.step('here', 'SELECT bgjob.set_status(''in a step'')');
    CALL bgjob.wait_signal('go');
    BEGIN
        CALL bgjob.step('aside', 'SELECT bgjob.set_status($1)', args => '["in a step in a block"]');
    EXCEPTION WHEN division_by_zero THEN
    END;
    CALL bgjob.wait_signal('go');
    PERFORM bgjob.set_status('has done all');
    CALL bgjob.step('last', 'SELECT 1');
END $$;
SQL
$job = $start->('telling');
for my $status ('has begun', 'in a step', 'in a step in a block')
{
	poll_sql($node, "SELECT state, status FROM bgjob.status($job)", "waiting|$status", 30) && pass("set_status: $status");
	$sql->("SELECT bgjob.signal($job, 'go')");
}
$gone->($job);
is($sql->("SELECT state, status FROM bgjob.status($job)"), 'succeeded|has done all', '... and what it said last is remembered');

# One that runs while it is paused rests at its next wait.
$sql->(<<'SQL');
CREATE PROCEDURE late_wait(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('held', 'SELECT pg_advisory_xact_lock(7)');
    CALL bgjob.wait_signal('go');
END $$;
SQL
$psql->query_safe('SELECT pg_advisory_lock(7)');
$job = $start->('late_wait');
poll_sql($node, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 1);
$sql->("SELECT bgjob.pause($job)");
$psql->query_safe('SELECT pg_advisory_unlock(7)');
$waits->($job, 'signal go');
is($sql->("SELECT state FROM bgjob.job WHERE id = $job"), 6, 'a workflow that is paused while it runs rests at its next wait');
$sql->("SELECT bgjob.cancel($job)");
is($sql->("SELECT (SELECT count(*) FROM bgjob.job WHERE id = $job) + (SELECT count(*) FROM bgjob.paused)"), 0, 'and can be cancelled there');

# The children of a job that ends are cancelled, those that run as well.
my $parent = $start->('simple_wait');
$waits->($parent, 'signal go');
my @children = map { $sql->("SELECT bgjob.enqueue('SELECT pg_sleep(600)', run_at => now() + '1 hour')") } 1 .. 2;
$sql->("INSERT INTO bgjob.child (parent, job, state) SELECT $parent, unnest(ARRAY[$children[0], $children[1]]), 0");
$sql->("UPDATE bgjob.job SET parent = $parent WHERE id IN ($children[0], $children[1])");
$sql->("UPDATE bgjob.job SET due_at = now() WHERE id = $children[0]");
$busy->();
$sql->("SELECT bgjob.cancel($parent)");
is($sql->("SELECT count(*) FROM bgjob.job WHERE id IN ($parent, $children[1])"), 0, 'with a job its children end');
$gone->($children[0]);
$busy->(0);
pass('a child that runs is interrupted');

# What cannot be undone needs attention; retry undoes it when that is possible.
$sql->(<<'SQL');
CREATE PROCEDURE hard_to_undo(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')', undo => 'INSERT INTO later VALUES (''undone'')');
    CALL bgjob.wait_signal('go');
END $$;
SQL
$job = $start->('hard_to_undo');
$waits->($job, 'signal go');
$sql->("SELECT bgjob.cancel($job)");
$waits->($job, 'another attempt to undo first');
# its attempts are used up
$sql->("UPDATE bgjob.step SET attempt = 9, due_at = NULL WHERE job = $job AND kind = 8");
$sql->("UPDATE bgjob.job SET due_at = now() WHERE id = $job");
$waits->($job, 'help: cannot undo first');
is($sql->("SELECT state FROM bgjob.job WHERE id = $job"), 9, 'what cannot be undone needs attention');
$sql->('CREATE TABLE later (what text)');
$sql->("SELECT bgjob.retry($job)");
$gone->($job);
is($sql->('SELECT what FROM later'), 'undone', 'retry undoes it');
$forget->();

# await: woken by the end, without a snapshot meanwhile, not deaf to a cancel.
$psql->query_safe('SELECT pg_advisory_lock(7)');
$job = $enqueue->('SELECT pg_advisory_xact_lock(7)');
my $waiter = session($node);
my $pid = backend_pid($waiter);
run_in_background($waiter, "CALL bgjob.await($job)");
wait_until_blocked($node, $pid);
is($sql->("SELECT backend_xmin IS NULL FROM pg_stat_activity WHERE pid = $pid"), 't', 'who waits holds no snapshot');
$psql->query_safe('SELECT pg_advisory_unlock(7)');
like($waiter->query_safe('SELECT 0'), qr/succeeded/, 'await tells how the job ended');
$psql->query_safe('SELECT pg_advisory_lock(7)');
$job = $enqueue->('SELECT pg_advisory_xact_lock(7)');
run_in_background($waiter, "DO \$\$ DECLARE how text; BEGIN PERFORM 1; CALL bgjob.await($job, how); RAISE NOTICE '%', how; END \$\$");
wait_until_blocked($node, $pid);
is($sql->("SELECT backend_xmin IS NULL FROM pg_stat_activity WHERE pid = $pid"), 't', 'nor does a block');
$sql->("SELECT pg_cancel_backend($pid)");
poll_sql($node, "SELECT state FROM pg_stat_activity WHERE pid = $pid", 'idle');
pass('await can be cancelled');
eval { $waiter->quit };
$waiter = session($node);
run_in_background($waiter, "CALL bgjob.await($job)");
wait_until_blocked($node, backend_pid_of_await());
$sql->("SELECT bgjob.cancel($job)");
like($waiter->query_safe('SELECT 0'), qr/cancelled/, 'await tells of a cancel');
$psql->query_safe('SELECT pg_advisory_unlock(7)');
$_->quit for $waiter, $psql;

sub backend_pid_of_await
{
	my $query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL bgjob.await(%' AND state = 'active'";
	poll_until(sub { $sql->($query) ne '' }, 'somebody waits');
	return $sql->($query);
}

# A job that kills its own server process is put in quarantine after three times; others are not.
$sql->("SELECT bgjob.enqueue('INSERT INTO done VALUES (''later'')', run_at => now() + '1 s')");
$sql->('CREATE TABLE deadly (yes boolean)');
$sql->('INSERT INTO deadly VALUES (true)');
my $deadly = <<'SQL';
DO $$ BEGIN
    IF (SELECT yes FROM deadly) THEN
        EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || pg_backend_pid());
        PERFORM pg_sleep(600);
    END IF;
    INSERT INTO done VALUES ('survived');
END $$
SQL
# The server may be gone before it has answered.
$node->psql('postgres', "SELECT bgjob.enqueue(\$job\$$deadly\$job\$)");
poll_until(sub { $job = answer_of($node, "SELECT id FROM bgjob.job WHERE command LIKE '%deadly%'") }, 'the job');
poll_sql($node, "SELECT state FROM bgjob.job WHERE id = $job", 10);
is($sql->("SELECT due_at, sqlstate FROM bgjob.job WHERE id = $job"), 'infinity|57P02', 'a job that crashes the server is in quarantine');
is($sql->("SELECT ends FROM bgjob.unclean WHERE job = $job"), 3, 'after three times');
poll_sql($node, "SELECT count(*) FROM done WHERE what = 'later'", 1);
pass('other jobs are run');
$sql->('UPDATE deadly SET yes = false');
$sql->("SELECT bgjob.retry($job)");
$gone->($job);
is($sql->("SELECT count(*) FROM done WHERE what = 'survived'"), 1, 'retry brings it back');
is($sql->("SELECT count(*) FROM bgjob.unclean WHERE job = $job"), 0, 'with a clean slate');

$node->stop;
done_testing();
