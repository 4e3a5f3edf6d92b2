# What the TAP scripts of all modules share, on top of PostgreSQL::Test.
#
#   use PgCrew;
#   my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
#
# Scripts are started by run_tap.py, which scans every server log for crashes and leaks afterwards.
package PgCrew;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(new_node poll_until answer_of poll_sql psql_error session kill_backend run_in_background backend_pid
  wait_until_blocked memory_of median undisturbed allowed log_since processes_of);

my $timeout = $PostgreSQL::Test::Utils::timeout_default;

# allowed($time): how long something may take that has $time on a server as users have it. One with
# sanitizers is slower.
sub allowed
{
	my ($time) = @_;
	return $time * ($ENV{PGCREW_SLOW} // 1);
}

# new_node(%opt): a running server.
#   name        'main'
#   conf        text for postgresql.conf, after the settings of server.conf
#   extensions  extensions to create in the database postgres
#   init        further arguments of $node->init, { allows_streaming => 1 } say
#   start       0: leave the server down (nothing is created then)
#   path        folder of another installation, above its bin
sub new_node
{
	my (%opt) = @_;
	my $node = PostgreSQL::Test::Cluster->new($opt{name} // 'main', $opt{path} ? (install_path => $opt{path}) : ());
	$node->init(%{ $opt{init} // {} });
	$node->append_conf('postgresql.conf', $opt{conf}) if defined $opt{conf};
	return $node unless $opt{start} // 1;
	$node->start;
	$node->safe_psql('postgres', "CREATE EXTENSION $_ CASCADE")
	  for @{ $opt{extensions} // [] };
	return $node;
}

# poll_until($condition, $what, $seconds): call $condition until it is true, every 50 ms.
# A condition that never comes true is a failed test; returns whether it did.
sub poll_until
{
	my ($condition, $what, $seconds) = @_;
	my $deadline = time + allowed($seconds // $timeout);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	until ($condition->())
	{
		return fail("timed out waiting: $what") if time > $deadline;
		usleep(50_000);
	}
	return 1;
}

# answer_of($node, $query): what it gives, or undef if it fails or the server takes no sessions just
# now. A psql that is refused ends without reading its input, for which IPC::Run would die.
sub answer_of
{
	my ($node, $query) = @_;
	my ($status, $answer) = eval { $node->psql('postgres', $query) };
	return defined $status && $status == 0 ? $answer : undef;
}

# poll_sql($node, $query, $expected, $seconds): repeat $query until it gives $expected ('t').
sub poll_sql
{
	my ($node, $query, $expected, $seconds) = @_;
	$expected //= 't';
	my $got;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(
		sub {
			$got = answer_of($node, $query);
			return defined $got && $got eq $expected;
		},
		$query, $seconds)
	  || do { diag('last answer: ' . ($got // 'none')); 0 };
}

# psql_error($node, $sql): SQLSTATE and message of the first error that $sql raises; ('', '') if
# it raises none.
sub psql_error
{
	my ($node, $sql, %opt) = @_;
	my (undef, undef, $stderr) = $node->psql($opt{dbname} // 'postgres',
		$sql, on_error_stop => 1, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $stderr =~ /(?:ERROR|FATAL|PANIC):  ([0-9A-Z]{5}): (.*)/ ? ($1, $2) : ('', '');
}

# session($node): a psql that stays, with query(), query_until() and quit(); an error does not end it.
sub session
{
	my ($node, %opt) = @_;
	my $psql = $node->background_psql($opt{dbname} // 'postgres', on_error_stop => 0);
	$psql->set_query_timer_restart; # the time limit is one of each query
	return $psql;
}

# kill_backend($pid): SIGKILL, as the kernel does when memory is short. Returns when the postmaster has
# noticed, so that nobody connects to the server of before.
sub kill_backend
{
	my ($pid) = @_;
	my $killed = kill('KILL', $pid) == 1;
	return poll_until(sub { !-e "/proc/$pid" }, "process $pid has gone") && $killed;
}

# Sends a query and does not wait; all its output comes with the next query(). (query_until() would
# lose what a quick one has printed already.)
sub run_in_background
{
	my ($session, $query) = @_;
	$session->{stdin} .= "$query;\n";
	$session->{run}->pump_nb until $session->{stdin} eq '';
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

# undisturbed(@times): the second shortest of five or so. What else runs on the machine makes some of
# them longer; what is slow by itself is so each time.
sub undisturbed
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[1];
}

# log_since($node, $offset): the server log from there on.
sub log_since
{
	my ($node, $offset) = @_;
	return slurp_file($node->logfile, $offset);
}

# processes_of($node, qr/.../): PIDs of the server's processes with such a title; those without a database are in no view.
sub processes_of
{
	my ($node, $title) = @_;
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my @found;
	for my $process (glob('/proc/[0-9]*'))
	{
		my ($command, $stat) = map { _content("$process/$_") } qw(cmdline stat);
		push @found, $process =~ s/\D//gr if $command =~ $title && $stat =~ /^\d+ \(.*\) \S $postmaster /;
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

1;
