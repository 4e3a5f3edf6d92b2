# What the TAP scripts of bgjob share.
package Jobs;

use strict;
use warnings;
use Exporter 'import';
use PgCrew;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(launch run_in_background wait_until_blocked wait_until_idle backend_pid
  supervisors spool_files memory_of median log_since);

# launch($session, $arguments): "id, cookie" of a new job; $session is a node or a psql session.
sub launch
{
	my ($session, $arguments) = @_;
	my $query = "SELECT id || ', ' || cookie FROM bgjob.launch($arguments)";
	return $session->can('safe_psql')
	  ? $session->safe_psql('postgres', $query)
	  : $session->query_safe($query);
}

# Sends a query that is not expected to end soon; its output comes with the next query().
sub run_in_background
{
	my ($session, $query) = @_;
	$session->query_until(qr/sent/, "\\echo sent\n$query;\n");
	return;
}

sub backend_pid
{
	my ($session) = @_;
	return $session->query_safe('SELECT pg_backend_pid()');
}

# Until the backend sleeps in a wait of an extension, and not between two of them.
sub wait_until_blocked
{
	my ($node, $pid) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node,
		"SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
}

# PIDs of the supervisors, of which there should be one at most. Without a database they are in no view.
sub supervisors
{
	my ($node) = @_;
	my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my @found;
	for my $process (glob('/proc/[0-9]*'))
	{
		my ($title, $stat) = map { _content("$process/$_") } qw(cmdline stat);
		push @found, $process =~ s/\D//gr
		  if $title =~ /bgjob supervisor/ && $stat =~ /^\d+ \(.*\) \S $postmaster /;
	}
	return @found;
}

# Of a file that may vanish any moment.
sub _content
{
	my ($path) = @_;
	open(my $file, '<', $path) or return '';
	local $/;
	return <$file> // '';
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

# Private memory of a process in bytes.
sub memory_of
{
	my ($pid) = @_;
	open(my $status, '<', "/proc/$pid/status") or die "process $pid: $!";
	my ($kilobytes) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$status>;
	return $kilobytes * 1024;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ @sorted / 2 ];
}

# log_since($node, $offset): the server log from there on.
sub log_since
{
	my ($node, $offset) = @_;
	return PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset);
}

1;
