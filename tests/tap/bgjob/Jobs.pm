# What the TAP scripts of bgjob share.
package Jobs;

use strict;
use warnings;
use Exporter 'import';
use PgCrew;
use Test::More;

our @EXPORT = qw(launch wait_until_idle supervisors spool_files);

# launch($session, $arguments): "id, cookie" of a new job; $session is a node or a psql session.
sub launch
{
	my ($session, $arguments) = @_;
	my $query = "SELECT id || ', ' || cookie FROM bgjob.launch($arguments)";
	return $session->can('safe_psql')
	  ? $session->safe_psql('postgres', $query)
	  : $session->query_safe($query);
}

# PIDs of the supervisors, of which there should be one at most.
sub supervisors
{
	my ($node) = @_;
	return processes_of($node, qr/bgjob supervisor/);
}

# Until every job has ended and every worker is idle or has left.
sub wait_until_idle
{
	my ($node) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node,
		"SELECT queued + running = 0 AND NOT EXISTS (SELECT FROM bgjob.activity WHERE state <> 'idle') FROM bgjob.stats"
	);
}

# Files of jobs' rows that lie in the data directory.
sub spool_files
{
	my ($node) = @_;
	return grep { -f } glob($node->data_dir . '/base/pgsql_tmp/*/*');
}

1;
