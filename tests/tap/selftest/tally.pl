# The example extension does what it is an example of, and stands in docs/new_extension.md as it is.
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::Bin/../../..";

# ---- the document ----------------------------------------------------------------------------------
my %shown = slurp_file("$root/docs/new_extension.md") =~ /^\[(tests\/tally\/\S+)\]\(\S+\):\n\n```\w+\n(.*?)^```$/msg;
is($shown{$_}, slurp_file("$root/$_"), "$_ as the document shows it") for sort keys %shown;
my @files = map { s/^\Q$root\E\///r } grep { -f } map { glob("$root/tests/tally/$_") } '*', '*/*';
is(join(' ', sort keys %shown), join(' ', sort @files), 'it shows all files');

# ---- the extension ---------------------------------------------------------------------------------
my $node = new_node(extensions => ['tally']);
for my $word ('a', 'b', 'a')
{
	$node->safe_psql('postgres', "SELECT tally.add('$word')"); # in a session of its own
}
is($node->safe_psql('postgres', 'SELECT * FROM tally.counts() ORDER BY 1'), "a|2\nb|1", 'sessions count together');
is((psql_error($node, 'SELECT tally.add(NULL)'))[0], '22004', 'NULL is an error');
is((psql_error($node, "SELECT tally.add(repeat('x', 32))"))[0], '22023', 'so is a word that is too long');
is((psql_error($node, "SELECT tally.add('')"))[0], '22023', '... or empty');
is($node->safe_psql('postgres', "SELECT tally.add(repeat('x', 31))"), 1, 'the longest word');
$node->safe_psql('postgres', 'CREATE ROLE anybody LOGIN');
is((psql_error($node, "SET SESSION AUTHORIZATION anybody; SELECT tally.add('a')"))[0], '42501', 'PUBLIC may do nothing');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'tally'\ntally.max_words = 1");
$node->restart;
is($node->safe_psql('postgres', 'SELECT count(*) FROM tally.counts()'), 0, 'a restart begins anew');
is($node->safe_psql('postgres', "SELECT tally.add('a')"), 1, 'a first word, preloaded');
is((psql_error($node, "SELECT tally.add('b')"))[0], '53400', 'one word too many');
is($node->safe_psql('postgres', "SELECT tally.add('a')"), 2, '... leaves the lock free');

$node->stop;
done_testing();
