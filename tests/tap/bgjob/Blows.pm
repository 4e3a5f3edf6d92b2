# Ways to hit a server that works on durable jobs.
package Blows;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Flows;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(strike fault_points);

# Every point that bgjob.inject() knows.
sub fault_points
{
	my ($list) = slurp_file("$FindBin::RealBin/../../../extensions/bgjob/pg/inject.cpp") =~ /points\[\] = \{(.*?)\}/s;
	return $list =~ /"(\w+)"/g;
}

my %title = (worker => qr/bgjob worker/, dispatcher => qr/bgjob dispatcher/, supervisor => qr/bgjob supervisor/);

# One of the server's processes; false if there was none.
sub _signal_one
{
	my ($node, $signal, $what) = @_;
	my @pids = processes_of($node, $title{$what});
	return 0 unless @pids;
	my $pid = $pids[ rand @pids ];
	return $signal eq 'KILL' ? kill_backend($pid) : kill($signal, $pid) == 1;
}

sub _signal_all
{
	my ($node, $signal, $what) = @_;
	my @pids = processes_of($node, $title{$what});
	return @pids && kill($signal, @pids);
}

sub _stop
{
	my ($node) = @_;
	$node->stop('immediate');
	return $node->start;
}

# Its processes notice, and the next server has to wait until they have.
sub _kill_postmaster
{
	my ($node) = @_;
	my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	my @processes = ($postmaster, processes_of($node, qr/^postgres/));
	$node->kill9;
	poll_until(sub { !grep { -e "/proc/$_" } @processes }, 'the processes of the server end', 30);
	return $node->start;
}

sub _crash_at
{
	my ($node, $point) = @_;
	my $checkpointer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
	my $before = answer_of($node, $checkpointer) || return 0;
	answer_of($node, "SELECT bgjob.inject('$point', 'crash')");
	return poll_until(sub { (answer_of($node, $checkpointer) || $before) ne $before }, "a crash $point", 30);
}

sub _error_at
{
	my ($node, $point) = @_;
	my $before = -s $node->logfile;
	answer_of($node, "SELECT bgjob.inject('$point', 'error')");
	my $hit = poll_until(sub { log_since($node, $before) =~ /injected error at $point/ }, "an error $point", 30);
	usleep(rand(200_000));
	return defined answer_of($node, "SELECT bgjob.inject('$point', 'off')") && $hit;
}

sub _blows_at
{
	my ($point) = @_;
	return (
		"crash $point" => sub { _crash_at($_[0], $point) },
		"error $point" => sub { _error_at($_[0], $point) },
		"hold $point" => sub { _hold_at($_[0], $point) });
}

# Whoever comes there waits a while, so that others come in between.
sub _hold_at
{
	my ($node, $point) = @_;
	answer_of($node, "SELECT bgjob.inject('$point', 'sleep')");
	usleep(rand(400_000));
	return defined answer_of($node, "SELECT bgjob.inject('$point', 'off')");
}

my %blows = (
	'kill worker' => sub { _signal_one($_[0], 'KILL', 'worker') },
	'kill dispatcher' => sub { _signal_one($_[0], 'KILL', 'dispatcher') },
	'kill supervisor' => sub { _signal_one($_[0], 'KILL', 'supervisor') },
	'end worker' => sub { _signal_one($_[0], 'TERM', 'worker') },
	'end all workers' => sub { _signal_all($_[0], 'TERM', 'worker') },
	'end dispatcher' => sub { _signal_one($_[0], 'TERM', 'dispatcher') },
	'end supervisor' => sub { _signal_one($_[0], 'TERM', 'supervisor') },
	'kill postmaster' => \&_kill_postmaster,
	'stop' => \&_stop,
	map({ _blows_at($_) } fault_points()));

# strike($node, $blow): false if there was nothing to hit. The server takes sessions again afterwards.
sub strike
{
	my ($node, $blow) = @_;
	my $hit = $blows{$blow}->($node);
	return poll_until(sub { defined answer_of($node, 'SELECT 1') }, 'the server accepts connections', 30) && $hit;
}

1;
