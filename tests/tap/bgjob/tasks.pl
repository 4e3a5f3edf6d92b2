# Tasks of workflows, done by programs that crash, hang, wait and have rights of their own.
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# WAL that nobody asks for stays in memory, so that a missing flush shows.
my $node = new_node(conf => "shared_preload_libraries = 'bgjob'\nmax_worker_processes = 16\nwal_writer_delay = 10s",
	extensions => ['bgjob']);
$node->safe_psql('postgres', q{
CREATE TABLE answers (n int, answer jsonb);
CREATE TABLE effects (key text PRIMARY KEY, times int NOT NULL DEFAULT 1);
GRANT ALL ON answers TO PUBLIC;
CREATE PROCEDURE one_task(input jsonb) LANGUAGE plpgsql AS $$
DECLARE answer jsonb;
BEGIN
    CALL bgjob.task('work', input->>'queue', input, result => answer,
                    timeout => (input->>'timeout')::interval);
    CALL bgjob.step('note', 'INSERT INTO public.answers VALUES ($1, $2)',
                    args => jsonb_build_array(input->'n', answer));
END $$;
});

sub start_task
{
	my ($n, $queue, $role) = @_;
	my $set = defined $role ? "SET ROLE $role;" : '';
	return $node->safe_psql('postgres',
		qq($set SELECT bgjob.start('one_task', '{"n": $n, "queue": "$queue"}')));
}

sub wait_for_answer
{
	my ($n, $answer) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node, "SELECT answer FROM answers WHERE n = $n", $answer);
}

sub wait_for_task
{
	my ($queue) = @_;
	return $node->safe_psql('postgres', "CALL bgjob.wait_task('$queue', '1 min')");
}

# --- waiting --------------------------------------------------------------------------------
{
	my $program = session($node);
	my $pid = backend_pid($program);
	run_in_background($program, "CALL bgjob.wait_task('idle')");
	wait_until_blocked($node, $pid);
	is($node->safe_psql('postgres',
			"SELECT backend_xmin IS NULL AND backend_xid IS NULL FROM pg_stat_activity WHERE pid = $pid"),
		't', 'who waits for a task holds no snapshot');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND relation IS NOT NULL"),
		'0', '... and no lock');
	start_task(1, 'idle');
	is($program->query("SELECT name FROM bgjob.fetch_task('idle', 'a')"), 'work',
		'and is woken when one is published');
	$program->query_safe("SELECT bgjob.complete_task(id, 'a', '1') FROM bgjob.tasks WHERE queue = 'idle'");
	wait_for_answer(1, '1');

	run_in_background($program, "CALL bgjob.wait_task('idle')");
	wait_until_blocked($node, $pid);
	my $begin = time;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	$program->query('SELECT 1');
	cmp_ok(time - $begin, '<', 30, 'the wait can be cancelled');
	like($program->{stderr}, qr/canceling statement/, '... with the usual error');
	$program->{stderr} = '';

	# A task in the hands of an open transaction is not there for others, and keeps nobody spinning.
	my $slow = session($node);
	start_task(2, 'held');
	wait_for_task('held');
	$slow->query_safe('BEGIN');
	$slow->query_safe("SELECT id FROM bgjob.fetch_task('held', 'slow')");
	is($program->query("SELECT count(*) FROM bgjob.fetch_task('held', 'a')"), '0', 'nobody waits for a fetch');
	run_in_background($program, "CALL bgjob.wait_task('held')");
	wait_until_blocked($node, $pid);
	$slow->query_safe('ROLLBACK');
	is($program->query("SELECT count(bgjob.complete_task(id, 'a', '2')) FROM bgjob.fetch_task('held', 'a')"),
		'1', 'a fetch that was rolled back has not been');
	wait_for_answer(2, '2');
	$slow->quit;
	$program->quit;
}

# --- cancel ---------------------------------------------------------------------------------
{
	my $job = start_task(3, 'cancelled');
	wait_for_task('cancelled');
	my $task = $node->safe_psql('postgres', "SELECT id FROM bgjob.fetch_task('cancelled', 'a', '1 h')");
	is($node->safe_psql('postgres', "SELECT bgjob.renew_task($task, 'a')"), 'waiting', 'a job that waits');
	# Whoever is changing the task must not keep the job from ending.
	my $other = session($node);
	$other->query_safe('BEGIN');
	$other->query_safe("SELECT bgjob.renew_task($task, 'a')");
	$node->safe_psql('postgres', "SELECT bgjob.cancel($job, 'no longer needed')");
	poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE id = $job", '0');
	is($node->safe_psql('postgres', "SELECT count(*) FROM bgjob.fetch_task('cancelled', 'b')"),
		'0', 'the task of a cancelled job is not fetched');
	$other->query_safe('COMMIT');
	$other->quit;
	poll_sql($node, "SELECT bgjob.renew_task($task, 'a')", 'withdrawn');
	poll_sql($node, "SELECT count(*) FROM bgjob.task WHERE job = $job", '0');
}

# --- a completion that is under way when the time is over -------------------------------------
{
	my $slow = session($node);
	my $job = $node->safe_psql('postgres',
		q{SELECT bgjob.start('one_task', '{"n": 6, "queue": "late", "timeout": "10 s"}')});
	wait_for_task('late');
	my $due = $node->safe_psql('postgres', "SELECT due_at FROM bgjob.job WHERE id = $job");
	$slow->query_safe('BEGIN');
	$slow->query_safe("SELECT bgjob.complete_task(id, 'a', '6') FROM bgjob.fetch_task('late', 'a')");
	poll_sql($node, "SELECT due_at > '$due' FROM bgjob.job WHERE id = $job");
	$slow->query_safe('COMMIT');
	$slow->quit;
	wait_for_answer(6, '6');
}

# --- crashes --------------------------------------------------------------------------------
{
	start_task(4, 'crash');
	wait_for_task('crash');
	# Neither the workflow nor this program waits for the disk.
	my ($task, $published) = split /\|/, $node->safe_psql('postgres', q{SET synchronous_commit = off;
		SELECT id, (SELECT published_at FROM bgjob.tasks t WHERE t.id = f.id) FROM bgjob.fetch_task('crash', 'a', '1 h') f});
	$node->stop('immediate');
	$node->start;
	is($node->safe_psql('postgres', "SELECT published_at FROM bgjob.tasks WHERE id = $task"),
		$published, 'a task that was fetched survives a crash');
	$node->safe_psql('postgres', "SELECT count(*) FROM bgjob.fetch_task('crash', 'a', '1 h')");
	$node->restart;
	# The renewal writes whole pages, which the WAL writer takes care of; the completion does not.
	is($node->safe_psql('postgres', <<"SQL"), 't', 'a completion is on disk, whatever the session says');
SET synchronous_commit = off;
SELECT bgjob.renew_task($task, 'a', '1 h') \\g /dev/null
SELECT pg_current_wal_insert_lsn() AS before, bgjob.complete_task($task, 'a', '4') \\gset
SELECT pg_current_wal_flush_lsn() > :'before'
SQL
	$node->stop('immediate');
	$node->start;
	wait_for_answer(4, '4');
	is($node->safe_psql('postgres', "SELECT count(*) FROM answers WHERE n = 4"), '1', '... and counts once');
}

# --- rights ---------------------------------------------------------------------------------
{
	$node->safe_psql('postgres', q{
CREATE ROLE shop LOGIN; CREATE ROLE member LOGIN IN ROLE shop; CREATE ROLE bank LOGIN; CREATE ROLE thief LOGIN;
SELECT bgjob.grant_usage(r::regrole) FROM unnest(ARRAY['shop', 'member', 'bank', 'thief']) r;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SELECT bgjob.grant_tasks('pay', 'bank');
});
	my $sql = sub {
		my ($role, $query) = @_;
		return $node->safe_psql('postgres', "SET SESSION AUTHORIZATION $role; $query");
	};
	my $error = sub {
		my ($role, $query) = @_;
		return (psql_error($node, "SET SESSION AUTHORIZATION $role; $query"))[0];
	};
	start_task(5, 'pay', 'shop');
	$node->safe_psql('postgres', "SET ROLE bank; CALL bgjob.wait_task('pay', '1 min')");
	is($sql->('thief', "SELECT count(*) FROM bgjob.fetch_task('pay', 'x')"), '0', 'strangers fetch nothing');
	is($sql->('thief', 'SELECT count(*) FROM bgjob.tasks'), '0', '... see nothing');
	$sql->('thief', "CALL bgjob.wait_task('pay', '10 ms')");
	is($error->('thief', "SELECT bgjob.grant_tasks('pay', 'thief')"), '42501', '... cannot help themselves');
	is($error->('thief', 'TABLE bgjob.task'), '42501', '... nor look into the table');
	is($sql->('member', 'SELECT count(*) FROM bgjob.tasks'), '1', 'members see it');
	my ($task, $role) = split /\|/, $sql->('bank', "SELECT id, role FROM bgjob.fetch_task('pay', 'b')");
	is($role, 'shop', 'who was granted the queue fetches it, and learns whose it is');
	is($error->('thief', "SELECT bgjob.complete_task($task, 'b')"), '42704', 'for strangers it does not exist');
	is($error->('thief', "SELECT bgjob.fail_task($task, 'b', 'no')"), '42704', '... to fail it either');
	is($sql->('thief', "SELECT bgjob.renew_task($task, 'b')"), 'withdrawn', '... or renew it');
	$node->safe_psql('postgres', "SELECT bgjob.revoke_tasks('pay', 'bank')");
	is($error->('bank', "SELECT bgjob.complete_task($task, 'b')"), '42704', 'a grant can be taken back');
	$sql->('member', "SELECT bgjob.complete_task($task, 'b', '5')");
	wait_for_answer(5, '5');
}

# --- many programs --------------------------------------------------------------------------
SKIP:
{
	my ($python) = grep { system("$_ -c 'import psycopg2' 2>/dev/null") == 0 } '/usr/bin/python3', 'python3';
	skip 'no psycopg2', 4 unless defined $python;
	my $program = $node->basedir . '/program.py';
	append_to_file($program, <<'PYTHON');
import os, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from task_worker import Worker

done = 0
def work(task):
    global done
    done += 1
    worker.sql("INSERT INTO effects VALUES (%s) ON CONFLICT (key) DO UPDATE SET times = effects.times + 1",
               task.key)
    if done == int(sys.argv[4]):
        os.kill(os.getpid(), 9)
    return task.payload["n"]

worker = Worker(sys.argv[2], "many", work, sys.argv[3], lease=10)
worker.run()
PYTHON
	my $tasks = 1000;
	$node->safe_psql('postgres', q{SELECT count(bgjob.start('one_task', jsonb_build_object('n', n, 'queue', 'many')))
		FROM generate_series(1001, 2000) n});
	my @programs = map {
		my ($out, $err) = ('', '');
		IPC::Run::start([ $python, $program, "$FindBin::RealBin/../../../examples",
				$node->connstr('postgres') . ' user=' . $node->safe_psql('postgres', 'SELECT current_user'),
				"w$_", $_ == 1 ? 50 : 0 ], '>', \$out, '2>', \$err);
	} 1 .. 3;
	poll_sql($node, 'SELECT count(*) FROM answers WHERE n > 1000', $tasks);
	is($node->safe_psql('postgres', "SELECT count(DISTINCT n), bool_and(answer = to_jsonb(n)) FROM answers WHERE n > 1000"),
		"$tasks|t", 'no task is lost, none counts twice');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM effects'), $tasks, 'each has a key of its own');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM effects WHERE times > 1'),
		'1', 'only the one whose program was killed was done again, with the same key');
	poll_sql($node, 'SELECT count(*) FROM bgjob.tasks', '0');
	$_->kill_kill for @programs;
}

# --- a task of a workflow that is undone -------------------------------------------------------
{
	$node->safe_psql('postgres', q{
CREATE PROCEDURE undone_task(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('first', 'SELECT 1', undo => 'SELECT 1 / 0');
    CALL bgjob.task('old', 'undone', NULL);
END $$});
	my $job = $node->safe_psql('postgres', q(SELECT bgjob.start('undone_task')));
	poll_sql($node, "SELECT count(*) FROM bgjob.task WHERE job = $job", '1');
	$node->safe_psql('postgres', "SELECT bgjob.cancel($job)");
	poll_sql($node, "SELECT waits_for FROM bgjob.job WHERE id = $job", 'another attempt to undo first');
	start_task(1, 'undone');
	poll_sql($node, q(SELECT count(*) FROM bgjob.task WHERE queue = 'undone' AND name = 'work'), '1');
	is($node->safe_psql('postgres', q(SELECT name FROM bgjob.fetch_task('undone', 'a'))), 'work',
		'a task of a workflow that is undone holds nobody up');
	is($node->safe_psql('postgres', "SELECT count(*) FROM bgjob.task WHERE job = $job"), '0', '... for it is withdrawn');
}

$node->stop;
done_testing();
