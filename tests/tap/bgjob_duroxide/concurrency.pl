# Many runtimes at once, and what went wrong with the runtime's own functions: the cases say what it was.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More;

my $p = provider();
my $node = $p->node;
my $fetch_call = 'SELECT out_instance_id FROM ' . $p->text_of('fetch_orchestration_item', Duroxide::fetch_arguments());

sub sessions
{
	my ($count) = @_;
	return map { $p->another } 1 .. $count;
}

sub state_of
{
	my ($pid) = @_;
	open(my $stat, '<', "/proc/$pid/stat") or return '';
	return <$stat> =~ /^\d+ \(.*\) (\S)/ ? $1 : '';
}

# Rows looked at by what $work does, and blocks, by the counters of its transaction.
sub looked_at
{
	my ($work) = @_;
	my $query = "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) FROM pg_stat_xact_user_tables WHERE schemaname = 'flow'";
	$p->sql('BEGIN');
	my $before = $p->sql($query);
	$work->();
	my $rows = $p->sql($query) - $before;
	$p->sql('ROLLBACK');
	return $rows;
}

# Blocks that the query looks at, plans aside.
sub blocks
{
	my ($query) = @_;
	$p->sql($query) for 1 .. 6; # until its plans are those that stay
	my $plan = $p->sql("EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off, SUMMARY off) $query");
	my ($hit) = $plan =~ /Buffers: shared.*?hit=(\d+)/;
	my ($read) = $plan =~ /Buffers: shared.*?read=(\d+)/;
	return ($hit // 0) + ($read // 0);
}

# --- lease ----------------------------------------------------------------------------------------
# A client's clock, or the begin of the call, is over when the call has waited for long.
runs 'a lease lives when it is handed out, even after a stall of 10 s' => sub {
	return if ours_only('leases of the server\'s clock');
	my %fetches = (fetch_orchestration_item => [ 'instance_locks', Duroxide::fetch_arguments(lock => 9000) ],
		fetch_work_item => [ 'worker_queue', Duroxide::fetch_work_arguments(lock => 9000) ]);
	$p->start('a');
	$p->enqueue_work('a', 2);
	my @stalled;
	my $holder = $p->another;
	$holder->sql('BEGIN; LOCK TABLE flow.instance_locks, flow.worker_queue IN ACCESS EXCLUSIVE MODE');
	for my $function (sort keys %fetches)
	{
		my ($table, @arguments) = @{ $fetches{$function} };
		my $session = $p->another;
		my $pid = backend_pid($session->{session});
		# What a client's clock says when it asks.
		$session->send_off('SELECT out_lock_token FROM ' . $session->text_of($function, @arguments));
		poll_sql($node, "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid");
		is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid AND datname = 'postgres'"), '1', "backend of $function");
		kill('STOP', $pid) == 1 or die 'no such backend';
		poll_until(sub { state_of($pid) eq 'T' }, 'a backend that stands still');
		push @stalled, [ $session, $pid, $table ];
	}
	$holder->sql('COMMIT');
	$p->sql('SELECT pg_sleep(10)'); # the stall itself
	kill('CONT', $_->[1]) for @stalled;
	for (@stalled)
	{
		my ($session, undef, $table) = @$_;
		my $token = $session->answer;
		like($token, qr/\S/, "a row of $table is handed out");
		cmp_ok($p->sql("SELECT locked_until - extract(epoch FROM clock_timestamp()) * 1000 FROM flow.$table WHERE lock_token = '$token'"),
			'>', 0, '... under a lease that lives');
		$session->quit;
	}
	$holder->quit;
};

runs 'the clock of a client that is wrong decides nothing' => sub {
	return if ours_only('leases of the server\'s clock');
	for my $wrong (1000, 4102444800000)
	{
		$p->forget_all;
		$p->start('a');
		$p->enqueue_work('a', 2);
		my $item = $p->one('fetch_orchestration_item', p_now_ms => $wrong, p_lock_timeout_ms => 60000);
		my $task = $p->one('fetch_work_item', p_now_ms => $wrong, p_lock_timeout_ms => 60000);
		is($p->fetch, undef, "$wrong: the instance is leased");
		is($p->fetch_work, undef, '... and the task');
		$p->rows('renew_orchestration_item_lock', p_lock_token => $item->{lock_token}, p_now_ms => $wrong, p_extend_secs => 60);
		$p->rows('ack_worker', p_lock_token => $task->{lock_token}, p_instance_id => 'a', p_completion_json => '{}', p_now_ms => $wrong);
		$p->ack($item);
		isnt($p->fetch, undef, '... whose completion is there at once');
	}
};

# --- backlog ---------------------------------------------------------------------------------------
# A plan that walks what is due in the future to find what is due now.
sub backlog
{
	my ($rows) = @_;
	$p->sql("INSERT INTO flow.orchestrator_queue (instance_id, work_item, visible_at, created_at)
		SELECT 'f' || n, '{}', clock_timestamp() + interval '1 day' + n * interval '1 ms', clock_timestamp() FROM generate_series(1, $rows) n");
	$p->sql("INSERT INTO flow.worker_queue (work_item, visible_at, created_at, instance_id, execution_id, activity_id)
		SELECT '{}', clock_timestamp() + interval '1 day' + n * interval '1 ms', clock_timestamp(), 'f' || n, 1, 1 FROM generate_series(1, $rows) n");
	return;
}

my $future = $ENV{PGCREW_DUROXIDE_FUTURE} // 100000;
runs "a fetch with $future future rows" => sub {
	return if ours_only('fetches that leave the future alone');
	backlog($future);
	my %empty = (turns => 'SELECT * FROM ' . $p->text_of('fetch_orchestration_item', Duroxide::fetch_arguments(min => 0, max => 1030)),
		tasks => 'SELECT * FROM ' . $p->text_of('fetch_work_item', Duroxide::fetch_work_arguments(owner => 'w')));
	for my $what (sort keys %empty)
	{
		cmp_ok(blocks($empty{$what}), '<', 200, "$what: nothing to fetch, few blocks looked at");
		cmp_ok(looked_at(sub { $p->sql($empty{$what}) }), '<', 100, '... and few rows');
	}
	$p->start("now$_") for 1 .. 3;
	$p->enqueue_work('now', $_) for 1 .. 3;
	cmp_ok(looked_at(sub { is($p->fetch(min => 0, max => 1030)->{instance_id}, 'now1', 'what is there is found') }), '<', 200, '... among few rows');
	cmp_ok(looked_at(sub { is($p->fetch_work(owner => 'w')->{activity}{id}, 1, 'so is a task') }), '<', 200, '... among few rows');
	$p->sql('TRUNCATE flow.orchestrator_queue, flow.worker_queue');
};

# Partial indexes on what is not null are no help for what is.
runs 'an empty poll for tasks without tag and session' => sub {
	return if ours_only('polls that leave other tags and sessions alone');
	my $rows = 20000;
	$p->sql("INSERT INTO flow.worker_queue (work_item, visible_at, created_at, instance_id, execution_id, activity_id, tag, session_id)
		SELECT '{}', clock_timestamp(), clock_timestamp(), 'a', 1, n, CASE WHEN n % 2 = 0 THEN 'gpu' END, CASE WHEN n % 2 = 1 THEN 's' || n END FROM generate_series(1, $rows) n");
	$p->sql('ANALYZE flow.worker_queue');
	my $poll = 'SELECT * FROM ' . $p->text_of('fetch_work_item', Duroxide::fetch_work_arguments());
	is($p->sql($poll), '', 'there is none');
	cmp_ok(blocks($poll), '<', 200, '... which few blocks tell');
	cmp_ok(looked_at(sub { $p->sql($poll) }), '<', 200, '... and few rows');
	$p->sql('TRUNCATE flow.worker_queue');
};

# --- fetchers --------------------------------------------------------------------------------------
# All dispatchers wanted the oldest instance, and those who came too late were told that there is none.
runs '50 fetchers and 200 ready instances: no answer is empty' => sub {
	return if ours_only('no empty answers under contention');
	my @fetchers = sessions(50);
	$p->start("i$_") for 1 .. 200;
	for (1 .. 4)
	{
		$_->send_off($fetch_call) for @fetchers;
	}
	my @got = map { split /\n/, $_->answer, -1 } @fetchers;
	same_rows([ grep { $_ ne '' } @got ], [ map { "i$_" } 1 .. 200 ], 'each instance went to one of them');
	is($p->fetch, undef, 'none is left');
	is($p->sql("SELECT count(*) FROM flow.orchestrator_queue WHERE attempt_count <> 1"), '0', 'none was taken twice');
	$_->quit for @fetchers;
};

runs '50 fetchers and 200 tasks: no answer is empty' => sub {
	my @fetchers = sessions(50);
	$p->enqueue_work('a', $_) for 1 .. 200;
	my $call = "SELECT out_work_item::json -> 'ActivityExecute' ->> 'id' FROM " . $p->text_of('fetch_work_item', Duroxide::fetch_work_arguments());
	for (1 .. 4)
	{
		$_->send_off($call) for @fetchers;
	}
	is_deeply([ sort { $a <=> $b } map { split /\n/, $_->answer } @fetchers ], [ 1 .. 200 ], 'each task went to one of them');
	$_->quit for @fetchers;
};

# Two schemas shared one advisory lock for instances of one name.
runs 'equal instances in two schemas do not meet' => sub {
	return if ours_only('locks of their own');
	make_schema($node, 'other');
	my $other = Duroxide->new($node, 'other');
	$_->start('a') for $p, $other;
	$p->sql('BEGIN');
	my $item = $p->fetch;
	$other->sql("SET lock_timeout = '60 s'; SET statement_timeout = '60 s'");
	is($other->fetch->{instance_id}, 'a', 'one is fetched while the other one is');
	$p->ack($item);
	$p->sql('COMMIT');
	$other->quit;
};

# --- children --------------------------------------------------------------------------------------
# Children that end at the same time as their parent's turn deadlocked, and the completion was lost.
runs '500 parallel children lose no completion' => sub {
	my $children = 500;
	$p->running('parent', messages => [ map { start_message("parent::sub::$_", parent_instance => 'parent', parent_id => $_) } 1 .. $children ]);
	my $script = $node->basedir . '/turn.sql';
	my $done = q({"SubOrchCompleted": {"parent_instance": "parent", "parent_execution_id": 1, "parent_id": 0, "result": "ok"}});
	PostgreSQL::Test::Utils::append_to_file($script, <<"SQL");
SELECT out_instance_id AS instance, out_lock_token AS token, out_instance_id = 'parent' AS parent, jsonb_array_length(out_messages) AS messages,
	(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
  FROM (VALUES (1)) one LEFT JOIN flow.fetch_orchestration_item((extract(epoch FROM clock_timestamp()) * 1000)::bigint, 60000) ON true \\gset
\\if :{?token}
\\if :parent
SELECT flow.ack_orchestration_item(:'token', (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 1, '[]', '[]', '[]', '{}');
INSERT INTO heard VALUES (:messages);
\\else
SELECT flow.ack_orchestration_item(:'token', (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 1,
	'[{"event_id": 1, "event_type": "Event", "event_data": "{}"}]', '[]', '[$done]',
	'{"orchestration_name": "Child", "orchestration_version": "1", "parent_instance_id": "parent", "status": "Completed", "output": "ok"}');
\\endif
\\unset token
\\endif
SQL
	$p->sql('CREATE TABLE heard (messages int)');
	my @programs = map {
		my ($out, $err) = ('', '');
		{ run => IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), map { ('-f', $script) } 1 .. 200 ], '>', \$out, '2>', \$err), err => \$err };
	} 1 .. 8;
	$_->{run}->finish for @programs;
	while (my $item = $p->fetch)
	{
		$p->ack($item);
		$p->sql('INSERT INTO heard VALUES (' . @{ $item->{messages} } . ')');
	}
	is(join('', map { ${ $_->{err} } } @programs), '', 'no error, no deadlock');
	is($p->sql('SELECT sum(messages) FROM heard'), $children, 'the parent heard of each child once');
	is($p->count('executions', "status = 'Completed'"), $children, '... which have all ended');
	$p->sql('DROP TABLE heard');
};

# --- what runtimes did to each other ---------------------------------------------------------------
runs 'a turn that ends while a task of it does: both count' => sub {
	my @sessions = sessions(8);
	for my $round (1 .. 10)
	{
		$p->forget_all;
		$p->running('a', worker => [ map { activity('a', $_) } 1 .. 7 ]);
		$p->start('a');
		my $item = $p->fetch;
		my @tasks = map { $p->fetch_work } 1 .. 7;
		$sessions[7]->send_off('SELECT ' . $p->text_of('ack_orchestration_item', $p->ack_arguments($item, history => [ event(2, 'TimerCreated') ])));
		for my $n (0 .. 6)
		{
			my $message = JSON::PP::encode_json(completion('a', $n + 1));
			$sessions[$n]->send_off('SELECT ' . $p->text_of('ack_worker', p_lock_token => $tasks[$n]{lock_token}, p_instance_id => 'a', p_completion_json => $message, p_now_ms => undef));
		}
		$_->answer for @sessions;
		my $left = $p->fetch;
		is_deeply([ sort map { $_->{ActivityCompleted}{id} } @{ $left->{messages} } ], [ 1 .. 7 ], "round $round");
	}
	$_->quit for @sessions;
};

runs 'a lease that is renewed in whole seconds is renewed by all of them' => sub {
	$p->start('a');
	my $item = $p->fetch(lock => 100000);
	$p->renew($item, 1000);
	cmp_ok($p->sql("SELECT locked_until - (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM flow.instance_locks"), '>', 900000, 'so much longer');
};

$node->stop;
done_testing();
