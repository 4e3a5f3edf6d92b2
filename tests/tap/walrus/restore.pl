# walrus.restore(): back to what was there before the first change; reset() forgets what was learned.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node();
my $call = sub { $node->safe_psql('postgres', "SELECT walrus.$_[0]()") };
is($call->('restore'), 'f', 'nothing to restore before the first change');

# The value came from postgresql.conf: restore() takes away the one of ALTER SYSTEM.
grow_beyond($node, 64);
configure($node, "walrus.mode = 'off'");
is((psql_error($node, 'BEGIN; SELECT walrus.restore()'))[0], '25001', 'restore() is not for a transaction block');
is(status($node, 'original_max_wal_size_mb'), 64, 'status() has the size before');
my $log = -s $node->logfile;
is($call->('restore'), 't', 'restore() does it');
is(size($node), 64, '[walrus-53] the size is as before');
unlike(auto_conf($node), qr/max_wal_size/, '[walrus-53] and postgresql.auto.conf has none');
like(log_since($node, $log), qr/LOG:  pg_walrus: restored max_wal_size from \d+ MB to 64 MB$/m, 'the log tells');
like(events($node), qr/restored$/, 'and an event');
is($call->('restore'), 'f', 'a second time there is nothing to restore');

# It came from ALTER SYSTEM: restore() puts that back, also after a restart and a crash.
$node->safe_psql('postgres', "ALTER SYSTEM SET max_wal_size = '96MB'");
configure($node, "walrus.mode = 'auto'");
grow_beyond($node, 96);
$node->stop('immediate');
$node->start;
configure($node, "walrus.mode = 'off'");
is(status($node, 'original_max_wal_size_mb'), 96, 'the size before is known after a crash');
$node->restart;
wait_for_looks($node, 1);
is($call->('restore'), 't', 'restore() after a restart');
is(join(' ', size($node), written($node)), '96 96', '[walrus-53] the value of ALTER SYSTEM is back');

# reset(): the window and the counts begin anew, the size and the history stay.
configure($node, "walrus.mode = 'auto'");
grow_beyond($node, 96);
configure($node, "walrus.mode = 'off'");
my $size = size($node);
poll_sql($node, "SELECT count(*) > 1 FROM walrus.history");
my $history = $node->safe_psql('postgres', 'SELECT count(*) FROM walrus.history');
is($call->('reset'), 't', 'reset()');
is(status($node, 'total_adjustments'), 0, 'counts begin anew');
is(size($node), $size, 'the size stays');
is(status($node, 'original_max_wal_size_mb'), 96, 'and what restore() would put back');
poll_sql($node, "SELECT count(*) FROM walrus.history WHERE action = 'reset'", 1);
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM walrus.history'), '>', $history, 'the history stays');
$node->stop;
done_testing();
