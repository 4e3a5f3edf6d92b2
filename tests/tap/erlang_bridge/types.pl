# [erl-B1] Every kind of term comes back as it went, compared on the node with =:=, and looks as the documentation says.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node();
add_node($node, $erl);
my $psql = session($node);

# The term, as JSON in natural form, and in exact form where that is another one.
my @terms = (
	['true', 'true'], ['false', 'false'], ['null', 'null'],
	['undefined', 'null', '{"$atom": "undefined"}'], ['nil', 'null', '{"$atom": "nil"}'],
	['ok', '"ok"', '{"$atom": "ok"}'], ["'two words'", '"two words"', '{"$atom": "two words"}'],
	["''", '""', '{"$atom": ""}'], ["'\x{e5}\x{4e2d}'", "\"\x{e5}\x{4e2d}\"", "{\"\$atom\": \"\x{e5}\x{4e2d}\"}"],
	['0', '0'], ['255', '255'], ['256', '256'], ['-1', '-1'],
	(map { [$_, $_] } qw(2147483647 -2147483648 2147483648 9223372036854775807 -9223372036854775808 9223372036854775808
	  18446744073709551615 18446744073709551616 -18446744073709551616)),
	['1 bsl 4096', undef], ['-(1 bsl 4096)', undef], ['1 bsl 400000', undef],
	['1.0', '1.0'], ['0.1', '0.1'], ['1.0e308', undef], ['5.0e-324', undef], ['-1.5', '-1.5'], ['0.0', '0.0'],
	['-0.0', '0.0', '{"$float": "-0.0"}'],
	['<<>>', '""'], ["<<\"\x{e5}\x{4e2d}\x{1f600}\"/utf8>>", "\"\x{e5}\x{4e2d}\x{1f600}\""], ['<<"a\"b\\\\c\n">>', '"a\"b\\\\c\n"'],
	['<<0>>', '{"$bin": "AA=="}'], ['<<255,254>>', '{"$bin": "//4="}'], ['<<5:3>>', '{"$bits": ["oA==", 3]}'],
	['[]', '[]'], ['[1, 2, 3]', '[1, 2, 3]'], ['"abc"', '[97, 98, 99]'], ['[256, 257]', '[256, 257]'], ['[[], [[]]]', '[[], [[]]]'],
	['lists:seq(1, 70000)', undef], ['lists:duplicate(70000, 7)', undef],
	['[a|b]', '{"$cons": [["a"], "b"]}', '{"$cons": [[{"$atom": "a"}], {"$atom": "b"}]}'],
	['[1, 2|<<"x">>]', '{"$cons": [[1, 2], "x"]}'],
	['{}', '[]', '{"$tuple": []}'], ['{a, 1}', '["a", 1]', '{"$tuple": [{"$atom": "a"}, 1]}'],
	['list_to_tuple(lists:seq(1, 300))', undef],
	['#{}', '{}'], ['#{<<"a">> => 1}', '{"a": 1}'], ['#{a => 1}', '{"a": 1}', '{"$map": [[{"$atom": "a"}, 1]]}'],
	['#{1 => a}', '{"$map": [[1, "a"]]}', '{"$map": [[1, {"$atom": "a"}]]}'],
	['#{a => 1, <<"a">> => 2}', undef], ['#{{1} => b}', '{"$map": [[[1], "b"]]}', '{"$map": [[{"$tuple": [1]}, {"$atom": "b"}]]}'],
	['#{<<"$atom">> => <<"x">>}', '{"$map": [["$atom", "x"]]}'], ['#{<<255>> => 1}', '{"$map": [[{"$bin": "/w=="}, 1]]}'],
	['maps:from_list([{integer_to_binary(N), N} || N <- lists:seq(1, 1000)])', undef],
	['self()', qr/^\{("show": "<[^"]+>"|"\$pid": "[A-Za-z0-9+\/]+=*"|, )+\}$/], ['hd(erlang:ports())', qr/"\$port": "/],
	['make_ref()', qr/"\$ref": "/], ['erlang:alias()', qr/"\$ref": "/],
	['fun erlang:node/0', '{"$fun": "erlang:node/0"}'], ['fun lists:map/2', '{"$fun": "lists:map/2"}'],
	['test_node:a_fun()', qr/^\{"\$fun": "[A-Za-z0-9+\/]+=*"\}$/],
	['lists:foldl(fun(_, Acc) -> [Acc] end, [], lists:seq(1, 900))', undef]);

my $call = sub {
	my ($function, $arguments, $form) = @_;
	return $erl->sql('call', "'test_node', '$function'", $arguments, "options => '{\"form\": \"$form\"}'");
};
for my $n (0 .. $#terms)
{
	my ($term, $natural, $exact) = @{ $terms[$n] };
	utf8::encode($_) for grep { defined && !ref } $term, $natural, $exact;
	$exact //= $natural;
	$erl->eval("test_node:hold($n, $term)");
	for my $form (['natural', $natural], ['exact', $exact])
	{
		my ($name, $expected) = @$form;
		next unless defined $expected;
		my $got = $psql->query_safe('SELECT ' . $call->('held', "'[$n]'", $name));
		ref $expected ? like($got, $expected, "$name: $term") : is($got, $expected, "[erl-B1] $name: $term");
	}
	my $same = $call->('same', "jsonb_build_array($n, " . $call->('held', "'[$n]'", 'exact') . ')', 'exact');
	is($psql->query_safe("SELECT $same"), 'true', "[erl-B1] it comes back the same: $term");
}

# Nothing becomes an atom that was not written as one.
my $atoms = 'erlang:system_info(atom_count)';
my $before = $erl->eval($atoms);
my $echo = $erl->sql('call', "'test_node', 'echo'", 'jsonb_build_array(jsonb_build_object(md5(i::text), md5(i::text)))');
$psql->query_safe("SELECT count($echo) FROM generate_series(1, 1000) i");
cmp_ok($erl->eval($atoms) - $before, '<', 50, '[erl-F9] keys and texts make no atoms at the node');

my $digits = $psql->query_safe("SELECT md5(string_agg(i::text, '')) FROM generate_series(1, 20000) i");
is($psql->query_safe('SELECT md5((' . $erl->sql('call', "'test_node', 'echo'",
		"(SELECT jsonb_build_array(string_agg(i::text, '')::numeric) FROM generate_series(1, 20000) i)") . ')::text)'),
	$digits, '[erl-B3] an integer of 88,894 digits comes back');

$psql->quit;
$node->stop;
done_testing();
