# A fetch that finds nothing waits for work on the server, as long as the setting says.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 5;

my $p = provider();

# Milliseconds by the server's clock that the fetch takes with this setting; it must give nothing.
sub time_of
{
	my ($wait, $function, %arguments) = @_;
	$p->sql("SET bgjob.duroxide_fetch_wait = '$wait'") unless peer();
	my $begin = $p->sql('SELECT extract(epoch FROM clock_timestamp()) * 1000');
	is($p->one($function, %arguments), undef, 'nothing is there');
	return $p->sql('SELECT extract(epoch FROM clock_timestamp()) * 1000') - $begin;
}

sub time_of_fetch { return time_of($_[0], 'fetch_orchestration_item', Duroxide::fetch_arguments()) }
sub time_of_fetch_work { return time_of($_[0], 'fetch_work_item', Duroxide::fetch_work_arguments(owner => 'w')) }

my $long = '1 s';

# Bounds above are those of a machine that is very busy: what they tell apart is a wait that ends, and one that does not.
runs test_short_poll_returns_immediately => sub {
	cmp_ok(time_of_fetch(0), '<', allowed(5000), 'without a wait');
	is($p->sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event_type = 'Extension'"), '0', '... nobody waits');
};

runs test_short_poll_work_item_returns_immediately => sub {
	cmp_ok(time_of_fetch_work(0), '<', allowed(5000), 'without a wait');
};

runs test_long_poll_waits_for_timeout => sub {
	return if ours_only('waiting on the server');
	cmp_ok(time_of_fetch($long), '>=', 990, 'as long as it was told');
};

runs test_long_poll_work_item_waits_for_timeout => sub {
	return if ours_only('waiting on the server');
	cmp_ok(time_of_fetch_work($long), '>=', 990, 'as long as it was told');
};

runs test_fetch_respects_timeout_upper_bound => sub {
	return if ours_only('waiting on the server');
	cmp_ok(time_of_fetch($long), '<', allowed(20000), 'and not much longer');
	cmp_ok(time_of_fetch_work($long), '<', allowed(20000), '... for activities either');
};

$p->node->stop;
