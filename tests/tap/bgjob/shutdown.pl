# The server stops while jobs run: soon, quietly, and its next life knows that they were lost.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node(extensions => ['bgjob']);
my $previous = 0;

for my $preload ('', 'bgjob')
{
	my $how = $preload ? 'preloaded' : 'not preloaded';
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->restart;
	for my $mode (qw(fast smart immediate))
	{
		my $psql = session($node);
		$psql->query_safe("SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h");
		my $job = launch($psql, "'SELECT i, pg_sleep(i / 2001 * 60) FROM generate_series(1, 3000) i', 64");
		poll_sql($node, "SELECT row_count >= 1000 FROM bgjob.outcome($job)");
		$psql->quit;
		my $start = time;
		$node->stop($mode);
		cmp_ok(time - $start, '<', 40, "$how: $mode shutdown with a running job is soon done");
		$node->start;
		is($node->safe_psql('postgres', "SELECT state, sqlstate FROM bgjob.outcome($job)"), 'lost|08006', 'the job reads lost');
		is($node->safe_psql('postgres', "SELECT bgjob.wait($job, '30 s')"), 't', 'nobody waits for it');
		my $next = launch($node, "'SELECT 1'");
		is($node->safe_psql('postgres', "SELECT x FROM bgjob.result($next) AS (x int)"), 1, 'jobs run again');
		my ($id) = $next =~ /(\d+)/;
		cmp_ok($id, '>', $previous, 'ids go on');
		$previous = $id;
		is(scalar spool_files($node), 0, 'no file is left of the last life');
	}
}

# A clean shutdown of an idle pool says nothing of us that needs attention.
$node->safe_psql('postgres', "SELECT bgjob.run('SELECT 1')");
wait_until_idle($node);
my $log = -s $node->logfile;
$node->stop('fast');
is(join("\n", grep { /bgjob/ } split /\n/, log_since($node, $log)), '', 'an idle pool is quiet at a shutdown');
# (A session of psql that is on its way out may.)
is(scalar(grep { /WARNING|ERROR|FATAL|PANIC/ && !/client backend/ } split /\n/, log_since($node, $log)), 0,
	'and nobody complains');

# The file of ids is not to be trusted blindly: damaged or gone, jobs run all the same.
my $ids = $node->data_dir . '/bgjob.ids';
for my $damage (sub { unlink $ids }, sub { open(my $f, '>', $ids) or die; print $f 'x' })
{
	$damage->();
	$node->start;
	is($node->safe_psql('postgres', "SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'a damaged file of ids does no harm');
	$node->stop;
}

done_testing();
