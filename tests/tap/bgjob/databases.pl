# Databases and roles that go while the pool holds on to them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
$node->safe_psql('postgres', 'CREATE ROLE alice LOGIN');

sub new_database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, "CREATE EXTENSION bgjob; SELECT bgjob.grant_usage('alice')");
	return $node->safe_psql($name,
		"SELECT id || ', ' || cookie FROM bgjob.launch('SELECT 1') h WHERE bgjob.wait(h.id, h.cookie)");
}

# A busy worker blocks DROP DATABASE, as any session does.
my $done = new_database('busy');
my $job = $node->safe_psql('busy', "SELECT id || ', ' || cookie FROM bgjob.launch('SELECT pg_sleep(60)')");
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
is((psql_error($node, 'DROP DATABASE busy'))[0], '55006', 'a running job keeps its database');
is($node->safe_psql('postgres', "SELECT state FROM bgjob.outcome($job)"), 'running', '... and goes on');
$node->safe_psql('postgres', 'DROP DATABASE busy WITH (FORCE)');
is($node->safe_psql('postgres', "SELECT bgjob.wait($job, '30 s')"), 't', 'DROP DATABASE ... WITH (FORCE) ends it');
is($node->safe_psql('postgres', "SELECT state, sqlstate FROM bgjob.outcome($job)"), 'lost|57P01', '... as lost');
is((psql_error($node, "SELECT x FROM bgjob.result($done) AS (x int)"))[0], '0A000', 'results of a database that has gone mean nothing elsewhere');
is($node->safe_psql('postgres', 'SELECT count(*) FROM bgjob.launched WHERE database IS NULL'), 2, '... but are listed');
$node->safe_psql('postgres', "SELECT bgjob.detach(id, cookie) FROM bgjob.launched");

# An idle worker does not for long.
new_database('idle');
poll_sql($node, "SELECT state FROM bgjob.activity WHERE database = 'idle'", 'idle');
my $start = time;
my ($code, $message) = psql_error($node, 'DROP DATABASE idle');
is($code, '', "an idle worker lets its database go ($message)");
cmp_ok(time - $start, '<', 30, '... in time');
$node->psql('postgres', 'DROP DATABASE IF EXISTS idle WITH (FORCE)');
poll_sql($node, "SELECT count(*) FROM bgjob.activity WHERE database IS DISTINCT FROM 'postgres'", 0);
pass('the worker has left');

# Jobs queued for a database that goes fail with the server's reason.
new_database('queued');
$node->safe_psql('queued', <<'END');
SET bgjob.max_workers_per_role = 1;
SELECT bgjob.launch('SELECT pg_sleep(60)', label => 'running');
SELECT bgjob.launch('SELECT 1', label => 'queued') FROM generate_series(1, 3);
END
poll_sql($node, "SELECT state FROM bgjob.launched WHERE label = 'running'", 'running');
$node->safe_psql('postgres', 'DROP DATABASE queued WITH (FORCE)');
poll_sql($node, "SELECT count(*) FROM bgjob.launched WHERE state IN ('queued', 'starting', 'running')", 0);
is($node->safe_psql('postgres', "SELECT DISTINCT state, sqlstate FROM bgjob.launched WHERE label = 'queued'"),
	'failed|3D000', 'jobs queued for a database that has gone fail');
$node->safe_psql('postgres', 'SELECT bgjob.detach(id, cookie) FROM bgjob.launched');

# A database that refuses connections fails its jobs, too.
new_database('closed');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM bgjob.activity");
poll_sql($node, 'SELECT count(*) FROM bgjob.activity', 0);
my $session = session($node, dbname => 'closed');
$node->safe_psql('postgres', 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
$job = launch($session, "'SELECT 1'");
is($session->query_safe("SELECT bgjob.wait($job, '60 s')"), 't', 'a job for a database that is closed ends');
like($session->query_safe("SELECT state, sqlstate, message FROM bgjob.outcome($job)"),
	qr/^failed\|(55000|08P01|53000)\|/, '... as failed');
$node->safe_psql('postgres', 'ALTER DATABASE closed ALLOW_CONNECTIONS true');
is($session->query_safe("SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', '... and works again when it is open');
$session->quit;

# A role that goes.
my $alice = "SET SESSION AUTHORIZATION alice; ";
$node->safe_psql('postgres', "SELECT bgjob.grant_usage('alice')");
$done = $node->safe_psql('postgres', $alice . "SELECT id || ', ' || cookie FROM bgjob.launch('SELECT 1') h WHERE bgjob.wait(h.id, h.cookie)");
$session = session($node);
$session->query_safe($alice);
my $running = launch($session, "'SELECT pg_sleep(60)'");
$session->query_safe('SET bgjob.timeout = 0');
poll_sql($node, "SELECT state FROM bgjob.outcome($running)", 'running');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid) FROM bgjob.activity WHERE state = \'idle\'');
$node->safe_psql('postgres', "DROP OWNED BY alice; ALTER ROLE alice RENAME TO gone");
$node->safe_psql('closed', 'DROP OWNED BY gone');
$node->safe_psql('postgres', 'DROP ROLE gone');
is($node->safe_psql('postgres', "SELECT x FROM bgjob.result($done) AS (x int)"), 1, 'a superuser reads the result of a role that has gone');
like($node->safe_psql('postgres', 'SELECT DISTINCT owner FROM bgjob.launched'), qr/unknown \(OID=\d+\)|^$/m, 'the view shows its job');
is($node->safe_psql('postgres', "SELECT bgjob.cancel($running, '30 s')"), 't', 'its running job can be cancelled');
$session->quit;

# ... while jobs of it are queued
$node->safe_psql('postgres', "CREATE ROLE carol LOGIN; SELECT bgjob.grant_usage('carol')");
$node->safe_psql('postgres', <<'END');
SET bgjob.max_workers_per_role = 1;
SET ROLE carol;
SELECT bgjob.launch('SELECT pg_sleep(60)', label => 'carol running');
SELECT bgjob.launch('SELECT 1', label => 'carol queued') FROM generate_series(1, 3);
END
poll_sql($node, "SELECT state FROM bgjob.launched WHERE label = 'carol running'", 'running');
$node->safe_psql('postgres', 'DROP OWNED BY carol; DROP ROLE carol');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(worker_pid) FROM bgjob.launched WHERE label = 'carol running'");
poll_sql($node, "SELECT string_agg(DISTINCT state || ' ' || sqlstate, ', ') FROM bgjob.launched WHERE label = 'carol queued'", 'failed 28000');
pass('jobs queued for a role that has gone fail');

# Neither harms the others.
is($node->safe_psql('postgres', "SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'other jobs run');

# A role without LOGIN: refused before 17, served from there on.
$node->safe_psql('postgres', "CREATE ROLE dave NOLOGIN; SELECT bgjob.grant_usage('dave')");
($code) = psql_error($node, "SET ROLE dave; SELECT bgjob.wait(id, cookie) FROM bgjob.launch('SELECT 1')");
is($code, $node->pg_version >= 17 ? '' : '28000', 'a role without LOGIN');

# A role with a connection limit: workers are not clients.
$node->safe_psql('postgres', "CREATE ROLE erin LOGIN CONNECTION LIMIT 0; SELECT bgjob.grant_usage('erin')");
is($node->safe_psql('postgres', "SET ROLE erin; SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}',
	'a limit of connections does not count workers');

$node->stop;
done_testing();
