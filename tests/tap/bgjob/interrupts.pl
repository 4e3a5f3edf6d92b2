# [pgbg-16] A cancel, statement_timeout and pg_terminate_backend end every wait within 100 ms, and the
# session is usable afterwards. Of five times the second shortest counts: the machine has other work, too.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION interrupted_at(call text) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE call;
	RAISE EXCEPTION 'not interrupted';
EXCEPTION WHEN query_canceled THEN
	RETURN extract(epoch FROM clock_timestamp());
END $$;
END

my $holder = session($node);
$holder->query_safe('SELECT pg_advisory_lock(1)');
my $killer = session($node);
my $psql = session($node);
my $pid = backend_pid($psql);

# A job that waits for the lock and whose cancel takes no effect, so that a grace really waits.
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION deaf() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		BEGIN
			PERFORM bgjob.report_progress(1);
			PERFORM pg_sleep(60);
		EXCEPTION WHEN query_canceled THEN
			CONTINUE;
		END;
	END LOOP;
END $$;
END
my $running = launch($psql, "'SELECT i FROM generate_series(1, 10) i UNION ALL SELECT deaf()'");
poll_sql($node, "SELECT percent FROM bgjob.progress($running)", 1);
$psql->query_safe('SET bgjob.max_workers_per_role = 1');
my $queued = launch($psql, "'SELECT 1'");

my %waits = (
	'wait' => "SELECT bgjob.wait($running)",
	'wait with a timeout' => "SELECT bgjob.wait($running, '1 h')",
	'wait for a queued job' => "SELECT bgjob.wait($queued)",
	'wait_any' => "SELECT bgjob.wait_any(ARRAY[($running), ($queued)]::bgjob.handle[])",
	'result' => "SELECT * FROM bgjob.result($running) AS (i int)",
	'result of a queued job' => "SELECT * FROM bgjob.result($queued) AS (i int)",
	'result_json' => "SELECT * FROM bgjob.result_json($running)",
	'cancel with a grace' => "SELECT bgjob.cancel($running, '1 h')",
	'run' => "SELECT * FROM bgjob.run('SELECT 1')");

for my $what (sort keys %waits)
{
	(my $call = $waits{$what}) =~ s/'/''/g;
	my @late;
	for (1 .. 5)
	{
		run_in_background($psql, "SELECT interrupted_at('$call')");
		wait_until_blocked($node, $pid);
		my $sent = $killer->query_safe("SELECT extract(epoch FROM clock_timestamp()) FROM pg_cancel_backend($pid)");
		push @late, 1000 * ($psql->query_safe('SELECT 0') =~ s/\s.*//sr - $sent);
	}
	cmp_ok(undisturbed(@late), '<', allowed(100), "[pgbg-16] a cancel ends $what within 100 ms");
	is($psql->query_safe('SELECT 1'), 1, '... and the session goes on');
}

for my $what (sort keys %waits)
{
	my @late;
	for (1 .. 5)
	{
		$psql->{stderr} = '';
		my $start = time;
		my (undef, $failed) = $psql->query("SET statement_timeout = '50ms'; $waits{$what}; RESET statement_timeout");
		push @late, 1000 * (time - $start) - 50;
		like($psql->{stderr}, qr/canceling statement due to statement timeout/, "statement_timeout ends $what") if $_ == 1;
	}
	$psql->{stderr} = '';
	cmp_ok(undisturbed(@late), '<', allowed(100), "[pgbg-16] ... within 100 ms");
}
$psql->query_safe('RESET statement_timeout');

for my $what (sort keys %waits)
{
	my @late;
	for (1 .. 5)
	{
		my $victim = session($node);
		my $victim_pid = backend_pid($victim);
		run_in_background($victim, "SET bgjob.max_workers_per_role = 1; $waits{$what}");
		wait_until_blocked($node, $victim_pid);
		$killer->query_safe("SELECT pg_terminate_backend($victim_pid)");
		my $sent = time;
		usleep(2_000) while kill(0, $victim_pid) && time < $sent + 20;
		push @late, 1000 * (time - $sent);
		eval { $victim->quit };
	}
	cmp_ok(undisturbed(@late), '<', allowed(100), "[pgbg-16] pg_terminate_backend ends $what within 100 ms");
}

# A launch waits for nothing: neither for a slot nor for a process.
my @took;
for (1 .. 5)
{
	my $start = time;
	launch($psql, "'SELECT 1'");
	push @took, 1000 * (time - $start);
}
cmp_ok(undisturbed(@took), '<', allowed(100), '[pgbg-16] a launch does not wait, slot or no slot');

# What was interrupted has left nothing behind: run() took its jobs back.
is($psql->query_safe("SELECT count(*) FROM bgjob.launched WHERE sql_preview = 'SELECT 1' AND NOT id = any(SELECT id FROM bgjob.launched ORDER BY id DESC LIMIT 5)"),
	1, 'the jobs of interrupted run() calls are gone');
is($psql->query_safe("SELECT bgjob.cancel($running, '1 ms') OR bgjob.wait($running, '30 s')"), 't', 'a grace ends the deaf job');
is($psql->query_safe("SELECT bgjob.wait($queued, '30 s')"), 't', 'the queued one has its turn');
is($psql->query_safe('SELECT lost FROM bgjob.stats'), 1, 'one job was lost: the deaf one');

$_->quit for $psql, $holder, $killer;
$node->stop;
done_testing();
