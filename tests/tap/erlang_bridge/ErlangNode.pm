# Real Erlang nodes for the TAP scripts of erlang_bridge, the hostile one of harness/hostile_node.py, and the
# epmd of the script's own with which all of them are registered.
#
#   use ErlangNode;
#   my $erl = ErlangNode->new('kv');       # kv@127.0.0.1 is up and registered
#   my $node = bridge_node();              # a server that asks the same epmd
#   add_node($node, $erl);
#   $erl->eval('nodes(hidden)');           # as text
#   $erl->signal('STOP');
#
# Whatever ends the script ends them too: the kernel kills them with their parent, and they end
# themselves when the pipe to them is closed.
package ErlangNode;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use Fcntl qw(F_SETFD);
use File::Basename qw(dirname);
use IO::Select;
use IO::Socket::INET;
use PgCrew;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(bridge_node bridge_workers add_node error_of hostile_node epmd_port start_epmd stop_epmd free_port quoted);

my $here = dirname(abs_path(__FILE__));
my $timeout = $PostgreSQL::Test::Utils::timeout_default;
my $home = ($ENV{TESTDIR} // '.') . '/erlang';
my ($epmd, $epmd_port, %alive);

# ---- processes -------------------------------------------------------------------------------------

# _spawn($log, \%handles, @command): a child that dies with this process, with these handles as its descriptors.
sub _spawn
{
	my ($log, $handles, @command) = @_;
	my $pid = fork // die "fork: $!";
	return $alive{$pid} = $pid if $pid;
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>>', $log);
	open(STDERR, '>>', $log);
	for my $descriptor (sort keys %$handles)
	{
		POSIX::dup2(fileno($handles->{$descriptor}), $descriptor);
		fcntl($handles->{$descriptor}, F_SETFD, 0);
	}
	exec('setpriv', '--pdeathsig', 'KILL', '--', @command) or POSIX::_exit(127);
}

sub _end
{
	my ($pid) = @_;
	return unless delete $alive{$pid};
	kill('KILL', $pid);
	waitpid($pid, 0);
	return;
}

END
{
	my $status = $?;
	_end($_) for keys %alive;
	$? = $status;
}

# ---- epmd ------------------------------------------------------------------------------------------

sub free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) // die "no port: $@";
	return $socket->sockport;
}

sub epmd_port
{
	start_epmd() unless defined $epmd_port;
	return $epmd_port;
}

# The port stays the same for the whole script.
sub start_epmd
{
	mkdir $home;
	$epmd_port //= free_port();
	$epmd = _spawn("$home/epmd.log", {}, 'epmd', '-address', '127.0.0.1', '-port', $epmd_port);
	poll_until(sub { IO::Socket::INET->new("127.0.0.1:$epmd_port") }, 'epmd listens');
	return;
}

sub stop_epmd
{
	_end($epmd);
	return;
}

# ---- real nodes ------------------------------------------------------------------------------------

# new($alive, %opt): a node that is up.
#   cookie   'monster "of" tests', which has all that a cookie may have
#   options  further arguments of erl
sub new
{
	my ($class, $alive, %opt) = @_;
	my $self = bless {
		name => "$alive\@127.0.0.1",
		cookie => 'monster "of" tests',
		options => [],
		log => "$home/$alive.log",
		%opt }, $class;
	$self->start;
	return $self;
}

sub name { return $_[0]->{name}; }
sub cookie { return $_[0]->{cookie}; }
sub pid { return $_[0]->{pid}; }

# Of this script: test_node, and the example that users see.
sub _compile
{
	return if -e "$home/test_node.beam";
	local $ENV{HOME} = $home;
	system_or_bail('erlc', '-o', $home, "$here/test_node.erl", "$here/../../../docs/examples/erlang/kv.erl");
	return;
}

sub start
{
	my ($self) = @_;
	local $ENV{ERL_EPMD_PORT} = epmd_port();
	local $ENV{HOME} = $home;
	_compile();
	pipe(my $requests, $self->{to}) or die "pipe: $!";
	pipe($self->{from}, my $answers) or die "pipe: $!";
	$self->{pid} = _spawn($self->{log}, { 0 => $requests, 3 => $answers },
		'erl', '-noinput', '-start_epmd', 'false', '-name', $self->{name}, '-setcookie', $self->{cookie}, '-pa', $home,
		'-kernel', 'inet_dist_use_interface', '{127,0,0,1}', @{ $self->{options} }, '-s', 'test_node');
	$self->{to}->autoflush(1);
	$self->eval('node()') eq "'$self->{name}'" or die "node $self->{name} is not registered: " . $self->log;
	return;
}

sub _read
{
	my ($self, $bytes, $deadline) = @_;
	my $got = '';
	while (length($got) < $bytes)
	{
		IO::Select->new($self->{from})->can_read($deadline - time) or die "node $self->{name} does not answer";
		sysread($self->{from}, $got, $bytes - length($got), length($got)) or die "node $self->{name} is gone: " . $self->log;
	}
	return $got;
}

# eval($expressions): the value of the last one, as Erlang writes it on one line. Dies if they fail.
sub eval ## no critic
{
	my ($self, $expressions) = @_;
	my $deadline = time + $timeout;
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{to} } pack('N/a*', $expressions);
	my $answer = $self->_read(unpack('N', $self->_read(4, $deadline)), $deadline);
	$answer =~ s/^=// or die "$expressions: $answer";
	return $answer;
}

# poll($expression, $expected): until it is that.
sub poll
{
	my ($self, $expression, $expected, $seconds) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(sub { $self->eval($expression) eq $expected }, "$expression is $expected", $seconds);
}

# sql('call', "'lists', 'max', '[[1]]'"): erlang_call of this node.
sub sql
{
	my ($self, $function, @arguments) = @_;
	return "erlang_$function(" . join(', ', quoted($self->name), @arguments) . ')';
}

# What it printed and reported.
sub log ## no critic
{
	my ($self) = @_;
	return slurp_file($self->{log});
}

sub signal
{
	my ($self, $name) = @_;
	kill($name, $self->{pid}) == 1 or die "node $self->{name} is gone";
	return;
}

# With kill -9: nothing is said to anybody.
sub kill ## no critic
{
	my ($self) = @_;
	_end($self->{pid});
	return;
}

# ---- the hostile node ------------------------------------------------------------------------------

# hostile_node($mode, @arguments): harness/hostile_node.py, listening; see there. It has a name by its mode, and of
# the methods above name, cookie, pid, sql, signal and kill; and wait_for($word): until it has said so.
sub hostile_node
{
	my ($mode, @arguments) = @_;
	my $self = bless { name => "$mode\@127.0.0.1", cookie => 'hostile cookie', mode => $mode, said => '' }, __PACKAGE__;
	pipe(my $input, $self->{to}) or die "pipe: $!";
	pipe($self->{from}, my $output) or die "pipe: $!";
	$self->{pid} = _spawn("$home/hostile.log", { 0 => $input, 1 => $output },
		'python3', "$here/../../harness/hostile_node.py", '--epmd-port', epmd_port(), '--name', $self->{name},
		'--cookie', $self->{cookie}, @arguments, $mode);
	$self->wait_for('listening');
	return $self;
}

sub wait_for
{
	my ($self, $word) = @_;
	my $deadline = time + $timeout;
	until ($self->{said} =~ s/^.*?\b$word\b[^\n]*\n//s)
	{
		IO::Select->new($self->{from})->can_read($deadline - time) or die "$self->{mode}: has not said $word";
		sysread($self->{from}, $self->{said}, 65536, length($self->{said}))
		  or die "$self->{mode}: ended without $word: " . slurp_file("$home/hostile.log");
	}
	return;
}

# ---- the server ------------------------------------------------------------------------------------

# bridge_node(%opt): as new_node(), with the bridge preloaded and the extension created.
sub bridge_node
{
	my (%opt) = @_;
	my $conf = "shared_preload_libraries = 'erlang_bridge'\nerlang_bridge.epmd_port = " . epmd_port() . "\n";
	return new_node(extensions => ['erlang_bridge'], %opt, conf => $conf . ($opt{conf} // ''));
}

# Their PIDs.
sub bridge_workers
{
	my ($node) = @_;
	return processes_of($node, qr/erlang_bridge worker/);
}

# error_of($node, $sql): "SQLSTATE: message", and behind it "DETAIL: ..." and "HINT: ..." in lines of their own; empty
# if $sql raises no error.
sub error_of
{
	my ($node, $sql) = @_;
	my (undef, undef, $stderr) = $node->psql('postgres', $sql, on_error_stop => 1, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my ($error) = $stderr =~ /(?:ERROR|FATAL):  (.*)/s or return '';
	return join "\n", map { s/^(DETAIL|HINT):  /$1: /r } grep { !/^(LOCATION|LINE|CONTEXT|STATEMENT|psql)/ } split /\n/, $error;
}

sub quoted
{
	my ($text) = @_;
	return "'" . $text =~ s/'/''/gr . "'";
}

# add_node($node, $erl, %opt): the server knows it. automatic: and connects by itself.
sub add_node
{
	my ($node, $erl, %opt) = @_;
	my $automatic = $opt{automatic} ? 'true' : 'false';
	return $node->safe_psql('postgres',
		sprintf('SELECT erlang_node_add(%s, %s, %s)', quoted($erl->name), quoted($erl->cookie), $automatic));
}

1;
