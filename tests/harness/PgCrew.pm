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

our @EXPORT = qw(new_node poll_until poll_sql psql_error session kill_backend);

my $timeout = $PostgreSQL::Test::Utils::timeout_default;

# new_node(%opt): a running server.
#   name        'main'
#   conf        text for postgresql.conf, after the settings of server.conf
#   extensions  extensions to create in the database postgres
#   init        further arguments of $node->init, { allows_streaming => 1 } say
#   start       0: leave the server down (nothing is created then)
sub new_node
{
	my (%opt) = @_;
	my $node = PostgreSQL::Test::Cluster->new($opt{name} // 'main');
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
	my $deadline = time + ($seconds // $timeout);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	until ($condition->())
	{
		return fail("timed out waiting: $what") if time > $deadline;
		usleep(50_000);
	}
	return 1;
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
			(undef, $got) = $node->psql('postgres', $query);
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
	return $node->background_psql($opt{dbname} // 'postgres', on_error_stop => 0);
}

# kill_backend($pid): SIGKILL, as the kernel does when memory is short.
sub kill_backend
{
	my ($pid) = @_;
	return kill('KILL', $pid) == 1;
}

1;
