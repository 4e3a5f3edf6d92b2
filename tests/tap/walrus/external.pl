# What others set is respected: it is told, and walrus never shrinks below it. What nobody set and
# nobody needs is given back after a quiet day.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);
use Walrus;

my $node = walrus_node(conf => "max_wal_size = 1GB\nwalrus.min_size = 400MB\nwalrus.shrink_intervals = 1");
my $state = $node->data_dir . '/pg_stat/walrus.json';

# A quiet day has been seen.
my $see_a_day = sub {
	$node->stop;
	my $since = int((time - 2 * 86400) * 1e6);
	open(my $file, '>', $state) or die "$state: $!";
	print $file qq({"version": 1, "original": null, "learning_since": $since, "peaks": [], "minutes": {"newest": -1, "kb": []}, "replay_rate": 0});
	close $file;
	$node->start;
};
my $log = -s $node->logfile;
$see_a_day->();
poll_until(sub { events($node) =~ /decrease/ }, 'a first step down');
is($node->safe_psql('postgres', "SELECT old_size_mb, new_size_mb FROM walrus.events WHERE action = 'decrease' ORDER BY id LIMIT 1"),
	'1024|768', 'by walrus.shrink_factor');
like(log_since($node, $log), qr/LOG:  pg_walrus: shrinking max_wal_size from 1024 MB to 768 MB$/m, 'the log tells');
unlike(log_since($node, $log), qr/WARNING/, 'without a warning');

# Somebody sets it: that is an event, and the floor from now on.
$log = -s $node->logfile;
$node->safe_psql('postgres', "ALTER SYSTEM SET max_wal_size = '640MB'");
$node->reload;
poll_until(sub { events($node) =~ /external$/ }, 'the change by others');
is($node->safe_psql('postgres', "SELECT new_size_mb FROM walrus.events WHERE action = 'external'"), 640, '[walrus-53] is recorded as external');
like(log_since($node, $log), qr/LOG:  pg_walrus: found max_wal_size from \d+ MB to 640 MB changed by somebody else$/m, '[walrus-53] and logged');
poll_sql($node, "SELECT new_size_mb FROM walrus.history WHERE action = 'external'", 640);
poll_until(sub { status($node, 'quiet_intervals') > 1 }, 'quiet intervals pass');
is(size($node), 640, '[walrus-53] walrus does not shrink below it');

# It may grow from there, and shrinks to that value at most.
grow_beyond($node, 640);
is(events($node) =~ /external( dry_run| skipped)* increase/ ? 1 : 0, 1, 'it grows from there');
$node->stop;
done_testing();
