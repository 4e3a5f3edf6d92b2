# On a hot standby jobs read, and go on when it is promoted.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $primary = new_node(
	name => 'primary',
	init => { allows_streaming => 1 },
	conf => "shared_preload_libraries = 'bgjob'",
	extensions => ['bgjob']);
$primary->safe_psql('postgres', "CREATE TABLE t AS SELECT 42 AS x; SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h");
$primary->backup('copy');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

is($standby->safe_psql('postgres', "SELECT * FROM bgjob.run('SELECT pg_is_in_recovery() AS standby, x FROM t')"),
	'{"x": 42, "standby": true}', 'a job reads on a standby');
my ($code) = psql_error($standby, "SELECT * FROM bgjob.run('INSERT INTO t VALUES (1)')");
is($code, '25006', 'and may not write');
is($standby->safe_psql('postgres', "SELECT count(*) FROM bgjob.run('SELECT repeat(''x'', 1000) FROM generate_series(1, 1000)')"),
	1000, 'its rows may spill');
is($standby->safe_psql('postgres', "SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.submit('SELECT 1') h"), 't', 'submit and wait work');

# A job of before the promotion ends after it, and the next one may write.
my ($psql, $holder) = (session($standby), session($standby));
$holder->query_safe('SELECT pg_advisory_lock(1)');
my $job = launch($psql, "'SELECT 7 FROM pg_advisory_xact_lock_shared(1)'");
poll_sql($standby, "SELECT state FROM bgjob.outcome($job)", 'running');
$standby->promote;
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is($psql->query_safe("SELECT y FROM bgjob.result($job) AS (y int)"), 7, 'a job lives through a promotion');
is($psql->query_safe("SELECT r.tag FROM bgjob.launch('INSERT INTO t VALUES (1)') h, bgjob.result(h.id, h.cookie) AS r(tag text)"),
	'INSERT 0 1', 'then jobs may write');
$_->quit for $psql, $holder;

$_->stop for $standby, $primary;
done_testing();
