# What stands in the server log, and how jobs look from outside.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nlog_min_messages = warning\nlog_error_verbosity = default",
	extensions => ['bgjob']);
my $psql = session($node);

# [pgbg-17] the context line, in the server log and once
my $log = -s $node->logfile;
my $job = launch($psql, "'SELECT 1 / 0'");
$psql->query_safe("SELECT bgjob.wait($job)");
$node->wait_for_log(qr/division by zero/, $log) if $node->can('wait_for_log');
poll_until(sub { log_since($node, $log) =~ /STATEMENT:  SELECT 1 \/ 0/ }, 'the job in the log');
my $text = log_since($node, $log);
my ($id) = $job =~ /(\d+)/;
my @context = $text =~ /background worker with PID \d+, job $id: "SELECT 1 \/ 0"/g;
is(scalar @context, 1, '[pgbg-17] the server log names the worker, its PID and the job once');
is(scalar(() = $text =~ /ERROR:/g), 1, 'and the error once');
like($text, qr/STATEMENT:  SELECT 1 \/ 0/, 'with the statement');

# [pgbg-15] removal of what is not there is an error of the caller and no more in the log
$log = -s $node->logfile;
psql_error($node, "SELECT bgjob.detach($id, 1)");
psql_error($node, "SELECT bgjob.detach(999999, 1)");
unlike(log_since($node, $log), qr/WARNING/, '[pgbg-15] nothing but the error');

# [pgbg-20] normal, failed and cancelled jobs leave no warnings
$psql->query_safe('SELECT bgjob.detach_all()');
$log = -s $node->logfile;
$psql->query_safe("SELECT count(*) FROM bgjob.run('SELECT repeat(''x'', 1000) FROM generate_series(1, 1000)')");
$job = launch($psql, "'SELECT repeat(''x'', 1000), pg_sleep(i / 2001 * 60) FROM generate_series(1, 3000) i', 64");
poll_sql($node, "SELECT row_count >= 1500 FROM bgjob.outcome($job)");
$psql->query_safe("SELECT bgjob.cancel($job, '30 s')");
$job = launch($psql, "'SELECT 1 / (500 - i), repeat(''x'', 1000) FROM generate_series(1, 1000) i', 64");
$psql->query_safe("SELECT bgjob.wait($job)");
$psql->query_safe('SELECT bgjob.detach_all()');
wait_until_idle($node);
unlike(log_since($node, $log), qr/WARNING|leak|still referenced/, '[pgbg-20] resources are released at every kind of end');

# [pgbg-26] a setting logs jobs; what is only for debugging comes at DEBUG1
$log = -s $node->logfile;
$psql->query_safe("SELECT * FROM bgjob.run('SELECT 1')");
unlike(log_since($node, $log), qr/job \d+ (started|succeeded)/, 'by default jobs are not logged');
$psql->query_safe("SET bgjob.log_jobs = on; SET log_min_messages = log");
$psql->query_safe("SELECT * FROM bgjob.run('SELECT 1')");
poll_until(sub { log_since($node, $log) =~ /LOG:  job \d+ started.*LOG:  job \d+ succeeded/s }, 'the job in the log');
like(log_since($node, $log), qr/LOG:  job \d+ started.*LOG:  job \d+ succeeded/s, '[pgbg-26] [pgbg-33] bgjob.log_jobs logs start and end');
$psql->query_safe('RESET bgjob.log_jobs; RESET log_min_messages');

# How a worker looks while it runs and while it does not.
$job = launch($psql, "'SELECT pg_sleep(60)'");
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
poll_sql($node, "SELECT state, query, usename, datname FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND state = 'active'",
	'active|SELECT pg_sleep(60)|postgres|postgres');
pass('pg_stat_activity shows a busy worker and its SQL');
$psql->query_safe("SELECT bgjob.cancel($job, '30 s')");
wait_until_idle($node);
poll_sql($node, "SELECT DISTINCT state, xact_start IS NULL, backend_xmin IS NULL FROM pg_stat_activity WHERE backend_type = 'bgjob worker'",
	'idle|t|t');
pass('... and an idle one without a transaction');

# Statistics of tables arrive, as from any session.
$psql->query_safe('CREATE TABLE t (i int)');
$psql->query_safe("SELECT * FROM bgjob.run('INSERT INTO t SELECT generate_series(1, 100)')");
poll_sql($node, "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 't'", 100);
pass('statistics of a job are counted');

$psql->quit;
$node->stop;
done_testing();
