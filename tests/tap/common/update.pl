# From 1.0 to a made-up next version, of tests/next: the libraries are replaced and the server restarted, ALTER
# EXTENSION UPDATE follows later. What is under way goes on, and the catalogue is that of a fresh CREATE EXTENSION.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin", "$FindBin::Bin/../erlang_bridge", "$FindBin::Bin/../bgjob";
use Catalogue;
use ErlangNode;
use Flows;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

# ---- a server of its own, whose files can be replaced ------------------------------------------------
my $scripts = "$FindBin::Bin/../../next";
my ($bin) = split /:/, $ENV{PATH};
my ($built) = $bin =~ m{^(.*)/tree/} or die "no private installation: $bin";
system_or_bail('cp', '-a', "$built/tree", "$ENV{TESTDIR}/server");
$bin =~ s{^\Q$built\E/tree/}{$ENV{TESTDIR}/server/};
$ENV{PATH} = "$bin:$ENV{PATH}";
chomp(my ($libraries, $share) = map { scalar `pg_config --$_` } 'pkglibdir', 'sharedir');
like($libraries, qr/^\Q$ENV{TESTDIR}\E/, 'the server has files of its own');

my @extensions = grep { -e "$share/extension/$_.control" } qw(bgjob bgjob_compat bgjob_duroxide walrus erlang_bridge);
my @modules = grep { -e "$built/next/$_.so" } @extensions;
my $with_erlang = grep { $_ eq 'erlang_bridge' } @modules;

sub replace_file
{
	my ($content, $path) = @_;
	append_to_file("$path.new", $content);
	rename("$path.new", $path) or die "$path: $!";
	return;
}

# As a package does it: a new file in the place of the old one, which the running server keeps.
sub install_libraries
{
	for my $module (@modules)
	{
		replace_file(slurp_file("$built/next/$module.so"), "$libraries/$module.so");
		chmod(0755, "$libraries/$module.so");
	}
	return;
}

sub install_scripts
{
	for my $extension (@extensions)
	{
		my $folder = "$share/extension";
		replace_file(slurp_file("$scripts/$extension--1.0--1.1.sql"), "$folder/$extension--1.0--1.1.sql");
		my ($whole, $stderr) = run_command([ 'sed', '-f', "$scripts/$extension.sed", "$folder/$extension--1.0.sql" ]);
		replace_file("$whole\n", "$folder/$extension--1.1.sql");
		replace_file(slurp_file("$folder/$extension.control") =~ s/1\.0/1.1/r, "$folder/$extension.control");
	}
	return;
}

# ---- 1.0 ---------------------------------------------------------------------------------------------
my $conf = "shared_preload_libraries = '" . join(',', @modules) . "'\n";
$conf .= 'erlang_bridge.epmd_port = ' . epmd_port() . "\n" if $with_erlang;
my $node = new_node(conf => $conf, extensions => \@extensions);
sql($node, 'CREATE TABLE done (n serial, what text)');
flow($node, 'journey', join(' ', step('first'), "CALL bgjob.wait_signal('go');", step('second'), "CALL bgjob.wait_signal('on');", step('third')));
my $journey = start_flow($node, 'journey');
job_waits($node, $journey, 'signal go');
my $later = enqueue($node, q(INSERT INTO done (what) VALUES ('later')), q(run_at => now() + interval '1 hour'));
sql($node, "SELECT bgjob.create_duroxide_schema('flows')");
my $start = q(SELECT flows.enqueue_orchestrator_work('%s', '{"StartOrchestration": {"instance": "%1$s", "orchestration": "O"}}', now()));
sql($node, sprintf($start, $_)) for qw(a b);
my $turn = 'SELECT out_instance_id FROM flows.fetch_orchestration_item(0, 60000)';
sql($node, 'SELECT walrus.reset()');
poll_sql($node, q(SELECT count(*) FROM walrus.history WHERE action = 'reset'), 1);
my $erl;
if ($with_erlang)
{
	$erl = ErlangNode->new('kv');
	add_node($node, $erl);
	is(sql($node, 'SELECT ' . $erl->sql('call', "'lists', 'max', '[[1, 7]]'")), 7, 'a call');
}

# is_next($module): whether sessions have loaded the next library; the SQL of 1.0 does not know.
sub is_next
{
	my ($module) = @_;
	my (undef, $answer) = $node->psql('postgres', <<"END");
CREATE FUNCTION pg_temp.is_next() RETURNS boolean LANGUAGE c AS '\$libdir/$module', '${module}_is_next';
SELECT pg_temp.is_next();
END
	return $answer eq 't';
}
is(is_next($_), '', "the library of $_ 1.0") for @modules;

# ---- the next libraries with the SQL of 1.0 ------------------------------------------------------------
install_libraries();
is(sql($node, q(SELECT bgjob.run('SELECT 1 AS x'))), '{"x": 1}', 'the running server keeps the libraries it has');
$node->restart;
ok(is_next($_), "the next library of $_") for @modules;
is(sql($node, q(SELECT bgjob.run('SELECT 2 AS x'))), '{"x": 2}', '1.0 with the next library: a launched job');
is(sql($node, q(SELECT x FROM pg_background_result(pg_background_launch('SELECT 3')) AS r(x int))), 3, '... by the names of pg_background');
is(sql($node, $turn), 'a', '... a turn of a Duroxide runtime');
sql($node, "SELECT bgjob.signal($journey, 'go')");
job_waits($node, $journey, 'signal on');
is(effects($node), 'first second', '... a workflow goes on');
sql($node, 'SELECT walrus.reset()');
poll_sql($node, q(SELECT count(*) FROM walrus.history WHERE action = 'reset'), 2) && pass('... walrus writes its history');
is(sql($node, 'SELECT ' . $erl->sql('call', "'lists', 'max', '[[1, 8]]'")), 8, '... a call') if $with_erlang;

# ---- the update, while all of them work ----------------------------------------------------------------
my ($holder, $caller, $updater) = map { session($node) } 1 .. 3;
$holder->query_safe('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
my $handle = sql($node, "SELECT id || ', ' || cookie FROM bgjob.launch('SELECT pg_advisory_lock_shared(1); SELECT 4')");
my $running = enqueue($node, q(WITH l AS MATERIALIZED (SELECT pg_advisory_lock_shared(2)) INSERT INTO done (what) SELECT 'running' FROM l));
poll_sql($node, q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted), 2);
my $link = q(SELECT connects, (SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'erlang_bridge%' LIMIT 1) FROM erlang_nodes);
my ($before, $call);
if ($with_erlang)
{
	$call = $caller->query_safe('SELECT ' . $erl->sql('call_async', "'timer', 'sleep', '[3000]', '1 min'"));
	$before = sql($node, $link);
}

install_scripts();
my $updater_pid = backend_pid($updater);
run_in_background($updater, 'ALTER EXTENSION bgjob UPDATE');
poll_sql($node, "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $updater_pid", 'Lock')
  && pass('ALTER EXTENSION bgjob UPDATE waits for the durable job that runs');
$holder->query_safe('SELECT pg_advisory_unlock(2)');
is($updater->query('SELECT 7'), 7, '... and is done then');
is((psql_error($node, "ALTER EXTENSION $_ UPDATE"))[1], '', "ALTER EXTENSION $_ UPDATE") for grep { $_ ne 'bgjob' } @extensions;
is(sql($node, "SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY oid) FROM pg_extension WHERE extname <> 'plpgsql'"),
	join(', ', map { "$_ 1.1" } @extensions), 'all are of the next version');
my %is_next = (bgjob_compat => 'pg_background_is_next', bgjob_duroxide => 'bgjob.duroxide_is_next');
is(sql($node, "SELECT $_()"), 't', "$_ of the next version") for map { $is_next{$_} // "$_.is_next" } @extensions;

if ($with_erlang)
{
	is($caller->query_safe("SELECT erlang_result($call)"), '"ok"', 'the call that was under way is answered');
	is(sql($node, $link), $before, 'the connection is the same');
}
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is(sql($node, "SELECT x FROM bgjob.result($handle) AS r(x int)"), 4, 'the launched job that was running ends');
job_ends($node, $running);
sql($node, "SELECT bgjob.signal($journey, 'on')");
job_ends($node, $journey);
is(join(' ', sort split / /, effects($node)), 'first running second third', 'the durable jobs go on, each step once');
is(sql($node, "SELECT state FROM bgjob.status($later)"), 'scheduled', 'what was for later still is');
is(sql($node, $turn), 'b', 'a schema for Duroxide that was made before works');
sql($node, "SELECT bgjob.set_queue('next'); SELECT walrus.reset()");
is(sql($node, q(SELECT name FROM bgjob.notes WHERE name = 'next')), 'next', 'new columns and views work');
poll_sql($node, q(SELECT count(*) FROM walrus.history WHERE action = 'reset' AND note IS NULL), 3) && pass('walrus goes on with its history');
$_->quit for $holder, $caller, $updater;

# ---- updated or fresh: the same ------------------------------------------------------------------------
sql($node, 'CREATE DATABASE fresh');
for my $extension (@extensions)
{
	$node->safe_psql('fresh', "CREATE EXTENSION $extension");
	my @updated = catalogue($node, 'postgres', $extension);
	my @fresh = catalogue($node, 'fresh', $extension);
	cmp_ok(scalar @fresh, '>', 20, "$extension: there is a catalogue");
	is(difference(\@updated, \@fresh), '', '... updated, it is as if created');
}
$node->stop;
done_testing();
