# What those who test runtimes, or look after them, can do: announcements that fail, a clock that is wrong, counts of calls.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'the runtime\'s own functions have no such thing' if peer();

my $p = provider();
my $node = $p->node;
my $listener = session($node);
$listener->query_safe('LISTEN flow_orch_work; LISTEN flow_worker_work');
my $heard = '';

sub times_told
{
	my ($queue) = @_;
	$heard .= $listener->query_safe('SELECT 1') . "\n";
	my $times = () = $heard =~ /notification "flow_${queue}_work" with payload "\d+"/g;
	return $times;
}

sub set
{
	my ($name, $value) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET bgjob.$name = '$value'");
	$node->reload;
	return poll_until(sub { $p->sql("SHOW bgjob.$name") eq $value }, "$name = $value");
}

# One function's counts: calls, loaded, empty.
sub counts
{
	my ($function) = @_;
	return $p->sql("SELECT calls, loaded, empty FROM bgjob.duroxide_metrics WHERE schema = 'flow' AND function = '$function'");
}

runs 'without announcements all goes on' => sub {
	set('duroxide_announcements', 'off');
	$heard = '';
	$p->sql('BEGIN');
	$p->start('a');
	is($p->fetch->{instance_id}, 'a', 'work is there');
	$p->sql('COMMIT');
	set('duroxide_announcements', 'on');
	$p->enqueue_work('a', 2);
	poll_until(sub { times_told('worker') }, 'an announcement') && pass('what comes later is announced');
	is(times_told('orch'), 0, '... what came meanwhile was not');
};

# The dispatcher learns of the setting a little later than sessions do.
runs 'announcements that come late' => sub {
	set('duroxide_announcement_delay', '2s');
	poll_until(
		sub {
			$p->forget_all;
			$heard = '';
			my $begin = time;
			$p->start('a');
			poll_until(sub { times_told('orch') }, 'an announcement');
			return time - $begin >= 1.9;
		},
		'a late announcement') && pass('by so much');
	set('duroxide_announcement_delay', '0');
};

runs 'a clock that is wrong' => sub {
	my $wrong = $p->another;
	$wrong->sql("SET bgjob.duroxide_clock_skew = '-1 h'");
	$p->start('a');
	$p->sql("UPDATE flow.orchestrator_queue SET visible_at = visible_at - interval '2 hours'");
	is($wrong->fetch(lock => 60000)->{instance_id}, 'a', 'who has it takes a lease');
	is($p->fetch->{attempt_count}, 2, '... that is over for all others');
	$p->enqueue_work('a', 2);
	$wrong->sql("SET bgjob.duroxide_clock_skew = '1 h'");
	is($wrong->fetch(lock => 60000)->{instance_id}, 'a', '... or finds that of others over');
	$wrong->quit;
};

runs 'calls are counted where that is asked for' => sub {
	$p->start('a');
	$p->fetch;
	is(counts('fetch_orchestration_item'), '', 'not by default');
	$p->sql('SET bgjob.duroxide_metrics = on');
	$p->start($_) for qw(b c);
	my @items = ($p->fetch, $p->fetch);
	is($p->fetch, undef, 'nothing more');
	$p->ack($_) for @items;
	is($p->fetch_work, undef, 'no tasks');
	is(counts('fetch_orchestration_item'), '3|2|1', 'fetches, those that found something, and others');
	is(counts('fetch_work_item'), '1|0|1', '... of each function');
	like(counts('ack_orchestration_item'), qr/^2\|/, '... acknowledgements');
	is($p->sql("SELECT loaded_ms > 0 AND empty_ms > 0 FROM bgjob.duroxide_metrics WHERE function = 'fetch_orchestration_item'"), 't', 'with their times');
	$p->sql('SET bgjob.duroxide_metrics = off');
	$p->fetch;
	is(counts('fetch_orchestration_item'), '3|2|1', 'and no longer than that');
};

$listener->quit;
$node->stop;
done_testing();
