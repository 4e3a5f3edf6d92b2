# Sleeps of workflows: no worker is held, the time is kept across restarts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = durable_node();
my ($a, $b) = map { step($_) } qw(a b);

is_effect($node, "$a CALL bgjob.$_; $b", 'a b', "bgjob.$_ does not wait")
  for "sleep('0')", "sleep('-1 h')", "sleep('-1000 years')", "sleep_until(now() - interval '1 h')", "sleep_until('-infinity')", "sleep_until('2000-01-01 00:00:00+00')";
my $start = time;
is_effect($node, "$a CALL bgjob.sleep('1.5 s'); $b", 'a b', 'a sleep of 1.5 s');
cmp_ok(time - $start, '>=', 1.5, '... is not shorter');
cmp_ok(time - $start, '<', 20, '... and not much longer');
is_effect($node, "$a CALL bgjob.sleep_until(now() + interval '100 ms'); $b", 'a b', 'sleep_until');
is_effect($node, "FOR k IN 1 .. 5 LOOP CALL bgjob.sleep('5 ms'); $a END LOOP;", 'a a a a a', 'in a loop');
is_effect($node, "CALL bgjob.sleep('5 ms', 'x'); CALL bgjob.sleep(duration => '5 ms', name => 'y'); $a", 'a', 'with a name');
like(caught($node, 'CALL bgjob.sleep(NULL);'), qr/^22004 duration must not be null/, 'a null duration');
like(caught($node, 'CALL bgjob.sleep_until(NULL);'), qr/^22004 /, 'a null time');
like(caught($node, "CALL bgjob.sleep('1 s', '');"), qr/^22023 /, 'an empty name');

# The end of a sleep is fixed when it begins: entering again does not prolong it.
flow($node, 'woken', "CALL bgjob.sleep('3 s'); $a");
forget_effects($node);
$start = time;
my $job = start_flow($node, 'woken');
job_waits($node, $job, 'time');
for (1 .. 8) # each wakes it
{
	$node->psql('postgres', "SELECT bgjob.signal($job, 'x')");
	Time::HiRes::usleep(50_000);
}
job_ends($node, $job);
cmp_ok(time - $start, '>=', 3, 'signals do not end a sleep');
cmp_ok(time - $start, '<', 30, '... nor prolong it');

# For ever.
my @forever = ("sleep_until('infinity')", "sleep('310000 years')", "sleep('170000000 years')");
push @forever, "sleep('infinity')" if $node->pg_version >= 17;
for my $sleep (@forever)
{
	flow($node, 'forever', "$a CALL bgjob.$sleep; $b");
	$job = start_flow($node, 'forever');
	job_waits($node, $job, 'time');
	is(sql($node, "SELECT state, due_at FROM bgjob.job WHERE id = $job"), '5|infinity', "bgjob.$sleep never ends");
	sql($node, "DELETE FROM bgjob.job WHERE id = $job; DELETE FROM bgjob.step WHERE job = $job");
}

# A thousand that sleep hold no worker.
forget_effects($node);
flow($node, 'sleeper', "CALL bgjob.sleep('1 h'); $a");
sql($node, "SELECT bgjob.start('sleeper') FROM generate_series(1, 1000)");
poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE waits_for = 'time'", 1000);
is(run_flow($node, $b), 'b', 'a thousand jobs sleep, and others run');
cmp_ok(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob worker'"), '<', 16, '... with few workers');
sql($node, 'TRUNCATE bgjob.job, bgjob.step');

# Across restarts: what comes due while the server is down is done when it is up.
flow($node, 'sleeper', "$a CALL bgjob.sleep(CASE WHEN input = '1' THEN interval '100 ms' ELSE '4 s' END); $b");
for my $mode ('fast', 'immediate')
{
	forget_effects($node);
	my ($short, $long) = map { start_flow($node, 'sleeper', "'$_'") } 1, 2;
	poll_sql($node, "SELECT count(*) FROM done WHERE what = 'a'", 2);
	$node->stop($mode);
	$node->start;
	job_ends($node, $short);
	job_ends($node, $long);
	is(sql($node, "SELECT ended_at - enqueued_at >= interval '4 s' FROM bgjob.jobs WHERE id = $long"), 't', "stop -m $mode: the rest of a sleep is slept");
	is(join(' ', sort split / /, effects($node)), 'a a b b', '... and each step is done once');
}

$node->stop;
done_testing();
