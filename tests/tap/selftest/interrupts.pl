# Cancel and terminate reach C++ wherever it is; the server outlives both.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

my $node = new_node(extensions => ['selftest']);

# A session that works in the given place until it is told to stop; returns it and its pid.
sub working_session
{
	my ($where) = @_;
	my $session = session($node);
	my $pid = $session->query('SELECT pg_backend_pid()');
	$session->query('SELECT selftest.note_exit()');
	$session->query_until(qr/working/, "\\echo working\nSELECT selftest.work('$where');\n");
	poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid AND state = 'active'"
		  . " AND query LIKE '%work%'", '1');
	return ($session, $pid);
}

for my $where ('loop', 'latch', 'query')
{
	my ($session, $pid) = working_session($where);
	my $start = time;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	is($session->query('SELECT alive, holdoff, tainted FROM selftest.state()'),
		'0|0|f', "$where: canceled, nothing left");
	cmp_ok(time - $start, '<', 5, "$where: at once");
	like($session->{stderr}, qr/ERROR:  canceling statement due to user request/,
		"$where: the session saw it");
	$session->quit;
}

for my $where ('loop', 'latch', 'query')
{
	my ($session, $pid) = working_session($where);
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", '0');
	pass("$where: terminated");
	eval { $session->quit };
}
my ($code, undef, $stderr) = $node->psql('postgres',
	'SELECT selftest.note_exit(); SELECT selftest.fatal()');
is($code, 2, 'FATAL ends the session');
like($stderr, qr/FATAL:  fatal on purpose/, 'with its message');

# FATAL unwinds nothing: only exit callbacks run, and they see what lives
# and after an orderly end nothing lives; a session ends after its client
my $orderly = qr/exit callback, code 0, alive 0/;
poll_until(sub { (() = slurp_file($node->logfile) =~ /$orderly/g) >= 3 }, 'sessions have ended in order');
my $log = slurp_file($node->logfile);
is(() = $log =~ /exit callback, code 1, alive 1/g, 4, 'exit callbacks ran, destructors did not');
is(() = $log =~ /$orderly/g, 3, 'and after an orderly end nothing lives');

$node->stop;
done_testing();
