# The real thing: an application on an unmodified Duroxide runtime works on a schema of ours. npm serves the runtime;
# where it cannot be reached this is skipped. It is kept in PGCREW_DUROXIDE_CACHE, or below /var/tmp.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use IPC::Run ();
use JSON::PP ();
use PgCrew;
use Test::More;

my $programs = "$FindBin::RealBin/../../duroxide_node";
my $folder = $ENV{PGCREW_DUROXIDE_CACHE} // "/var/tmp/pgcrew-duroxide-$<";
my $node_program = `$programs/install $folder 2>install.log`;
my $reason = (split /\n/, $node_program)[-1] // 'the installation failed';
plan skip_all => "no Duroxide runtime: $reason" if $?;
chomp $node_program;

my $node = provider_node('bgjob.duroxide_fetch_wait = 50');
make_schema($node, 'flow');
make_schema($node, 'other');
@ENV{qw(PGHOST PGPORT PGUSER PGDATABASE)} = ($node->host, $node->port, scalar getpwuid($<), 'postgres');

sub command { return ('sh', '-c', "cd $folder && exec $node_program $programs/app.mjs \"\$@\"", 'app', @_) }

# What the program prints, by name.
sub told
{
	my (@arguments) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ command(@arguments) ], '<', '/dev/null', '>', \$out, '2>', \$err, IPC::Run::timeout(300)) or diag("$out\n$err");
	my @lines = map { JSON::PP::decode_json($_) } grep { /^\{/ } split /\n/, $out;
	return { map { ($_->{name} => $_) } @lines };
}

# A runtime that works until it is killed.
sub serving
{
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ command('serve', 'flow') ], '<', '/dev/null', '>', \$out, '2>', \$err, IPC::Run::timeout(300));
	$run->pump until $out =~ /ready/;
	return $run;
}

# --- all kinds of orchestrations -------------------------------------------------------------------
{
	my $told = told('scenarios', 'flow');
	my %completed = (chain => [qw(AB ABAB)], fanOut => [ 0 .. 4 ], sleeper => 'awake', listener => { x => 1 }, mailbox => [ 1, 2 ],
		parent => [ [qw(A AA)], [ ('awake') x 3 ] ], rounds => [qw(R4 R3 R2 R1)], race => 1, sameWorker => 1, tagged => 'TAG',
		values => 'done', again => 3);
	my %what = (chain => 'activities', fanOut => 'activities at once', sleeper => 'a timer', listener => 'an external event', mailbox => 'queued events',
		parent => 'sub-orchestrations', rounds => 'continue as new', race => 'a race', sameWorker => 'a session', tagged => 'a tag',
		values => 'values and a status', again => 'activities that are tried again');
	for my $name (sort keys %completed)
	{
		is($told->{$name}{status}, 'Completed', "$what{$name}: completed");
		is_deeply($told->{$name}{output}, $completed{$name}, '... with its output');
	}
	like($told->{patient}{error}, qr/^canceled: enough/, 'a cancelled orchestration');
	like($told->{'child of patient'}{error}, qr/^canceled/, '... with its child');
	is_deeply($told->{loser}{cancelled}, ['race'], 'the activity that lost a race was told');
	like($told->{broken}{error}, qr/no such luck/, 'one that fails, with its error');
	is_deeply($told->{kept}{values}, { map { ("key$_" => "value$_") } 1 .. 3 }, 'values of all generations');
	is($told->{values}{customStatus}, 'round 1', 'the last status');
	is($told->{tree}{size}, 5, 'a tree');
	is_deeply($told->{executions}{list}, [ 1 .. 4 ], 'generations');
	is($told->{pruned}{deleted}, 3, '... pruned');
	is($told->{deleted}{instances}, 5, 'a tree is deleted');
	is_deeply([ @{ $told->{left} }{qw(running orchestratorQueue workerQueue)} ], [ 0, 0, 0 ], 'nothing runs or waits in the end');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM other.instances'), '0', 'another schema saw nothing of it');
}

# --- a runtime that is killed ----------------------------------------------------------------------
{
	my $count = 80;
	my $run = serving();
	my $pid = $run->{KIDS}[0]{PID};
	IPC::Run::run([ command('begin', 'flow', $count) ]) or die 'nothing was begun';
	my $some = "SELECT count(*) > %d FROM flow.executions WHERE instance_id LIKE 'i%%' AND status = 'Completed'";
	poll_sql($node, sprintf $some, 3);
	is(kill('KILL', $pid), 1, 'kill -9 of a runtime in the middle');
	$run->finish;
	isnt($node->safe_psql('postgres', "SELECT count(*) FROM flow.instances JOIN flow.executions USING (instance_id) WHERE status = 'Running'")
		  + $node->safe_psql('postgres', 'SELECT count(*) FROM flow.orchestrator_queue'), 0, '... which had not done all');
	$run = serving();
	my $told = told('finish', 'flow', $count);
	is(scalar(grep { $_->{status} eq 'Completed' } values %$told), $count, 'another one finishes everything');
	is_deeply([ map { $told->{"i$_"}{output} } 0 .. 3 ],
		[ [ 0, [ 1, 2, [qw(X0 X0X0)] ] ], [ map { "R$_" } reverse 1 .. 6 ], [ [qw(A AA)], [ ('awake') x 3 ] ], 1 ], '... as it should be');
	poll_sql($node, 'SELECT count(*) FROM flow.worker_queue', '0');
	$run->kill_kill;
}

$node->stop;
done_testing();
