# [pgbg-03] [pgbg-04] [pgbg-d14] A session that launches for ever does not grow, and neither does the server.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $psql = session($node);
my $pid = backend_pid($psql);

my $consumed = <<'END';
DO $$
DECLARE h bgjob.handle;
BEGIN
	FOR i IN 1..%d LOOP
		h := bgjob.launch('SELECT 1 AS x');
		PERFORM * FROM bgjob.result(h.id, h.cookie) AS (x int);
		PERFORM bgjob.detach(h.id, h.cookie);
	END LOOP;
END $$;
END
my $submitted = <<'END';
DO $$
DECLARE h bgjob.handle;
BEGIN
	FOR i IN 1..%d LOOP
		h := bgjob.submit('SELECT 1 AS x');
		PERFORM bgjob.wait(h.id, h.cookie);
		PERFORM bgjob.detach(h.id, h.cookie);
	END LOOP;
END $$;
END
my $failing = <<'END';
DO $$
DECLARE h bgjob.handle;
BEGIN
	FOR i IN 1..%d LOOP
		h := bgjob.launch('SELECT 1/0');
		BEGIN
			PERFORM * FROM bgjob.result(h.id, h.cookie) AS (x int);
		EXCEPTION WHEN division_by_zero THEN
			PERFORM bgjob.detach(h.id, h.cookie);
		END;
	END LOOP;
END $$;
END
my $as_json = "DO \$\$ BEGIN FOR i IN 1..%d LOOP PERFORM * FROM bgjob.run('SELECT 1 AS x, ROW(1, 2)'); END LOOP; END \$\$";

my $contexts = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name IN ('TopMemoryContext', 'bgjob')";

# Bytes a launch added to the contexts that live as long as the session, and to private memory.
sub growth
{
	my ($loop, $n) = @_;
	$psql->query_safe(sprintf($loop, 300));
	my ($contexts_before, $memory_before) = ($psql->query_safe($contexts), memory_of($pid));
	$psql->query_safe(sprintf($loop, $n));
	return (($psql->query_safe($contexts) - $contexts_before) / $n, (memory_of($pid) - $memory_before) / $n);
}

sub is_flat
{
	my ($what, $loop) = @_;
	my ($context_bytes, $private_bytes) = growth($loop, 2000);
	is($context_bytes, 0, "$what: 0 bytes a launch in the session's contexts");
	cmp_ok($private_bytes, '<', 64, "$what: no trend of private memory");
}

# One worker does it all, even when a job comes before the one before it has ended.
$psql->query_safe('SET bgjob.max_workers_per_role = 1');
is($psql->query_safe("SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.submit('SELECT 1') h"), 't', 'a first job');
is($psql->query_safe("SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'bgjob'"), 1, '[pgbg-03] our bookkeeping has a context of its own');
is_flat('[pgbg-03] all results taken', $consumed);
my $held = launch($psql, "'SELECT 1'");
is_flat('[pgbg-04] [pgbg-d14] with one handle held', $consumed);
is($psql->query_safe("SELECT x FROM bgjob.result($held) AS (x int)"), 1, 'the handle held is still good');
is_flat('[pgbg-d14] submit, wait, detach', $submitted);
is_flat('jobs that fail', $failing);
is_flat('run', $as_json);

# The other side: neither do the worker, the supervisor and the shared memory.
my $worker = $psql->query_safe('SELECT pid FROM bgjob.activity');
my ($supervisor) = supervisors($node);
my @before = map { memory_of($_) } $worker, $supervisor;
$psql->query_safe(sprintf($_, 1000)) for $consumed, $failing, $as_json;
my @after = map { memory_of($_) } $worker, $supervisor;
is($psql->query_safe('SELECT string_agg(pid::text, \',\') FROM bgjob.activity'), $worker, 'one worker did it all');
cmp_ok(($after[0] - $before[0]) / 3000, '<', 64, 'a worker does not grow');
cmp_ok(($after[1] - $before[1]) / 3000, '<', 64, 'nor does the supervisor');
$psql->query_safe('SELECT bgjob.detach_all()');
$psql->query_safe("SELECT bgjob.purge()");
is($psql->query_safe('SELECT retained, shared_memory_bytes FROM bgjob.stats'), '0|0', 'no shared memory is left');

$psql->quit;
$node->stop;
done_testing();
