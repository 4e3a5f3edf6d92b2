# [pgbg-32] Several sessions read one result at a time while the job still writes it; all get all of it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $holder = session($node);
my @readers = map { session($node) } 1 .. 3;
my @pids = map { backend_pid($_) } @readers;

for my $queue (64, 4194304)
{
	$holder->query_safe('SELECT pg_advisory_lock(1)');
	my $job = launch($holder, "'SELECT i FROM generate_series(1, 20000) i UNION ALL SELECT 1 FROM pg_advisory_xact_lock(1)', $queue");
	run_in_background($_, "SELECT count(*), sum(i) FROM bgjob.result($job) AS (i int)") for @readers;
	wait_until_blocked($node, $_) for @pids;
	is($node->safe_psql('postgres', "SELECT count(*), max(i) FROM bgjob.result($job, 0, 1000) AS (i int)"),
		'1000|1000', "queue $queue: a page is there while others wait for the end");
	is($node->safe_psql('postgres', "SELECT state FROM bgjob.outcome($job)"), 'running', '... and the job runs');
	$holder->query_safe('SELECT pg_advisory_unlock(1)');
	like($_->query_safe('SELECT 0'), qr/^20001\|200010001$/m, '[pgbg-32] a reader gets all rows') for @readers;
}

# [pgbg-25] Who sleeps on a job wakes when another session detaches it.
for my $call ('bgjob.wait(%s)', 'bgjob.wait_any(ARRAY[(%s)]::bgjob.handle[])', 'count(*) FROM bgjob.result(%s) AS (i int, v text)')
{
	my $job = launch($holder, "'SELECT 1, pg_sleep(60)'");
	poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
	my ($worker) = $node->safe_psql('postgres', "SELECT worker_pid FROM bgjob.launched WHERE state = 'running'");
	run_in_background($readers[0], sprintf("SELECT $call", $job));
	wait_until_blocked($node, $pids[0]);
	$node->safe_psql('postgres', "SELECT bgjob.detach($job)");
	$readers[0]->query('SELECT 0');
	like($readers[0]->{stderr}, qr/job \d+ does not exist/, "[pgbg-25] a detach wakes $call");
	$readers[0]->{stderr} = '';
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($worker)");
}

# Too many notices for the log of a job are counted.
my $job = launch($holder, q('DO $$ BEGIN FOR i IN 1..150 LOOP RAISE NOTICE ''number %'', i; END LOOP; END $$'));
my (undef, undef, $said) = $node->psql('postgres', "SELECT * FROM bgjob.result($job) AS (tag text)");
is(scalar(() = $said =~ /NOTICE:  number/g), 100, 'a hundred notices are kept');
like($said, qr/NOTICE:  50 more notices were dropped/, 'and the others are counted');

$_->quit for $holder, @readers;
$node->stop;
done_testing();
