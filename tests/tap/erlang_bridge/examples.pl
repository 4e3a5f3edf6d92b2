# [erl-I2] The examples of the documentation, as their comments tell to use them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);

my $examples = abs_path("$FindBin::Bin/../../../docs/examples");
my $node = bridge_node();

# The statements in the comment of an example, and what they give.
sub statements_of
{
	my ($file) = @_;
	return map { /^(?:%%|#)\s+(SELECT .*;)$/ ? $1 : () } split /\n/, PostgreSQL::Test::Utils::slurp_file($file);
}

sub check
{
	my ($erl, $file, $module) = @_;
	add_node($node, $erl);
	my @statements = statements_of($file);
	is(scalar(@statements), 3, basename($file) . " tells of three statements");
	is($node->safe_psql('postgres', $statements[0]), '"ok"', '... put');
	is($node->safe_psql('postgres', $statements[1]), '{"is": "red"}', '... get');
	$node->safe_psql('postgres', $statements[2]);
	poll_sql($node, $statements[1] =~ s/^SELECT (.*);$/SELECT $1 = 'null'/r);
	is($node->safe_psql('postgres', 'SELECT ' . $erl->sql('call', "'$module', 'keys'")), '[]', '... and delete');
	$node->safe_psql('postgres', "SELECT erlang_node_remove('kv\@127.0.0.1')");
	return;
}

my $erl = ErlangNode->new('kv');
$erl->eval('kv:start()');
check($erl, "$examples/erlang/kv.erl", 'kv');
$erl->kill;

my ($program) = grep { -x } map { "$_/elixir" } split /:/, $ENV{PATH};
SKIP:
{
	skip 'Elixir is not installed', 4 unless defined $program;
	my $libraries = dirname(abs_path($program)) . '/../lib';
	my $elixir = ErlangNode->new('kv', options => ['-elixir_root', $libraries, '-pa', glob("$libraries/*/ebin")]);
	$elixir->eval("{ok, _} = application:ensure_all_started(elixir), 'Elixir.Code':require_file(<<\"$examples/elixir/kv.exs\">>)");
	check($elixir, "$examples/elixir/kv.exs", 'Elixir.KV');
}

$node->stop;
done_testing();
