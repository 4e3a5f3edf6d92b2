# [erl-D7] The server stops, crashes, or loses a worker while 100 asynchronous calls are pending: afterwards they are lost, and said to be.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "restart_after_crash = on\nerlang_bridge.workers = 2\nmax_worker_processes = 8");
add_node($node, $erl, automatic => 1);
my $submit = 'SELECT ' . $erl->sql('call_async', "'test_node', 'sleep'", q('["forever"]'), "'5 min'") . ' FROM generate_series(1, 100)';

my %ends = (
	'a fast restart' => sub { $node->restart },
	'an immediate restart' => sub { $node->stop('immediate'); $node->start },
	'a worker that is killed' => sub { kill_backend((bridge_workers($node))[0]) });

my $last = 0;
for my $how (sort keys %ends)
{
	poll_sql($node, 'SELECT 1', 1); # the server is up
	my @ids = split /\n/, $node->safe_psql('postgres', $submit);
	$erl->poll('test_node:sleepers()', 100);
	cmp_ok($ids[0], '>', $last, '[erl-C4] numbers are not given again');
	$ends{$how}->();
	$erl->poll('test_node:sleepers()', 0);
	pass("[erl-D7] $how: the calls end at the node, too");
	$erl->poll('length(nodes(hidden))', 1);
	pass('[erl-D6] and it is connected again, by itself');
	poll_sql($node, 'SELECT 1', 1); # the server is up
	my %states = map { error_of($node, "SELECT erlang_result($_)") =~ s/\d{3,}/N/gr => 1 } @ids[0, 50, 99];
	is(scalar(keys %states), 1, '[erl-D7] all of them are lost') || diag(join "\n", keys %states);
	like((keys %states)[0], qr/\b(?:lost|restart|restarted|earlier)\b/i, '... and said to be: ' . (keys %states)[0]);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM erlang_pending'), 0, 'nothing is pending');
	is($node->safe_psql('postgres', 'SELECT ' . $erl->sql('call', "'erlang', 'node'")), '"kv@127.0.0.1"', 'and calls work');
	$last = $ids[-1];
}

$node->stop;
done_testing();
