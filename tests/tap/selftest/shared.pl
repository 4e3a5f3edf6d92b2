# Shared state: one for all sessions however the library came in, born once, reborn after a crash.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

use constant { SESSIONS => 10, CALLS => 200 };

sub test_sharing
{
	my ($node, $how) = @_;

	# Sessions that are all connected before the first of them uses the state.
	my @sessions = map { session($node) } 1 .. SESSIONS;
	$_->query("LOAD 'selftest'") for @sessions;
	my $gate = session($node);
	$gate->query('SELECT pg_advisory_lock(1)');
	$_->query_until(qr/waiting/, "\\echo waiting\n"
		  . "SELECT pg_advisory_lock_shared(1);\n"
		  . "CREATE TEMP TABLE mine AS SELECT (c.s).* FROM (SELECT selftest.shared_count() AS s"
		  . " FROM generate_series(1, @{[CALLS]}) OFFSET 0) c;\n")
	  for @sessions;
	poll_sql($node, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
		SESSIONS);
	$gate->query('SELECT pg_advisory_unlock(1)');

	my (%counts, %parents);
	for my $session (@sessions)
	{
		# what the statements before printed comes first
		my $rows = $session->query('SELECT count, born_in, clean FROM mine');
		while ($rows =~ /^(\d+)\|(\d+)\|([tf])$/mg)
		{
			my ($count, $parent, $clean) = ($1, $2, $3);
			$counts{$count}++;
			$parents{$parent}++;
			is($clean, 't', "$how: born out of zeroes") if $count == 1;
		}
	}
	is_deeply([ sort { $a <=> $b } keys %counts ], [ 1 .. SESSIONS * CALLS ],
		"$how: every session counted on");
	is((grep { $_ != 1 } values %counts), 0, "$how: under the lock");
	is(keys %parents, 1, "$how: born once");

	# the lock carries the name of the module, for a session that is attached
	my ($holder, $waiter) = @sessions;
	my $pid = $waiter->query('SELECT pg_backend_pid()');
	$holder->query_until(qr/holding/, "\\echo holding\nSELECT selftest.shared_hold();\n");
	poll_sql($node, 'SELECT selftest.shared_holding()');
	$waiter->query_until(qr/counting/, "\\echo counting\nSELECT selftest.shared_count();\n");
	ok(poll_sql($node, "DO 'BEGIN PERFORM selftest.shared_holding(); END';"
			  . " SELECT wait_event_type || ' ' || wait_event FROM pg_stat_activity"
			  . " WHERE pid = $pid", 'LWLock selftest'), "$how: the lock has a name");
	$node->safe_psql('postgres', 'SELECT selftest.shared_release()');
	like($waiter->query("SELECT 'through'"), qr/through$/, "$how: the waiter goes on");
	$_->quit for @sessions, $gate;
}

my $node = new_node(extensions => ['selftest']);
is($node->safe_psql('postgres', 'SELECT selftest.shared_find() IS NULL'),
	't', 'loaded later: looking creates nothing');
test_sharing($node, 'loaded later');
is($node->safe_psql('postgres', 'SELECT selftest.shared_find() IS NULL'),
	't', 'loaded later: a session that did not attach sees nothing');
is($node->safe_psql('postgres',
		'SELECT FROM selftest.shared_count(); SELECT selftest.shared_find()'),
	SESSIONS * CALLS + 2, 'loaded later: one that attached does');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'selftest'");
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->restart;
is($node->safe_psql('postgres', 'SELECT selftest.shared_find()'),
	'0', 'preloaded: it is there from the start');
test_sharing($node, 'preloaded');
is($node->safe_psql('postgres', 'SELECT selftest.shared_find()'),
	SESSIONS * CALLS + 1, 'preloaded: every process is attached');

# after a crash all shared memory is new
my $session = session($node);
my $pid = $session->query('SELECT pg_backend_pid()');
ok(kill_backend($pid), 'a session is killed');
eval { $session->quit };
ok(poll_sql($node, "SELECT selftest.shared_find() = 0 AND pg_postmaster_start_time() < now()"),
	'preloaded: reborn after a crash');
test_sharing($node, 'after a crash');

$node->stop;
done_testing();
