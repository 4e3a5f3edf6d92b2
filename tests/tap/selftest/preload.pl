# A module that cannot initialise while it is preloaded stops the start, with its message.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(start => 0, conf => "shared_preload_libraries = 'selftest'");

for (['exception', 'initialisation failed on purpose'], ['server error', 'division by zero'])
{
	my ($how, $message) = @$_;
	$node->append_conf('postgresql.conf', "selftest.fail_init = '$how'");
	is($node->start(fail_ok => 1), 0, "$how: no start");
	my $log = slurp_file($node->logfile);
	is(() = $log =~ /FATAL:  \Q$message\E/g, 1, "$how: FATAL with its message");
}
$node->append_conf('postgresql.conf', "selftest.fail_init = 'never'");
$node->start;
is($node->safe_psql('postgres', 'SHOW selftest.fail_init'), 'never', 'it starts without a cause');
$node->stop;

# loaded later, the same failure is an ERROR of the session alone
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->start;
for (['exception', 'XX000', 'initialisation failed on purpose'],
	['server error', '22012', 'division by zero'])
{
	my ($how, $state, $message) = @$_;
	is_deeply([ psql_error($node, "SET selftest.fail_init = '$how'; LOAD 'selftest'") ],
		[ $state, $message ], "$how: an error");
}
is($node->safe_psql('postgres', "LOAD 'selftest'; SELECT 1"), '1', 'the next session loads it');
$node->stop;
done_testing();
