# log_server_error writes what a backend would, once, to the log alone; errors that reach the
# client name their place.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(extensions => ['selftest'], conf => "log_error_verbosity = verbose");

# What the log gained by running $sql, and what psql said.
sub run
{
	my ($sql) = @_;
	my $before = -s $node->logfile;
	my (undef, $stdout, $stderr) = $node->psql('postgres', $sql);
	return (substr(slurp_file($node->logfile), $before), $stderr);
}

my ($log, $stderr) = run("SELECT selftest.log('full', 1)");
is($stderr, '', 'the client learns nothing');
like($log, qr/ERROR:  23514: full error/, 'message with code');
like($log, qr/DETAIL:  Its detail for the log\./, 'the detail that is for the log');
like($log, qr/HINT:  Its hint\./, 'hint');
like($log, qr/QUERY:  select internal/, 'internal query');
like($log, qr/CONTEXT:  its context$/m, 'context, and no more than that');
like($log, qr/LOCATION:  raise_full_error, errors\.cpp:\d+/, 'the place it came from');
like($log, qr/STATEMENT:  SELECT selftest\.log\('full', 1\)/, 'the statement of the session');
is(() = $log =~ /ERROR:/g, 1, 'once');

($log) = run("SELECT selftest.log('error', 1)");
like($log, qr/ERROR:  22023: our error.*DETAIL:  Our detail.*HINT:  Our hint.*LOCATION:  fail, errors\.cpp:\d+/s,
	'an error of our own');

($log) = run("SET log_min_messages = fatal; SELECT selftest.log('full', 1)");
is($log, '', 'log_min_messages is obeyed');

# nothing grows
my ($before, $after) = split /\n/, $node->safe_psql('postgres', q{
	SET log_min_messages = fatal;
	DO 'BEGIN PERFORM selftest.log(''full'', 2000); END';
	SELECT selftest.malloc_in_use();
	DO 'BEGIN PERFORM selftest.log(''full'', 20000); END';
	SELECT selftest.malloc_in_use();});
cmp_ok($after - $before, '<', 65536, 'no memory is left behind');

# errors on their way to the client keep their place
my $verbose = { extra_params => [ '-v', 'VERBOSITY=verbose' ] };
for (['division', '22012: division by zero', 'int4div, int\.c'],
	['error', '22023: our error', 'fail, errors\.cpp'])
{
	my ($kind, $message, $place) = @$_;
	(undef, undef, $stderr) =
	  $node->psql('postgres', "SELECT selftest.fail('$kind')", %$verbose);
	like($stderr, qr/ERROR:  $message.*LOCATION:  $place:\d+/s, "$kind: code and place");
}
(undef, undef, $stderr) =
  $node->psql('postgres', "SELECT selftest.fail('int')", %$verbose);
like($stderr, qr/ERROR:  XX000: unrecognized C\+\+ exception/, 'a foreign exception');
unlike($stderr, qr/LOCATION/, 'does not tell where it was thrown');

$node->stop;
done_testing();
