# The disk limits max_wal_size: pg_wal on a file system of its own, of 1 GB.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;

# The mount is seen by this script and its servers alone: it runs itself again in namespaces of its
# own, first with the right to mount, then as an ordinary user again, for the server refuses root.
my $wal;

BEGIN
{
	$wal = "$ENV{TESTDIR}/wal";
	if (!$ENV{PGCREW_WAL_MOUNT})
	{
		plan skip_all => 'user namespaces are not available here'
		  if system('unshare -Urm sh -c "mount -t tmpfs none /mnt && unshare -U --map-user=1000 true"') != 0;
		mkdir $wal or die "mkdir: $!";
		$ENV{PGCREW_WAL_MOUNT} = 1;
		exec 'unshare', '-Urm', 'sh', '-c',
		  'mount -t tmpfs -o size=1g,mode=0777 none "$1" && shift && exec unshare -U --map-user=1000 "$@"',
		  'sh', $wal, $^X, (map { ('-I', $_) } @INC), $0;
	}
}

use PgCrew;
use Walrus;

my $node = walrus_node(
	init => { extra => [ '-X', "$wal/pg_wal" ] },
	conf => "walrus.max = 64GB\nwalrus.shrink_enable = off\nwal_recycle = off");

wait_for_looks($node, 1);
my $cap = why($node, 'cap_mb');
cmp_ok($cap, '>=', 1024 * 0.5, 'a good half of the disk may be used');
cmp_ok($cap, '<=', 1024 * 0.6, '[walrus-46] [walrus-D17] and no more than 60 %');
is($cap % 16, 0, 'in whole segments');

# More WAL than it can hold: exactly that limit.
poll_until(sub { events($node) =~ /capped/ || !switch_wal($node, 2) }, 'the limit is reached');
is($node->safe_psql('postgres', "SELECT binding_limit FROM walrus.events WHERE action = 'capped' LIMIT 1"), 'disk', '[walrus-46] which is the disk');
cmp_ok(size($node), '<=', 1024 * 0.6, '[walrus-46] max_wal_size stays below it');
cmp_ok(size($node), '>', 64, 'and has grown');
like($node->safe_psql('postgres', "SELECT sentence FROM walrus.events WHERE action = 'capped' ORDER BY id LIMIT 1"), qr/disk/i, 'and so does the event');

# Free space comes and goes with the files of WAL; one warning is enough.
for (1 .. 3)
{
	switch_wal($node, 20);
	wait_for_looks($node, 12);
}
is(count_in_log($node, qr/WARNING:  pg_walrus: requested max_wal_size of \d+ MB exceeds maximum of \d+ MB; using maximum$/m),
	1, '[walrus-27] [walrus-D16] a limit that goes up and down with the free space is told once');

# A smaller share.
configure($node, 'walrus.disk_share = 0.3');
wait_for_looks($node, 2);
cmp_ok(why($node, 'cap_mb'), '<=', 1024 * 0.3, 'walrus.disk_share is obeyed');

# WAL that a slot holds back is no room.
configure($node, 'walrus.disk_share = 0', "walrus.mode = 'advise'");
$node->safe_psql('postgres', "SELECT pg_create_physical_replication_slot('behind', true)");
$cap = why($node, 'cap_mb');
switch_wal($node, 10);
$node->safe_psql('postgres', 'CHECKPOINT');
poll_until(sub { why($node, 'cap_mb') <= $cap - 0.6 * 100 }, 'WAL retained for a slot is taken off');
$node->stop;
done_testing();
