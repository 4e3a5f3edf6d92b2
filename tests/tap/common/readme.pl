# What README.md shows of bgjob and erlang_bridge runs as it is printed and does what is said beside it. (walrus/quickstart
# does the same for walrus.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../erlang_bridge", "$FindBin::Bin/../bgjob";
use ErlangNode;
use Flows;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file("$FindBin::Bin/../../../README.md");

# The SQL blocks below a heading.
sub blocks_of
{
	my ($heading) = @_;
	my ($chapter) = $readme =~ /^## \Q$heading\E\n(.*?)(?=^## )/ms;
	return $chapter =~ /^```sql\n(.*?)^```$/msg;
}

# run_block($node, $block): in one session of psql; what it prints.
sub run_block
{
	my ($node, $block) = @_;
	my ($status, $printed, $error) = $node->psql('postgres', $block, on_error_stop => 1);
	is($error, '', 'README.md: ' . ($block =~ /(.*)/)[0]);
	return $printed;
}

# ---- bgjob -----------------------------------------------------------------------------------------
my ($launched, $durable) = blocks_of('bgjob');
my $node = new_node(conf => "shared_preload_libraries = 'bgjob'");
sql($node, <<'END');
CREATE TABLE sales AS SELECT r AS region, 7::numeric AS amount FROM unnest(ARRAY['north', 'north', 'south']) AS r;
CREATE TABLE mails (address text, customer int);
CREATE TABLE stock AS SELECT 'A1' AS sku, 10 AS qty;
CREATE TABLE shipped (id int);
CREATE FUNCTION ship(id int) RETURNS void LANGUAGE sql AS 'INSERT INTO shipped VALUES (id)';
CREATE PROCEDURE tidy_up() LANGUAGE sql AS '';
END

my @printed = split /\n/, run_block($node, $launched);
is(join(' ', sort grep { /\|/ } @printed), 'north|14 south|7', 'the rows of a launched job');
is(sql($node, 'SELECT count(*) FROM bgjob.launched'), 0, '... which are forgotten then');

my $order = (split /\n/, run_block($node, $durable))[-1];
is(sql($node, q(SELECT state, due_at > enqueued_at FROM bgjob.jobs WHERE key = 'welcome-7')), 'scheduled|t', 'a mail for later');
is(sql($node, q(SELECT extract(hour FROM next_at AT TIME ZONE 'Europe/Berlin') FROM bgjob.schedules WHERE name = 'nightly')), 3, 'a schedule');
poll_sql($node, q(SELECT count(*) FROM bgjob.tasks WHERE name = 'charge' AND state = 'ready'), 1);
is(sql($node, 'SELECT qty FROM stock'), 9, 'the first step of the workflow is done');
is(sql($node, q(SELECT bgjob.complete_task(id, 'program') FROM bgjob.fetch_task('payments', 'program'))), '', '... a program does the task');
job_waits($node, $order, 'time');
is(sql($node, q(SELECT bgjob.start('ship_order', '{"id": 7, "sku": "A1"}', key => 'order-7'))), $order, '... the same key, the same job');
sql($node, "SELECT bgjob.cancel($order)");
job_ends($node, $order);
is(sql($node, 'SELECT qty, (SELECT count(*) FROM shipped) FROM stock'), '10|0', '... cancelled, its step is undone');
$node->stop;

# ---- erlang_bridge ---------------------------------------------------------------------------------
SKIP:
{
	skip 'erlang_bridge is not built', 7 unless -e `pg_config --sharedir` =~ s/\n//r . '/extension/erlang_bridge.control';
	my $erl = ErlangNode->new('kv');
	$erl->eval('kv:start()');
	my $bridge = new_node(name => 'bridge', conf => "shared_preload_libraries = 'erlang_bridge'\nerlang_bridge.epmd_port = " . epmd_port());
	local $ENV{HOME} = $ENV{TESTDIR};
	append_to_file("$ENV{HOME}/.erlang.cookie", $erl->cookie . "\n");
	my ($block) = blocks_of('erlang_bridge');
	like(run_block($bridge, $block), qr/^"ok"$/m, 'a call');
	is($bridge->safe_psql('postgres', 'SELECT automatic FROM erlang_nodes'), 't', 'the node is kept connected');
	$erl->poll('kv:keys()', '[]') && pass('the cast was sent at commit');
	$bridge->safe_psql('postgres', 'BEGIN; SELECT ' . $erl->sql('call', q('kv', 'put', '["a", 1]')) . '; ROLLBACK');
	is($erl->eval('kv:get(<<"a">>)'), 1, 'a limit: a call is not undone by a rollback');
	like($erl->eval('rpc:call(hd(nodes(hidden)), erlang, node, [], 500)'), qr/^\{badrpc,/, 'a limit: nodes cannot call the server');
	is($bridge->safe_psql('postgres', 'SELECT ' . $erl->sql('call', q('kv', 'keys'))), '["a"]', '... and it goes on');
	$bridge->stop;
}

done_testing();
