# [erl-H1] gen_servers: named, global, by another registry and by pid; those that are not there, and those that crash.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Time::HiRes qw(time);

my $erl = ErlangNode->new('kv');
my $node = bridge_node();
add_node($node, $erl);
my $psql = session($node);
my $value = sub { $psql->query_safe('SELECT ' . join ', ', @_) };
my $error = sub { error_of($node, "SELECT $_[0]") };
$erl->eval('{ok, P} = kv:start(), yes = global:register_name(world, P)');

is($value->($erl->sql('gen_call', "'kv'", q('["put", "colour", {"is": "red"}]'))), '"ok"', '[erl-H1] a call by name');
my $get = q('["get", "colour"]');
is($value->($erl->sql('gen_call', "'global:world'", $get)), '{"is": "red"}', '[erl-H1] by a global name');
is($value->($erl->sql('gen_call', "'via:global:world'", $get)), '{"is": "red"}', '[erl-H1] by another registry');
like($error->($erl->sql('gen_call', $erl->sql('call', "'erlang', 'whereis'", q('[{"$atom": "kv"}]')) . '::text', $get)), qr/^42501: /,
	'[erl-F6] any process, only if it was granted by its name');
$psql->query_safe("SELECT erlang_grant('postgres', 'kv\@127.0.0.1', '!pid')");
my $pid = $erl->sql('call', "'erlang', 'whereis'", q('[{"$atom": "kv"}]'));
is($value->($erl->sql('gen_call', "$pid\::text", $get)), '{"is": "red"}', '[erl-H1] by pid');
is($value->($erl->sql('gen_call', "'kv'", $get, "'30 s'", q('{"form": "exact"}'))), '{"is": "red"}', 'with a timeout and options');

$value->($erl->sql('gen_cast', "'kv'", q('["delete", "colour"]')));
$erl->poll('kv:get(<<"colour">>)', 'null');
pass('[erl-H1] a cast');
$value->($erl->sql('gen_cast', "'global:world'", q('["delete", "x"]')), $erl->sql('gen_cast', "$pid\::text", q('["delete", "y"]')));
is($value->($erl->sql('gen_call', "'kv'", q('["keys"]'))), '[]', '... by other names, too');

for my $server ('nobody', 'global:nobody', 'via:global:nobody')
{
	my @took;
	for (1 .. 5)
	{
		my $start = time;
		$psql->query('SELECT ' . $erl->sql('gen_call', "'$server'", "'1'"));
		push @took, time - $start;
	}
	like($psql->{stderr}, qr/ERROR/, "$server is not there");
	$psql->{stderr} = '';
	cmp_ok(undisturbed(@took), '<', 4, '[erl-H1] ... which is known at once');
	like($error->($erl->sql('gen_call', "'$server'", "'1'")), qr/^38X02: .*\nDETAIL: .*\bnoproc\b/s, '[erl-H1] ... as noproc');
}
for my $server ('', 'global:', 'via:x', 'via::x', '{"$pid": "AAAA"}', '{"a": 1}')
{
	like($error->($erl->sql('gen_call', quoted($server), "'1'")), qr/^22023: /, "[erl-H1] '$server' is no server");
}

like($error->($erl->sql('gen_call', "'kv'", q('["nonsense"]'))), qr/^38X02: .*\nDETAIL: .*\bfunction_clause\b/s, '[erl-H1] a crash gives its reason');
is($erl->eval('whereis(kv)'), 'undefined', 'the server has crashed');
$erl->eval("register(deaf, spawn(fun() -> receive never -> ok end end))");
like($error->($erl->sql('gen_call', "'deaf'", "'1'", "'200 ms'")), qr/^HYT00: /, '[erl-H1] a server that does not answer');

$psql->quit;
$node->stop;
done_testing();
