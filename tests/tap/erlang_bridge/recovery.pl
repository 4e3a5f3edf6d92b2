# After a failure: connecting again, calls that are made again, the circuit breaker, and answers in place of errors.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time);

my $erl = ErlangNode->new('kv');
my $other = ErlangNode->new('other');
my $node = bridge_node(conf => <<'END');
erlang_bridge.backoff_base = '50ms'
erlang_bridge.backoff_cap = '300ms'
erlang_bridge.breaker_failures = 0
erlang_bridge.connect_timeout = '30s'
END
add_node($node, $_) for $erl, $other;
my $value = sub { $node->safe_psql('postgres', 'SELECT ' . join ', ', @_) };
my $psql = session($node);
my $call = $erl->sql('call', "'erlang', 'node'");
my $state = "SELECT state FROM erlang_nodes WHERE node = 'kv\@127.0.0.1'";

# ---- connecting again ------------------------------------------------------------------------------
$value->($call);
poll_sql($node, $state, 'up');
$erl->kill;
poll_sql($node, $state =~ s/state/state <> 'up'/r);
error_of($node, "SELECT $call") for 1 .. 3;
my $log = -s $node->logfile;
$erl->start;
my $start = time;
poll_until(sub { error_of($node, "SELECT $call") eq '' }, 'it is up again');
cmp_ok(time - $start, '<', 30, '[erl-E1] a node that is back is connected again');
poll_sql($node, $state =~ s/state/connects > 1/r);
pass('[erl-G1] which is counted');

# ---- calling again ---------------------------------------------------------------------------------
my $sleep = sub {
	my ($options) = @_;
	return "\\set VERBOSITY verbose\nSELECT " . $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), "'1 min'", "options => '$options'");
};
for my $case (['{}', 0], ['{"idempotent": true}', 1])
{
	my ($options, $again) = @$case;
	$erl->poll('test_node:sleepers()', 0);
	run_in_background($psql, $sleep->($options));
	$erl->poll('test_node:sleepers()', 1);
	my $sleeping = $erl->eval('test_node:sleeping()');
	$erl->eval('erlang:disconnect_node(hd(nodes(hidden)))');
	if ($again)
	{
		poll_until(sub { $erl->eval('test_node:sleeping()') !~ /^(?:\[\]|\Q$sleeping\E)$/ }, 'another process of the call');
		$erl->eval('test_node:wake()');
	}
	my $got = $psql->query('SELECT 1');
	$again
	  ? like($got, qr/^"slept"$/m, '[erl-E2] a call that is idempotent is made again')
	  : like($psql->{stderr}, qr/ERROR:  08007: /, '[erl-E2] a call whose connection breaks has an unknown outcome');
	$psql->{stderr} = '';
}

# ---- something else instead ------------------------------------------------------------------------
my $crash = sub { $erl->sql('call', "'test_node', 'crash'", q('["throw"]'), "options => '$_[0]'") };
is($value->($crash->('{"on_error": "null"}') . ' IS NULL'), 't', '[erl-E4] NULL instead of an error');
is($value->($crash->('{"on_error": {"default": {"a": 1}}}')), '{"a": 1}', '[erl-E4] or a value');
like(error_of($node, 'SELECT ' . $crash->('{}')), qr/^38X01: /, '... only if it is asked for');

# ---- a node that hangs does not hinder another -----------------------------------------------------
my @waiting = map { session($node) } 1 .. 10;
$erl->signal('STOP');
run_in_background($_, "SELECT $call") for @waiting;
my $slowest = $node->safe_psql('postgres', <<"END");
CREATE FUNCTION slowest(n int) RETURNS float8 LANGUAGE plpgsql AS \$\$
DECLARE
	start timestamptz;
	longest interval := '0';
BEGIN
	FOR i IN 1..n LOOP
		start := clock_timestamp();
		PERFORM @{[$other->sql('call', "'erlang', 'node'")]};
		longest := greatest(longest, clock_timestamp() - start);
	END LOOP;
	RETURN extract(epoch FROM longest);
END \$\$;
SELECT slowest(1000)
END
cmp_ok($slowest, '<', 4, '[erl-E4] no call to another node is delayed by one that hangs');
$erl->signal('CONT');
$_->query('SELECT 1') for @waiting;
$_->quit for @waiting;

# ---- the circuit breaker ---------------------------------------------------------------------------
$node->append_conf('postgresql.conf', <<'END');
erlang_bridge.breaker_failures = 3
erlang_bridge.breaker_window = '30s'
erlang_bridge.breaker_pause = '8s'
erlang_bridge.backoff_base = '1ms'
erlang_bridge.backoff_cap = '1ms'
END
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.breaker_failures', 3);
$erl->kill;
my @states;
poll_until(sub { push @states, error_of($node, "SELECT $call") =~ s/:.*//sr; $states[-1] eq '08X10' }, 'the circuit opens');
cmp_ok(scalar(grep { $_ eq '08X04' } @states), '>=', 3, "[erl-E3] after as many failures as it takes: @states");
my $open = time;
is($node->safe_psql('postgres', $state =~ s/state/breaker/r), 'open', '[erl-E3] that it is open can be seen');
$node->safe_psql('postgres', <<"END");
CREATE FUNCTION refusals(n int) RETURNS float8 LANGUAGE plpgsql AS \$\$
DECLARE
	start timestamptz;
	took float8[] := '{}';
BEGIN
	FOR i IN 1..n LOOP
		start := clock_timestamp();
		BEGIN
			PERFORM $call;
			RAISE EXCEPTION 'not refused';
		EXCEPTION WHEN SQLSTATE '08X10' THEN
			took := took || (1000 * extract(epoch FROM clock_timestamp() - start))::float8;
		END;
	END LOOP;
	RETURN (SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY t) FROM unnest(took) t);
END \$\$
END
cmp_ok($value->('refusals(100)'), '<', 100, '[erl-E3] an open circuit refuses at once');
poll_until(sub { error_of($node, "SELECT $call") =~ /^08X04/ }, '[erl-E3] after the pause one attempt is let through');
cmp_ok(time - $open, '>', 1, '... not before');
like(error_of($node, "SELECT $call"), qr/^08X10/, '[erl-E3] which fails, and the circuit is open again');
$erl->start;
poll_until(sub { error_of($node, "SELECT $call") eq '' }, '[erl-E3] an attempt that succeeds closes it');
is(join('', map { error_of($node, "SELECT $call") } 1 .. 20), '', '[erl-E3] for good');
is($node->safe_psql('postgres', $state =~ s/state/breaker/r), 'closed', '[erl-E3] which can be seen, too');

$psql->quit;
$node->stop;
done_testing();
