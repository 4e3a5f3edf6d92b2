# Finished jobs that nobody detaches are forgotten in time, and the oldest when there are too many.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nbgjob.max_retained = 5",
	extensions => ['bgjob']);

my $psql = session($node);
$psql->query_safe(<<'END') for 1 .. 12;
SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT repeat(''x'', 1000) FROM generate_series(1, 1000)', 64) h;
END
poll_sql($node, 'SELECT retained FROM bgjob.stats', 5);
pass('more than max_retained are not kept');
is($node->safe_psql('postgres', 'SELECT min(id) = max(id) - 4 AND count(*) = 5 FROM bgjob.launched'), 't', 'the youngest are');
my $gone = $node->safe_psql('postgres', 'SELECT min(id) - 1 FROM bgjob.launched');
is((psql_error($node, "SELECT bgjob.wait($gone, 1)"))[0], '42704', 'one that went is unknown');
poll_until(sub { 5 == spool_files($node) }, 'files of the others gone');
pass('and so are the files of their rows');

# A job that still runs is none of them.
my $job = launch($psql, "'SELECT pg_sleep(60)'");
launch($psql, "'SELECT 1'") for 1 .. 10;
poll_sql($node, 'SELECT retained, running FROM bgjob.stats', '5|1');
is($psql->query_safe("SELECT state FROM bgjob.outcome($job)"), 'running', 'a running job is not forgotten');
$psql->query_safe("SELECT bgjob.cancel($job, '30 s')");

# By age, and a reload sets the age.
$node->append_conf('postgresql.conf', "bgjob.result_retention = '1s'");
$node->reload;
poll_sql($node, 'SELECT retained FROM bgjob.stats', 0, 30);
pass('jobs older than result_retention are forgotten');
poll_until(sub { 0 == spool_files($node) }, 'all files gone');
is($node->safe_psql('postgres', 'SELECT shared_memory_bytes FROM bgjob.stats'), 0, 'with all their memory');
($job, my $x) = split /\|/, $psql->query_safe(
	"SELECT h.id || ', ' || h.cookie, r.x FROM bgjob.launch('SELECT 1') h, bgjob.result(h.id, h.cookie) AS r(x int)");
is($x, 1, 'a young one is there');
poll_sql($node, 'SELECT count(*) FROM bgjob.launched', 0, 30);
is((psql_error($node, "SELECT bgjob.wait($job)"))[0], '42704', 'and goes in its turn');

# For ever.
$node->append_conf('postgresql.conf', "bgjob.result_retention = -1\nbgjob.max_retained = 1000");
$node->reload;
poll_sql($node, "SELECT setting FROM pg_settings WHERE name = 'bgjob.result_retention'", -1);
$job = launch($psql, "'SELECT 1'");
$psql->quit;
poll_sql($node, 'SELECT retained FROM bgjob.stats', 1);
is($node->safe_psql('postgres', "SELECT x FROM bgjob.result($job) AS (x int)"),
	1, 'results outlive the session that launched them');

# Unpreloaded too: the supervisor stays as long as something is to be forgotten.
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = ''\nbgjob.result_retention = '1s'\nbgjob.worker_idle_timeout = '100ms'");
$node->restart;
$node->safe_psql('postgres', "SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h");
poll_sql($node, 'SELECT retained FROM bgjob.stats', 0, 30);
pass('not preloaded: forgotten as well');

$node->stop;
done_testing();
