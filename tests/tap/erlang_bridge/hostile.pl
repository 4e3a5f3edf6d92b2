# [erl-F9] A node that means harm: whatever it does costs its own calls one clean error, and no memory.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time);

my $node = bridge_node(conf => <<'END');
erlang_bridge.connect_timeout = '30s'
erlang_bridge.call_timeout = '1s'
erlang_bridge.breaker_failures = 0
erlang_bridge.backoff_base = '1ms'
erlang_bridge.backoff_cap = '1ms'
erlang_bridge.max_term_size = '16MB'
END
my $listing = `python3 $FindBin::Bin/../../harness/hostile_node.py --list`;
my @modes = map { /^(\w+)/ } split /\n/, $listing;

# What a call of echo(7) comes to, beside the value 7 itself.
my %expected = (
	echo => '7', drip => '7', unknown_op => '7', answer_twice => '7', answer_other_pid => '7', answer_by_other => '7',
	deep_100 => qr/^\[{100}/, big_answer => qr/^"x{999}$/, never_read => 'HYT00',
	refused => '08X05', close_after_accept => '08X11', close_after_name => '08X11', close_after_status => '08X11',
	close_after_challenge => '08X06', close_after_reply => '08X06', close_after_ack => qr/^(?:08X11|08006|08007)$/,
	other_name => '08X09', wrong_digest => '08X06', status_nok => '08X07', status_alive => '08X07', status_not_allowed => '08X08',
	no_status => 'HYT00', drip_handshake => qr/^(?:HYT00|08P01)$/,
	close_before_answer => '08007', close_half_way => '08007', drip_slowly => 'HYT00', never_answer => 'HYT00', begin_only => 'HYT00',
	tick_forever => 'HYT00', tick_flood => qr/^(?:HYT00|53400)$/, link_flood => qr/^(?:HYT00|53400)$/, stray_flood => 'HYT00',
	(map { ("length_$_" => '53400') } qw(2_31 2_31_minus 2_32_minus)),
	(map { ($_ => qr/^(?:08P01|53400|HYT00)$/) } qw(short_length overlapping_length)), trailing_bytes => qr/^(?:08P01|HYT00)$/,
	deep_million => qr/^(?:08P01|54001|53400|22023|54000)$/);
# All others violate the protocol.

# What one connection may take: output of two terms and a frame of input, of 16 MB each, and a tenth more.
my $bound = 1.1 * 3 * 16;

# A bystander that works: nothing that the others do may harm its calls.
my $good = ErlangNode->new('good');
add_node($node, $good);
$node->safe_psql('postgres', 'SELECT ' . $good->sql('connect'));
my $psql = session($node);
my $pid = backend_pid($psql);
my ($worker) = bridge_workers($node);
# A sanitizer keeps what was freed: then memory says nothing.
my $sanitized = PostgreSQL::Test::Utils::slurp_file("/proc/$worker/maps") =~ /libasan/;
sub used { return $sanitized ? 0 : memory_of($_[0]) }
my $ask_good = 'SELECT ' . $good->sql('call', "'erlang', 'node'", "'[]'", "'30 s'");
my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid'))[0];

sub outcome
{
	my ($sql) = @_;
	$psql->{stderr} = '';
	my ($value) = $psql->query($sql);
	my ($state) = $psql->{stderr} =~ /ERROR:  ([0-9A-Z]{5}):/;
	$psql->{stderr} = '';
	return $state // $value;
}

$psql->query('\set VERBOSITY verbose');
for my $mode (grep { !/^epmd_/ } @modes)
{
	my $hostile = hostile_node($mode);
	add_node($node, $hostile);
	my $expected = $expected{$mode} // '08P01';
	# What has an outcome of its own gets it, on a slow machine too.
	my $patience = 'HYT00' =~ (ref $expected ? $expected : qr/^$expected$/) ? 0.5 : 30;
	my $call = $hostile->sql('call', "'hostile', 'echo'", "'[7]'", "'$patience s'");
	my $ask = "SELECT left(($call)::text, 1000)"; # of a big answer, the log of the test has no more
	my $before = used($worker);
	my $start = time;
	my $got = outcome($ask);
	ref $expected ? like($got, $expected, "[erl-F9] $mode") : is($got, $expected, "[erl-F9] $mode");
	cmp_ok(time - $start, '<', $patience + 15, '... in time');
	is(outcome($ask_good), '"good@127.0.0.1"', '... and another node is not affected');
	outcome($ask);
	cmp_ok((used($worker) - $before) / 2**20, '<', $bound, '[erl-F9] ... nor is the memory of the worker');
	$node->safe_psql('postgres', "SELECT erlang_node_remove('$mode\@127.0.0.1')");
	$hostile->kill;
}
is(backend_pid($psql), $pid, '[erl-F9] the session is the one that began');
is(join(' ', bridge_workers($node)), $worker, '[erl-F9] so is the worker');
cmp_ok(used($pid) / 2**20, '<', 100, '[erl-F9] the session has not grown out of bounds');

# An answer beyond the limit is refused; one just below it is not.
$psql->query_safe(q(SET erlang_bridge.call_timeout = '30s'));
for my $case ([15_000_000, 15_000_002], [17_000_000, '53400'])
{
	my ($size, $expected) = @$case;
	my $hostile = hostile_node('big_answer', '--size', $size);
	add_node($node, $hostile);
	is(outcome('SELECT length(' . $hostile->sql('call', "'hostile', 'echo'", "'[7]'") . '::text)'), $expected, "[erl-B8] an answer of $size bytes");
	$node->safe_psql('postgres', "SELECT erlang_node_remove('big_answer\@127.0.0.1')");
	$hostile->kill;
}

$psql->query_safe('RESET erlang_bridge.call_timeout');

# A reader that never reads: what we send waits in a queue that has an end, and the call in time.
my $deaf = hostile_node('never_read');
add_node($node, $deaf);
my $before = used($worker);
my $send = 'SELECT ' . $deaf->sql('call', "'hostile', 'echo'", "jsonb_build_array(repeat('x', 10000000))");
my %states = map { outcome($send) => 1 } 1 .. 8;
is(join(' ', sort grep { !/^(?:HYT00|53400)$/ } keys %states), '', '[erl-F9] 80 MB to a node that does not read: ' . join(' ', sort keys %states));
cmp_ok((used($worker) - $before) / 2**20, '<', 160, '[erl-F9] ... do not pile up');
is(outcome($ask_good), '"good@127.0.0.1"', '... and another node is not affected');
$deaf->kill;

# epmd itself may be somebody else.
stop_epmd();
for my $mode (grep { /^epmd_/ } @modes)
{
	my $hostile = hostile_node($mode);
	add_node($node, $hostile);
	my ($expected, $patience) = $mode eq 'epmd_silent' ? ('HYT00', 0.5) : ('08X03', 30);
	is(outcome('SELECT ' . $hostile->sql('call', "'hostile', 'echo'", "'[7]'", "'$patience s'")), $expected, "[erl-F9] $mode");
	like(error_of($node, "SET erlang_bridge.connect_timeout = '1s'; SELECT count(*) FROM erlang_discover('127.0.0.1')"), qr/^(?:HYT00|08X03)/, '[erl-H4] ... when it is asked for names') if $mode ne 'epmd_closes';
	$hostile->kill;
}
is((split /\n/, PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid'))[0], $postmaster, '[erl-F9] the server lives');

$psql->quit;
$node->stop;
done_testing();
