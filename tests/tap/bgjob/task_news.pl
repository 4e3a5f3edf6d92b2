# What becomes of tasks without anybody's call: the dispatcher tells who listens, and lets those fail
# whose last lease ran out.
use strict;
use warnings;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'\nmax_worker_processes = 16", extensions => ['bgjob']);
$node->safe_psql('postgres', q{
CREATE PROCEDURE one_task(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.task('work', input->>'queue', input, attempts => (input->>'attempts')::int,
                    retry => '{"backoff": "fixed", "base": "1 s", "jitter": "none"}');
END $$;
});

sub start_tasks
{
	my ($queue, $attempts, $count) = @_;
	return $node->safe_psql('postgres',
		qq(SELECT bgjob.start('one_task', '{"queue": "$queue", "attempts": $attempts}') FROM generate_series(1, $count)));
}

my $listener = session($node);
$listener->query_safe('LISTEN bgjob_tasks');
my $heard = '';

# How often the listener was told of the queue since it was last asked for.
sub times_told
{
	my ($queue) = @_;
	$heard .= $listener->query_safe('SELECT 1');
	my $times = () = $heard =~ /notification "bgjob_tasks" with payload "$queue"/g;
	return $times;
}

sub wait_until_told
{
	my ($queue) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	poll_until(sub { times_told($queue) > 0 }, "a notification of $queue");
	return;
}

# --- published -------------------------------------------------------------------------------------
start_tasks('one', 5, 1);
wait_until_told('one');
pass('who listens is told of a task');
is($node->safe_psql('postgres', "SELECT count(bgjob.complete_task(id, 'a')) FROM bgjob.fetch_task('one', 'a')"), '1', '... and can fetch it');

# --- many at a time ---------------------------------------------------------------------------------
start_tasks('many', 5, 100);
poll_sql($node, "SELECT count(*) FROM bgjob.tasks WHERE queue = 'many' AND state = 'ready'", '100');
wait_until_told('many');
# Until the last one has been told of, too.
poll_until(sub { my $before = times_told('many'); times_told('many') == $before }, 'silence');
$heard = '';
is( $node->safe_psql('postgres', "SELECT count(bgjob.fail_task(id, 'a', 'not now')) FROM bgjob.fetch_task('many', 'a', max => 100)"),
	'100', 'all of them fail for now');
wait_until_told('many');
poll_sql($node, "SELECT count(*) FROM bgjob.tasks WHERE queue = 'many' AND state = 'ready'", '100');
cmp_ok(times_told('many'), '<', 20, 'tasks that become due together are told of together');

# --- leases ------------------------------------------------------------------------------------------
start_tasks('lost', 2, 1);
wait_until_told('lost');
$heard = '';
is($node->safe_psql('postgres', "SELECT attempt FROM bgjob.fetch_task('lost', 'a', '1 s')"), '1', 'a program takes it and dies');
wait_until_told('lost');
pass('who listens is told when the lease has run out');

my $job = start_tasks('last', 1, 1);
wait_until_told('last');
is($node->safe_psql('postgres', "SELECT attempt FROM bgjob.fetch_task('last', 'a', '1 s')"), '1', 'a program takes it for its last attempt and dies');
poll_sql($node, "SELECT state || ' ' || sqlstate FROM bgjob.jobs WHERE id = $job", 'failed JB002');
pass('the task fails, though nobody asks for it again');

# A lease that is renewed in time is none that ran out.
$job = start_tasks('renewed', 1, 1);
wait_until_told('renewed');
my ($task, $until) = split /\|/, $node->safe_psql('postgres', <<'SQL');
SELECT id FROM bgjob.fetch_task('renewed', 'a', '2 s') \gset
SELECT id, due_at FROM bgjob.task WHERE id = :id;
SELECT bgjob.renew_task(:id, 'a', '1 h') \g /dev/null
SQL
poll_sql($node, "SELECT clock_timestamp() > timestamptz '$until' + interval '200 ms'");
$node->safe_psql('postgres', "SELECT bgjob.complete_task($task, 'a')");
poll_sql($node, "SELECT state FROM bgjob.jobs WHERE id = $job", 'succeeded');

$listener->quit;
$node->stop;
done_testing();
