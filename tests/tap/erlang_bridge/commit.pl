# [erl-C7] Casts and messages leave at COMMIT, in order; nothing that was rolled back does. What is immediate leaves now.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $other = ErlangNode->new('other');
my $node = bridge_node();
for ($erl, $other)
{
	add_node($node, $_);
	$_->eval('test_node:collect(box)');
}
my $psql = session($node);
my $send = sub { my ($message, $how) = @_; 'PERFORM ' . $erl->sql('send', "'box'", "'$message'", $how // ()) . ';' };
# What has arrived, once all that is on its way has: a call over the same connection is behind it.
my $arrived = sub {
	my ($at) = (@_, $erl);
	$psql->query_safe('SELECT ' . $at->sql('call', "'erlang', 'node'"));
	return $at->eval('test_node:collected(box)');
};

$psql->query_safe('BEGIN');
$psql->query_safe('DO $$ BEGIN ' . $send->('1000') . ' END $$');
is($arrived->(), '[]', '[erl-C7] nothing leaves before the commit');
$psql->query_safe('COMMIT');
is($arrived->(), '[1000]', '[erl-C7] and at the commit it does');

$psql->query_safe('DO $$ BEGIN ' . $send->('1001') . ' ROLLBACK; END $$');
is($arrived->(), '[1000]', '[erl-C7] nothing of a transaction that is rolled back');

$psql->query_safe('DO $$ BEGIN ' . $send->('1002') . ' BEGIN ' . $send->('1003') . ' RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN '
	  . $send->('1004') . ' END; BEGIN ' . $send->('1005') . ' EXCEPTION WHEN others THEN NULL; END; ' . $send->('1006') . ' END $$');
is($arrived->(), '[1000,1002,1004,1005,1006]', '[erl-C7] nothing of a subtransaction that is rolled back, the rest in order');

$psql->query_safe('BEGIN; SAVEPOINT a; SELECT ' . $erl->sql('send', "'box'", "'1007'") . '; RELEASE a; ROLLBACK');
is($arrived->(), '[1000,1002,1004,1005,1006]', '[erl-C7] nor of one that was released into it');

$psql->query_safe('DO $$ BEGIN ' . $send->('1008') . $send->('1009', 'true') . ' ROLLBACK; END $$');
is($arrived->(), '[1000,1002,1004,1005,1006,1009]', '[erl-C7] what is immediate leaves although there is no commit');

# Many at once, to two nodes in turn.
$psql->query_safe('SELECT ' . join(', ', map { $_->sql('send', "'box'", 'to_jsonb(2000 + i)') } $erl, $other) . ' FROM generate_series(1, 5000) i');
my $sequence = '[' . join(',', 2001 .. 7000) . ']';
is($arrived->() =~ s/^\[1000,.*1009,/[/r, $sequence, '[erl-C7] 5,000 messages in order');
is($arrived->($other), $sequence, '[erl-C7] to the other node, too');

# Casts and gen_casts are the same.
for my $immediate ('', 'true')
{
	my $key = $immediate ? 'now' : 'later';
	$erl->eval("ets:delete(test_node, {count, <<\"$key\">>})");
	my $count = "ets:lookup(test_node, {count, <<\"$key\">>})";
	my @cast = ("'test_node', 'count'", "'[\"$key\"]'", $immediate || ());
	$psql->query_safe('BEGIN; SELECT ' . $erl->sql('cast', @cast));
	$arrived->();
	$immediate ? $erl->poll($count, "[{{count,<<\"$key\">>},1}]") : is($erl->eval($count), '[]', '[erl-C7] a cast waits for the commit');
	$psql->query_safe('COMMIT');
	$erl->poll($count, "[{{count,<<\"$key\">>},1}]");
	$arrived->();
	is($erl->eval($count), "[{{count,<<\"$key\">>},1}]", "[erl-C7] a cast is run once: $key");
}
$psql->query_safe('SELECT ' . $erl->sql('gen_cast', "'box'", "'1010'"));
like($arrived->(), qr/,\{'\$gen_cast',1010\}\]$/, '[erl-C7] [erl-H1] a gen_cast');

# A node that is not there does not make the commit fail: the message is what is lost.
$other->kill;
is($psql->query_safe('BEGIN; CREATE TABLE kept (); SELECT ' . $other->sql('send', "'box'", "'1'") . "; COMMIT; SELECT to_regclass('kept')"), "\nkept",
	'[erl-C7] the commit stands though the node is gone');
is($psql->query_safe('SELECT 1'), 1, '... and the session goes on');

# Nobody knows whether what was written to a connection that breaks has arrived: it is not sent again.
# The counter is shown a moment late: 6 messages of the tests in BEGIN, 5,000, two casts and a gen_cast have left.
my $messages = "SELECT messages FROM erlang_nodes WHERE node = '$erl->{name}'";
poll_sql($node, $messages, 5009);
$erl->signal('STOP');
$psql->query_safe('SELECT ' . $erl->sql('send', "'box'", "'1011'"));
poll_sql($node, $messages, 5010);
$erl->kill;
$erl->start;
$erl->eval('test_node:collect(box)');
poll_until(sub { error_of($node, 'SELECT ' . $erl->sql('call', "'erlang', 'node'")) eq '' }, 'it is connected again');
$psql->query_safe('SELECT ' . $erl->sql('send', "'box'", "'1012'"));
is($arrived->(), '[1012]', 'a message is lost with its connection, and not repeated');

$psql->quit;
$node->stop;
done_testing();
