# Waiting costs nothing: no polling, whatever is waited for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $psql = session($node);
my $pid = backend_pid($psql);

sub switches
{
	my ($process) = @_;
	open(my $status, '<', "/proc/$process/status") or die "process $process: $!";
	my ($n) = map { /^voluntary_ctxt_switches:\s+(\d+)/ ? $1 : () } <$status>;
	return $n;
}

my $job = launch($psql, "'SELECT pg_sleep(60)'");
$psql->query_safe('SET bgjob.max_workers_per_role = 1');
my $queued = launch($psql, "'SELECT 1'");
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
my ($supervisor) = supervisors($node);

# With a limit per role nobody can serve the queued job: the supervisor has nothing to do either.
for my $call ("bgjob.wait($job, '3 s')", "bgjob.wait($queued, '3 s')",
	"bgjob.wait_any(ARRAY[($job), ($queued)]::bgjob.handle[], '3 s') IS NOT NULL")
{
	my @before = map { switches($_) } $pid, $supervisor;
	is($psql->query_safe("SELECT $call"), 'f', "$call: the time runs out");
	my @woken = map { switches($_) - shift @before } $pid, $supervisor;
	cmp_ok($woken[0], '<', 10, '[pgbg-05] [pgbg-27] fewer than 10 wake-ups in 3 s');
	cmp_ok($woken[1], '<', 10, '... nor more of the supervisor');
}
$psql->query_safe('SELECT bgjob.cancel_all()');
wait_until_idle($node);

# An idle pool sleeps.
my @pids = ($supervisor, split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM bgjob.activity'));
cmp_ok(scalar @pids, '>=', 2, 'a supervisor and a worker are there');
my %before = map { $_ => switches($_) } @pids;
$psql->query_safe('SELECT pg_sleep(3)');
cmp_ok(switches($_) - $before{$_}, '<', 10, 'an idle process of the pool sleeps') for @pids;

$psql->quit;
$node->stop;
done_testing();
