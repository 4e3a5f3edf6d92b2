# Connecting, calling and disconnecting: what each answers, and what it leaves at the node.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => "erlang_bridge.allowed_nodes = 'free\@127.0.0.1'");
my $ask = sub { $node->safe_psql('postgres', 'SELECT ' . join(', ', @_)) };
my $error = sub { error_of($node, "SELECT $_[0]") };

like($error->($erl->sql('call', "'erlang', 'node'")), qr/^08001: .*\nHINT: /s, '[erl-A4] a node that nobody told of is unknown, with a hint');
is($erl->eval('nodes(hidden)'), '[]', '... and not connected to');
add_node($node, $erl);

# Nothing is sent for what is no call.
for my $arguments ('{}', '"x"', '1', 'null', 'true')
{
	like($error->($erl->sql('call', "'erlang', 'node'", "'$arguments'")), qr/^22023: /, "[erl-A2] $arguments are no arguments");
}
is($erl->eval('nodes(hidden)'), '[]', '[erl-A2] ... and nothing was sent');

# ---- calls -----------------------------------------------------------------------------------------
is($ask->($erl->sql('call', "'erlang', 'node'")), '"kv@127.0.0.1"', '[erl-A4] [erl-A2] a call connects by itself');
is($erl->eval('length(nodes(hidden))'), 1, '... once');
is($ask->($erl->sql('call', "'lists', 'seq'", "'[1, 5]'")), '[1, 2, 3, 4, 5]', '[erl-A2] arguments');
like($ask->($erl->sql('call', "'erlang', 'self'")), qr/^\{"show": "<[^"]+>", "\$pid": "[^"]+"\}$|^\{"\$pid": "[^"]+", "show": "<[^"]+>"\}$/, '[erl-A2] self');
for my $json ('null', 'true', 'false', '0', '-17', '12345678901234567890123', '1.5', '1e-7', '""', '"text"', '"\u00e9\u4e2d\ud83d\ude00"',
	'[]', '[1, [2, []]]', '[1, 2, 3]', '{}', '{"a": 1, "b": {"c": [null]}}', '{"$a": 1}', '{"$atom": "ok", "x": 1}', '"$atom"')
{
	is($ask->($erl->sql('call', "'test_node', 'echo'", "jsonb_build_array('$json'::jsonb)") . " = '$json'::jsonb"), 't', "[erl-A2] echo of $json");
}
is($ask->($erl->sql('call', "'test_node', 'echo'", q('[{"$$atom": "x"}]')) . '::text'), '{"$map": [["$atom", "x"]]}', '[erl-A2] an object that looks like a tag');
is($ask->($erl->sql('call', "'erlang', 'list_to_tuple'", "'[[1, 2]]'", q(options => '{"form": "exact"}'))), '{"$tuple": [1, 2]}', '[erl-A2] options');
like($error->($erl->sql('call', "'erlang', 'node'", q(options => '{"nonsense": 1}'))), qr/^22023: /, '[erl-A2] an option that there is not');
is($ask->($erl->sql('call', "'test_node', 'chatty'", q('["hello"]'))), '"ok"', 'a call that prints does not hang');
poll_until(sub { $erl->log =~ /^hello$/m }, '... and prints there');

# ---- timeouts --------------------------------------------------------------------------------------
my $forever = $erl->sql('call', "'test_node', 'sleep'", q('["forever"]'), '%s');
like($error->(sprintf $forever, "'100 ms'"), qr/^HYT00: /, '[erl-A2] a call has a timeout');
$erl->poll('test_node:sleepers()', 0);
pass('[erl-A6] the process of a late call is gone soon');
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION seconds_until(state text, call text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE start timestamptz := clock_timestamp();
BEGIN
	EXECUTE 'SELECT ' || call;
	RAISE EXCEPTION 'no error';
EXCEPTION WHEN OTHERS THEN
	IF SQLSTATE <> state THEN RAISE; END IF;
	RETURN extract(epoch FROM clock_timestamp() - start);
END $$;
END
my $took = sub {
	my ($setting, $timeout) = @_;
	my $call = quoted(sprintf $forever, $timeout);
	return $node->safe_psql('postgres', "SET $setting; SELECT seconds_until('HYT00', $call)");
};
my $default = $took->('erlang_bridge.trace = off', 'NULL');
ok($default >= 4.9 && $default < 20, "[erl-A6] the timeout by default is 5 s: $default");
my $capped = $took->("erlang_bridge.max_timeout = '300ms'", "'1 h'");
ok($capped >= 0.29 && $capped < 20, "[erl-A6] max_timeout caps what callers ask for: $capped");
my $set = $took->("erlang_bridge.call_timeout = '200ms'", 'NULL');
ok($set >= 0.19 && $set < 4.9, "call_timeout is for calls that name none: $set");

# ---- connections -----------------------------------------------------------------------------------
is($ask->($erl->sql('connect')), 't', '[erl-A1] connecting again is true');
is($ask->($erl->sql('connect', quoted($erl->cookie))), 't', '[erl-A1] ... with the cookie, too');
is($erl->eval('length(nodes(hidden))'), 1, '[erl-A1] ... and opens no second connection');
is($ask->($erl->sql('disconnect')), 't', '[erl-A3] disconnecting is true');
is($ask->($erl->sql('disconnect')), 'f', '[erl-A3] and then false');
$erl->poll('nodes(hidden)', '[]');
is($ask->($erl->sql('connect')), 't', '[erl-A1] connecting without a call');
is($erl->eval('length(nodes(hidden))'), 1, '[erl-A1] ... connects');

my $psql = session($node);
$erl->poll('test_node:sleepers()', 0); # or a late call from above would be taken for this one
run_in_background($psql, 'SELECT ' . sprintf($forever, "'1 min'"));
$erl->poll('test_node:sleepers()', 1);
my $start = time;
is($ask->($erl->sql('disconnect')), 't', 'disconnecting during a call');
$psql->query('SELECT 1');
cmp_ok(time - $start, '<', 30, '[erl-A3] ends it at once');
$psql->{stderr} = '';
$erl->poll('test_node:sleepers()', 0);
run_in_background($psql, "\\set VERBOSITY verbose\nSELECT " . sprintf($forever, "'1 min'"));
$erl->poll('test_node:sleepers()', 1);
$ask->($erl->sql('disconnect'));
$psql->query('SELECT 1');
like($psql->{stderr}, qr/ERROR:  08006: /, '[erl-A3] as 08006');
$erl->poll('test_node:sleepers()', 0);
$psql->{stderr} = '';
$psql->quit;

# A node that the setting allows needs no row: the two-argument form tells its cookie.
my $free = ErlangNode->new('free', cookie => 'another');
is($ask->($free->sql('connect', quoted('another'))), 't', '[erl-A1] connecting with a cookie');
is($ask->($free->sql('call', "'erlang', 'node'")), '"free@127.0.0.1"', '... is enough to call');
like($error->("erlang_connect('other\@127.0.0.1', 'cookie')"), qr/^(?:08001|42501): /, '[erl-F5] but not to a node that is not allowed');

$node->stop;
done_testing();
