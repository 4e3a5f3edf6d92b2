# What the TAP scripts of walrus share.
#
# In builds for tests the clock of walrus may run faster: at walrus.clock_rate = 10 a
# checkpoint_timeout of 30 s passes in 3 s, and the worker looks every 0.3 s. The server's own
# checkpoints by time keep the real time.
package Walrus;

use strict;
use warnings;
use Exporter 'import';
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(walrus_node configure clock switch_wal grow_beyond load_until_standing force_checkpoints checkpoints why status size
  auto_conf written looks wait_for_looks worker_pids events count_in_log);

# A window of 3 s; a checkpoint after each 16 MB; changes may follow one another.
my $conf = <<'END';
shared_preload_libraries = 'walrus'
walrus.clock_rate = 10
walrus.cooldown_sec = 0
walrus.max_changes_per_hour = 1000
checkpoint_timeout = 30s
max_wal_size = 64MB
min_wal_size = 32MB
autovacuum = off
wal_level = replica
END

# walrus_node(%opt): as new_node(), with those settings before `conf`, and the extension.
sub walrus_node
{
	my (%opt) = @_;
	my $node = new_node(extensions => ['walrus'], %opt, conf => $conf . ($opt{conf} // ''));
	$node->safe_psql('postgres', 'CHECKPOINT') if $opt{start} // 1; # the next ones have little to write
	return $node;
}

# configure($node, 'walrus.max = 1GB', ...): into postgresql.conf, and a reload that the worker has heard of.
sub configure
{
	my ($node, @lines) = @_;
	$node->append_conf('postgresql.conf', join("\n", @lines));
	$node->reload;
	return wait_for_looks($node, 2);
}

# clock($node, $rate): how fast the clock of walrus runs from now on.
sub clock
{
	my ($node, $rate) = @_;
	$node->append_conf('postgresql.conf', "walrus.clock_rate = $rate");
	$node->reload;
	return;
}

# Fills $count segments of WAL, 16 MB each unless initdb was told otherwise.
sub switch_wal
{
	my ($node, $count) = @_;
	my $statements = "SELECT pg_logical_emit_message(false, 'x', 'x');\nSELECT pg_switch_wal();\n";
	return $node->safe_psql('postgres', $statements x ($count // 1));
}

# Writes WAL until walrus has made max_wal_size larger than that.
sub grow_beyond
{
	my ($node, $mb) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(sub { size($node) > $mb || !switch_wal($node, $mb / 64) }, "max_wal_size above $mb MB");
}

# Writes WAL until walrus stands as $standing in its status().
sub load_until_standing
{
	my ($node, $standing) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(sub { status($node, 'standing') eq $standing || !switch_wal($node) },
		"walrus stands as $standing");
}

# Writes WAL until so many more checkpoints were forced by it, and no more: each is waited for.
sub force_checkpoints
{
	my ($node, $count) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for (1 .. $count)
	{
		my $before = checkpoints($node, 'wal');
		my $begun = sub { checkpoints($node, 'wal') > $before };
		# All segments that it takes but one at once, then one at a time, so that the checkpointer can begin before the next.
		my $most = int(size($node) / 1.9 / 16) - 2;
		switch_wal($node, $most) if $most > 0;
		my $looks = 0;
		poll_until(sub { $begun->() || ($looks++ % 10 == 0 && !switch_wal($node)) }, "checkpoint $_ forced by WAL") or return 0;
	}
	return 1;
}

sub checkpoints
{
	my ($node, $cause) = @_;
	return $node->safe_psql('postgres',
		"SELECT count FROM walrus.checkpoint_causes WHERE kind = 'checkpoint' AND cause = '$cause'");
}

# why($node, 'action, reason'): of the last decision.
sub why
{
	my ($node, $columns) = @_;
	return $node->safe_psql('postgres', "SELECT $columns FROM walrus.why");
}

# status($node, 'standing'): a key of walrus.status().
sub status
{
	my ($node, $key) = @_;
	return $node->safe_psql('postgres', "SELECT walrus.status()->>'$key'");
}

# max_wal_size in MB, as a new session sees it.
sub size
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT setting FROM pg_settings WHERE name = 'max_wal_size'");
}

sub auto_conf
{
	my ($node) = @_;
	return slurp_file($node->data_dir . '/postgresql.auto.conf');
}

# The values of max_wal_size in postgresql.auto.conf, in MB.
sub written
{
	my ($node) = @_;
	return auto_conf($node) =~ /^max_wal_size = '(\d+)MB'$/mg;
}

# When the worker last looked.
sub looks
{
	my ($node) = @_;
	return status($node, 'last_check_time') // '';
}

# Until the worker has looked so many times from now on.
sub wait_for_looks
{
	my ($node, $count) = @_;
	my $last = looks($node);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_until(
		sub {
			my $now = looks($node);
			$count-- if $now ne $last;
			$last = $now;
			return $count <= 0;
		},
		'the worker looks');
}

sub worker_pids
{
	my ($node) = @_;
	return split /\n/,
	  $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_walrus'");
}

# Actions of the events so far, oldest first.
sub events
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM walrus.events");
}

# count_in_log($node, qr/.../, $offset)
sub count_in_log
{
	my ($node, $pattern, $offset) = @_;
	return scalar(() = log_since($node, $offset // 0) =~ /$pattern/g);
}

1;
