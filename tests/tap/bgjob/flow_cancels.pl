# Workers that are cancelled or terminated at any moment, by hand: a workflow either ends, or it fails
# and all that it did is undone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node();
sql($node, <<'END');
CREATE TABLE effect (job bigint, step text);
CREATE PROCEDURE balanced(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 20 LOOP
		CALL bgjob.step('s', 'INSERT INTO effect SELECT $1, ''do '' || $2 FROM pg_sleep(0.001)', args => jsonb_build_array(input, k),
			undo => 'INSERT INTO effect SELECT $1, ''undo '' || $2 FROM pg_sleep(0.001)');
		IF k % 5 = 0 THEN CALL bgjob.sleep('1 ms'); END IF;
	END LOOP;
END $$;
-- Shoots until no workflow is left, or for ten seconds; tells how often.
CREATE PROCEDURE shoot(kill regproc, INOUT shots int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
	deadline CONSTANT timestamptz := clock_timestamp() + interval '10 s';
BEGIN
	WHILE clock_timestamp() < deadline AND EXISTS (SELECT FROM bgjob.job WHERE kind = 2) LOOP
		EXECUTE format('SELECT count(%s(pid)) FROM pg_stat_activity WHERE backend_type = ''bgjob worker''', kill);
		shots := shots + 1;
		COMMIT;
		PERFORM pg_sleep(0.03 * random());
	END LOOP;
END $$;
END

for my $function ('pg_cancel_backend', 'pg_terminate_backend')
{
	sql($node, 'DELETE FROM effect');
	sql($node, "SELECT bgjob.start('balanced', to_jsonb(g)) FROM generate_series(1, 60) g");
	my $shots = sql($node, "CALL shoot('$function')");
	# What could not be undone for now comes back after a back-off. Whose worker was ended three times is set
	# aside; here it is not its fault.
	poll_until(
		sub {
			sql($node, "UPDATE bgjob.step SET due_at = now() WHERE due_at > now(); UPDATE bgjob.job SET due_at = now() WHERE due_at > now(); SELECT bgjob.enqueue('SELECT 1')");
			$node->psql('postgres', "SELECT bgjob.retry(id) FROM bgjob.jobs WHERE state IN ('quarantined', 'needs_attention') AND ended_at IS NULL");
			sql($node, "SELECT count(*) FROM bgjob.job WHERE kind = 2") == 0;
		},
		'every workflow ends');
	cmp_ok($shots, '>', 5, "$function of workers, again and again");
	is(sql($node, "SELECT count(*) FROM (SELECT job, step FROM effect GROUP BY 1, 2 HAVING count(*) > 1) x"), 0, '... nothing is done twice');
	is(sql($node, <<'END'), 0, '... and each workflow is done or undone');
SELECT count(*) FROM (SELECT job, count(*) FILTER (WHERE step LIKE 'do %') AS done, count(*) FILTER (WHERE step LIKE 'undo %') AS undone FROM effect GROUP BY 1) x
 WHERE NOT (done = 20 AND undone = 0 OR done = undone)
END
	diag(sql($node, "SELECT count(*) FILTER (WHERE undone = 0), count(*) FILTER (WHERE undone > 0) FROM (SELECT job, count(*) FILTER (WHERE step LIKE 'undo %') AS undone FROM effect GROUP BY 1) x"));
}

$node->stop;
done_testing();
