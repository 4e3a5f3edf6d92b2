# The control segment is born in one of three ways, and is the same afterwards: by
# shared_preload_libraries, from the server's registry of segments (17 and later), or on first use.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(extensions => ['bgjob']);

sub works
{
	my ($what) = @_;
	my $first = session($node);
	my $second = session($node);
	my $job = launch($first, "'SELECT 6 * 7'");
	is($second->query_safe("SELECT x FROM bgjob.result($job) AS (x int)"),
		42, "$what: a result is read in another session");
	is($second->query_safe("SELECT count(*) FROM bgjob.launched WHERE state = 'succeeded'"),
		1, "$what: which sees the job");
	$first->quit;
	is($second->query_safe("SELECT x FROM bgjob.result($job) AS (x int)"),
		42, "$what: also after the launcher has left");
	is(scalar supervisors($node), 1, "$what: there is one supervisor");
	$second->query_safe("SELECT bgjob.detach($job)");
	$second->quit;
}

is(scalar supervisors($node), 0, 'not preloaded: no supervisor before the first use');
works('not preloaded');

# Many sessions at once may be the first.
for my $preload ('', 'bgjob')
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->restart;
	my $script = $node->basedir . '/first.sql';
	PostgreSQL::Test::Utils::append_to_file($script,
		"SELECT r.x, bgjob.detach(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h, bgjob.result(h.id, h.cookie) AS r(x int);\n"
	);
	$node->command_ok([ 'pgbench', '-n', '-c', 8, '-t', 2, '-f', $script, 'postgres' ],
		"eight sessions at once are the first users, preloading '$preload'");
	is($node->safe_psql('postgres', 'SELECT launched, succeeded, retained FROM bgjob.stats'),
		'16|16|0', 'and all used one segment');
	unlink $script;
}

$node->restart;
poll_until(sub { 1 == supervisors($node) }, 'a supervisor');
pass('preloaded: the supervisor is there from the start');
works('preloaded');
is($node->safe_psql('postgres', "SELECT since BETWEEN pg_postmaster_start_time() AND now() FROM bgjob.stats"),
	't', 'counters begin with the server');

# Preloading does no harm where the extension does not exist.
$node->safe_psql('postgres', 'CREATE DATABASE plain');
is($node->safe_psql('plain', 'SELECT 1'), 1, 'a database without the extension works');
isnt((psql_error($node, "SELECT bgjob.launch('SELECT 1')", dbname => 'plain'))[0], '', 'and has no bgjob');

# A second database shares the pool, the list and the counters.
$node->safe_psql('plain', 'CREATE EXTENSION bgjob');
my $elsewhere = $node->safe_psql('plain', "SELECT id || ', ' || cookie FROM bgjob.launch('SELECT current_database()')");
is($node->safe_psql('plain', "SELECT x FROM bgjob.result($elsewhere) AS (x name)"), 'plain', 'a job runs in the database of its launcher');
is($node->safe_psql('postgres', "SELECT state FROM bgjob.outcome($elsewhere) WHERE bgjob.wait($elsewhere)"),
	'succeeded', '... and is waited for from another');
is((psql_error($node, "SELECT x FROM bgjob.result($elsewhere) AS (x name)"))[0], '0A000', '... where its types mean nothing');
is($node->safe_psql('postgres', 'SELECT database FROM bgjob.launched'), 'plain', 'the view names the database');
is($node->safe_psql('postgres', 'SELECT bgjob.purge()'), 0, 'purge leaves the jobs of other databases alone');

# A supervisor that is not preloaded leaves when there is nothing to look after, and comes back.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\nbgjob.worker_idle_timeout = '200ms'");
$node->restart;
$node->safe_psql('postgres', "SELECT * FROM bgjob.run('SELECT 1')");
poll_until(sub { 0 == supervisors($node) }, 'no supervisor');
pass('without work the supervisor leaves');
is($node->safe_psql('postgres', "SELECT * FROM bgjob.run('SELECT 1 AS x')"), '{"x": 1}', 'and comes back for the next job');

$node->stop;
done_testing();
