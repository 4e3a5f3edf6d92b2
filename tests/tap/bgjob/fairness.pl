# Roles share the slots: who has a thousand jobs does not starve who has one.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nmax_worker_processes = 8",
	extensions => ['bgjob']);
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION bgjob');
$node->safe_psql('postgres', <<'END');
CREATE ROLE many LOGIN; CREATE ROLE few LOGIN;
SELECT bgjob.grant_usage('many'), bgjob.grant_usage('few');
END
$node->safe_psql('other', "SELECT bgjob.grant_usage('many'), bgjob.grant_usage('few')");

sub flood
{
	my ($database, $n) = @_;
	$node->safe_psql($database, "SET ROLE many; SELECT count(bgjob.submit('SELECT pg_sleep(0.1)')) FROM generate_series(1, $n)");
}

sub unfinished
{
	return $node->safe_psql('postgres',
		"SELECT count(*) FROM bgjob.launched WHERE owner = 'many' AND state IN ('queued', 'starting', 'running')");
}

for my $workers (8, 3)
{
	$node->append_conf('postgresql.conf', "max_worker_processes = $workers");
	$node->restart;
	flood('postgres', $workers * 100);
	for my $database ('postgres', 'other')
	{
		is($node->safe_psql($database, "SET ROLE few; SELECT j ->> 'x' FROM bgjob.run('SELECT 1 AS x') j"),
			1, "max_worker_processes $workers: a job in $database has its turn");
		cmp_ok(unfinished(), '>', 0, '... before all of another role are done');
	}
	$node->safe_psql('postgres', 'SELECT bgjob.cancel(id, cookie) FROM bgjob.launched');
	wait_until_idle($node);
	$node->safe_psql('postgres', 'SELECT bgjob.purge()');
}

# Two roles with long queues get about as many workers, however long the one's queue is.
$node->append_conf('postgresql.conf', "max_worker_processes = 8");
$node->restart;
flood('postgres', 2000);
$node->safe_psql('postgres', "SET ROLE few; SELECT count(bgjob.submit('SELECT pg_sleep(0.1)')) FROM generate_series(1, 1000)");
poll_sql($node, "SELECT count(*) >= 2 AND count(*) FILTER (WHERE role = 'few') >= 2 FROM bgjob.activity");
pass('the second role gets its share of the workers');
# ... and they are not started anew for each job
my $started = 'SELECT workers_started FROM bgjob.stats';
my $done = "SELECT succeeded FROM bgjob.stats";
my ($workers_before, $done_before) = ($node->safe_psql('postgres', $started), $node->safe_psql('postgres', $done));
poll_sql($node, "SELECT succeeded >= $done_before + 300 FROM bgjob.stats");
cmp_ok($node->safe_psql('postgres', $started) - $workers_before, '<', 30, 'slots do not go back and forth between the two');
my $share = $node->safe_psql('postgres', <<'END');
SELECT round(100.0 * count(*) FILTER (WHERE role = 'few') / count(*)) FROM bgjob.activity;
END
cmp_ok($share, '>=', 30, 'the share of the second role is about half');
cmp_ok($share, '<=', 70, '... and not more');

# One role in two databases has one share.
$node->safe_psql('postgres', 'SELECT bgjob.cancel(id, cookie) FROM bgjob.launched');
wait_until_idle($node);
flood($_, 500) for 'postgres', 'other';
$node->safe_psql('postgres', "SET ROLE few; SELECT count(bgjob.submit('SELECT pg_sleep(0.1)')) FROM generate_series(1, 500)");
poll_sql($node,
	"SELECT count(DISTINCT (database, role)) = 3 AND count(*) FILTER (WHERE role = 'few') >= 2 FROM bgjob.activity WHERE state = 'busy'");
pass('a role that works in two databases leaves the other its share');
$node->safe_psql('postgres', 'SELECT bgjob.cancel(id, cookie) FROM bgjob.launched');

$node->stop;
done_testing();
