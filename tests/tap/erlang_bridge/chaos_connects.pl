# Many sessions over one connection, and connections that come and go: no reply is crossed, no atom, descriptor or slot is lost.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use PostgreSQL::Test::Utils;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => 'max_connections = 220');
add_node($node, $erl);

# ---- 200 sessions x 100 calls ----------------------------------------------------------------------
$node->safe_psql('postgres', <<"END");
CREATE FUNCTION check_echo(i bigint) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
	sent jsonb := jsonb_build_object('pid', pg_backend_pid(), 'i', i, 'pad', repeat('x', (i % 1000)::int));
	got jsonb := @{[$erl->sql('call', "'test_node', 'echo'", 'jsonb_build_array(sent)', "'1 min'")]};
BEGIN
	IF got IS DISTINCT FROM sent THEN
		RAISE EXCEPTION 'crossed: % instead of %', got, sent;
	END IF;
END \$\$
END
my $script = "$ENV{TESTDIR}/echo.sql";
append_to_file($script, "\\set i random(1, 1000000000)\nSELECT check_echo(:i);\n");
my @pgbench = ('pgbench', '-n', '-c', 200, '-j', 2, '-t', 100, '-f', $script, $node->connstr('postgres'));
my ($out, $err) = run_command(\@pgbench);
like($out, qr{transactions actually processed: 20000/20000}, '[erl-D1] 200 sessions made 100 calls each, none crossed') || diag($err);
is($erl->eval('length(nodes(hidden))'), 1, '[erl-D1] over one connection');

# ---- 1,000 connections -----------------------------------------------------------------------------
my $psql = session($node);
my ($worker) = bridge_workers($node);
sub descriptors { return scalar(() = glob("/proc/$_[0]/fd/*")); }
my $cycle = <<"END";
DO \$\$
BEGIN
	FOR i IN 1..%d LOOP
		IF NOT @{[$erl->sql('connect')]} OR NOT @{[$erl->sql('disconnect')]} THEN
			RAISE EXCEPTION 'not connected, or not disconnected: %%', i;
		END IF;
	END LOOP;
END \$\$
END
$psql->query_safe('SELECT ' . $erl->sql('disconnect'));
$psql->query_safe("SET erlang_bridge.connect_rate = 0");
$psql->query_safe(sprintf $cycle, 100);
$erl->poll('nodes(hidden)', '[]');
my $figures = sub {
	return ($erl->eval('erlang:system_info(atom_count)'), descriptors($worker), $erl->eval('length(erlang:ports())'), memory_of($worker));
};
my @before = $figures->();
$psql->query_safe(sprintf $cycle, 1000);
$erl->poll('nodes(hidden)', '[]');
$erl->poll('length(erlang:ports())', $before[2]);
my @after = $figures->();
# Not by one each; a module that the node loads meanwhile may bring some.
cmp_ok($after[0] - $before[0], '<', 20, '[erl-D1] 1,000 connections cost the node no atoms');
is($after[1], $before[1], '[erl-E5] and the worker no descriptors');
cmp_ok(($after[3] - $before[3]) / 1000, '<', 200, '[erl-E5] nor memory');
is($psql->query_safe('SELECT ' . $erl->sql('call', "'erlang', 'node'")), '"kv@127.0.0.1"', 'and it can be called');

# Connecting over and over beside calls: those are told when the connection is taken away, and nothing is crossed.
my $toggling = session($node);
run_in_background($toggling, sprintf($cycle, 300));
my $failed = "$ENV{TESTDIR}/failing.sql";
append_to_file($failed, <<'END');
\set i random(1, 1000000000)
DO $$ BEGIN PERFORM check_echo((random() * 1e9)::bigint); EXCEPTION WHEN SQLSTATE '08006' THEN NULL; END $$;
END
($out, $err) = run_command([ 'pgbench', '-n', '-c', 20, '-j', 2, '-t', 50, '-f', $failed, $node->connstr('postgres') ]);
like($out, qr{transactions actually processed: 1000/1000}, '[erl-A3] calls beside it end well, or as 08006') || diag($err);
$toggling->query('SELECT 1');
$toggling->{stderr} = '';
$_->quit for $psql, $toggling;
$node->stop;
done_testing();
