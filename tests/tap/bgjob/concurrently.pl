# Commands that refuse a transaction block and wait for the snapshots of others: nobody may wait for
# such a job within a statement, for that statement has a snapshot. Asking now and then is fine.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
$node->safe_psql('postgres', 'CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i');

for my $sql ('CREATE INDEX CONCURRENTLY t_i ON t (i)', 'REINDEX TABLE CONCURRENTLY t', 'VACUUM (FULL) t',
	'DROP INDEX CONCURRENTLY t_i')
{
	my $job = launch($node, "'$sql'");
	poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'succeeded');
	is($node->safe_psql('postgres', "SELECT tag FROM bgjob.result($job) AS (tag text)"),
		($sql =~ /^(\w+(?: INDEX)?)/)[0], $sql);
}

# Who does wait can be interrupted, and so can the job.
my $psql = session($node);
my $pid = backend_pid($psql);
$psql->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t');
my $job = launch($psql, "'CREATE INDEX CONCURRENTLY t_j ON t (i)'");
run_in_background($psql, "SELECT bgjob.wait($job)");
wait_until_blocked($node, $pid);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$psql->query('ROLLBACK');
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'succeeded');
is($node->safe_psql('postgres', "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_j'::regclass"), 't',
	'the job ends once its waiter has given up');

$psql->quit;
$node->stop;
done_testing();
