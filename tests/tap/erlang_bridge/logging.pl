# [erl-A7] Nothing is said that nobody asked for: no notices, and in the server log only that connections come and go.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node();
$erl->eval('kv:start()');
my $log = -s $node->logfile;
my $new_lines = sub {
	my @found = grep { !/ (?:checkpointer|autovacuum)/ } split /\n/, log_since($node, $log);
	$log = -s $node->logfile;
	return @found;
};

my $everything = join "\n", map { "SELECT $_;" }
  sprintf('erlang_node_add(%s, %s)', quoted($erl->name), quoted($erl->cookie)),
  $erl->sql('connect'),
  $erl->sql('call', "'erlang', 'node'"),
  'erlang_result(' . $erl->sql('call_async', "'erlang', 'node'") . ')',
  '(SELECT count(*) FROM ' . $erl->sql('call_many', q('[["erlang", "node", []]]')) . ')',
  $erl->sql('cast', "'erlang', 'node'"),
  $erl->sql('send', "'kv'", "'1'"),
  $erl->sql('gen_call', "'kv'", q('["keys"]')),
  $erl->sql('gen_cast', "'kv'", q('["delete", "x"]')),
  $erl->sql('health'),
  "(SELECT count(*) FROM erlang_discover('127.0.0.1'))",
  '(SELECT count(*) FROM ' . $erl->sql('peers') . ')',
  $erl->sql('disconnect');
my (undef, undef, $stderr) = $node->psql('postgres', "SET client_min_messages = notice;\n$everything", on_error_stop => 1);
is($stderr, '', '[erl-A7] no notice of any function');

my @said = $new_lines->();
is(scalar(@said), scalar(grep { /LOG:  / } @said), '[erl-A7] in the log there are messages of the level LOG alone');
is(scalar(grep { /\bkv\@127\.0\.0\.1\b/ } @said), scalar(@said), '... each about the node') || diag(join "\n", @said);
is(scalar(@said), 2, '... that the connection is up, and that it is closed') || diag(join "\n", @said);

# By a setting it is quiet, and by another one it tells all; never what is secret.
$node->append_conf('postgresql.conf', 'erlang_bridge.log_connections = off');
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.log_connections', 'off');
$new_lines->();
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('call', "'erlang', 'node'"));
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
$erl->poll('nodes(hidden)', '[]');
is(join("\n", grep { /kv\@/ } $new_lines->()), '', '[erl-A7] log_connections = off');

$node->append_conf('postgresql.conf', "erlang_bridge.trace = on\nlog_min_messages = debug5");
$node->reload;
poll_sql($node, 'SHOW erlang_bridge.trace', 'on');
$new_lines->();
$node->safe_psql('postgres', $everything =~ s/^.*\n//r);
my $traced = join "\n", $new_lines->();
like($traced, qr/DEBUG\d?:  .*kv\@127\.0\.0\.1/, '[erl-A7] trace = on tells more, at DEBUG');
unlike($traced, qr/\Q${\ $erl->cookie}\E/, '[erl-A7] the cookie is not in it');
unlike($traced, qr/erlang\.cookie|HOME/, '[erl-A7] nor is where one lies');

$node->stop;
done_testing();
