# What there has to be when all jobs of the workload have ended, and what not.
package Reckoning;

use strict;
use warnings;
use Clients;
use Exporter 'import';
use Flows;
use List::Util 'pairs';
use PgCrew;
use Test::More;

our @EXPORT = qw(release_jobs reckon);

# What the history says was done. The turns of a workflow that begins anew are not in it.
my $views = <<'END';
CREATE VIEW completed AS
	SELECT (coalesce(j.args, d.args)->>'n')::bigint AS job, CASE s.kind WHEN 8 THEN 'undo ' ELSE '' END || s.name AS step
	  FROM bgjob.step s LEFT JOIN bgjob.job_run j ON j.id = s.job LEFT JOIN bgjob.job_dead d ON d.id = s.job
	 WHERE s.kind IN (1, 8) AND s.state = 1 AND s.name NOT LIKE 'turn%'
	UNION ALL
	SELECT (args->>0)::bigint, args->>1 FROM bgjob.job_run WHERE kind = 1 AND state = 11;
CREATE VIEW done_once AS SELECT job, step FROM effect WHERE step NOT LIKE 'turn%';
END

# Each counts what there must not be.
my @none = (
	'nothing was done twice' => 'SELECT job, step FROM effect GROUP BY 1, 2 HAVING count(*) > 1',
	'nothing was lost' => 'SELECT n, step FROM expected WHERE certain EXCEPT SELECT job, step FROM effect',
	'nothing was done that nobody asked for' => q(SELECT job, step FROM effect WHERE step <> 'told' EXCEPT SELECT n, step FROM expected),
	'every effect is in the history' => 'SELECT * FROM done_once EXCEPT ALL SELECT * FROM completed',
	'every completed step has its effect' => 'SELECT * FROM completed EXCEPT ALL SELECT * FROM done_once',
	'every job ended as it should' => 'SELECT a.n, a.kind, j.state, j.message FROM asked a LEFT JOIN bgjob.jobs j ON j.id = a.job WHERE j.state !~ a.ends OR j.state IS NULL',
	'every child has ended' => 'SELECT * FROM bgjob.child WHERE state = 0',
	'... as its own row says' => 'SELECT c.*, j.state FROM bgjob.child c LEFT JOIN (SELECT id, state FROM bgjob.job_run UNION ALL SELECT id, state FROM bgjob.job_dead) j ON j.id = c.job WHERE c.state IS DISTINCT FROM j.state',
	'every race has a winner, and who lost was cancelled' => q(SELECT a.n, array_agg(c.state) FROM asked a JOIN bgjob.child c ON c.parent = a.job WHERE a.kind = 'with_race' GROUP BY 1 HAVING NOT bool_or(c.state = 11) OR NOT bool_and(c.state IN (11, 13))),
	'what failed or was cancelled was undone, and nothing else' => q(SELECT s.job, s.name FROM bgjob.step s LEFT JOIN bgjob.step u ON u.job = s.job AND u.kind = 8 AND u.state = 1 AND u.occurrence = s.seq
		WHERE s.kind = 1 AND s.state = 1 AND s.undo IS NOT NULL AND (u.job IS NULL) <> EXISTS (SELECT FROM bgjob.job_run j WHERE j.id = s.job AND j.state = 11)),
	'undone in reverse' => q(SELECT * FROM effect a JOIN effect b USING (job) JOIN effect c ON c.job = a.job AND c.step = 'undo ' || a.step JOIN effect d ON d.job = a.job AND d.step = 'undo ' || b.step
		WHERE a.attempt < b.attempt AND c.attempt < d.attempt),
	'each task was done outside' => q(SELECT a.n, k FROM asked a, generate_series(1, 2) k WHERE a.kind = 'with_tasks' EXCEPT SELECT n, k FROM outside),
	'... and has one key' => 'SELECT n, k FROM outside GROUP BY 1, 2 HAVING count(*) > 1',
	'no job is left' => 'SELECT * FROM bgjob.job',
	'no signal is left' => 'SELECT * FROM bgjob.signal',
	'no task is left' => 'SELECT * FROM bgjob.task',
	'no pause is left' => 'SELECT * FROM bgjob.paused');

# Each counts what there must be, or else something of the above was not tried.
my @some = (
	'races were lost' => q(SELECT FROM asked a JOIN bgjob.child c ON c.parent = a.job WHERE a.kind = 'with_race' AND c.state = 13),
	'losers were undone' => q(SELECT FROM effect WHERE step LIKE 'undo run%'),
	'cancelled workflows were undone' => q(SELECT FROM effect e JOIN asked a ON a.n = e.job WHERE e.step LIKE 'undo%' AND a.kind = 'with_cancel'),
	'statements were cancelled' => q(SELECT FROM asked a JOIN bgjob.jobs j ON j.id = a.job WHERE j.state = 'cancelled' AND a.kind ~ '^SELECT'),
	'jobs and steps were tried again' => 'SELECT FROM bgjob.failure WHERE attempt > 1',
	'tasks were done again' => 'SELECT FROM outside WHERE times > 1');

# A job that was in a worker's hands at three crashes is set aside, and so is one that was undone
# meanwhile. Here it is not its fault. How many there were:
sub release_jobs
{
	my ($node) = @_;
	return answer_of($node, 'SELECT count(bgjob.retry(id)) FROM bgjob.job WHERE state IN (9, 10)') // 0;
}

sub _is_none
{
	my ($node, $query, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $found = sql($node, "SELECT * FROM ($query) x LIMIT 20");
	return is($found, '', $what);
}

# When the history is forgotten, nothing of the jobs remains.
sub _forget
{
	my ($node) = @_;
	my $tables = 'job_run job_dead step child failure job_key';
	poll_sql($node, q(SELECT bgjob.prune('0')), 0, 30);
	_is_none($node, "SELECT * FROM bgjob.$_", "no row is left in $_") for split ' ', $tables;
	return;
}

# reckon($node, $many): after many blows everything must have been met.
sub reckon
{
	my ($node, $many) = @_;
	poll_sql($node, 'SELECT count(*) FROM bgjob.workers WHERE job IS NOT NULL', 0, 10);
	poll_sql($node, q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), 0, 10);
	sql($node, $views);
	_is_none($node, $_->[1], $_->[0]) for pairs(@none);
	cmp_ok(sql($node, "SELECT count(*) FROM ($_->[1]) x"), '>', 0, $_->[0]) for $many ? pairs(@some) : ();
	my @told = told($node);
	cmp_ok(scalar @told, '>', 0, 'ends of jobs were told');
	my $told = join ',', @told;
	_is_none($node, "SELECT unnest(ARRAY[$told]::bigint[]) EXCEPT SELECT job FROM effect WHERE step = 'told'", 'and no crash took them back');
	is(join("\n", surprises($node)), '', 'no session saw an error of another kind');
	is(join("\n", grep { /XX\d\d\d (?:ERROR|FATAL|PANIC)|WARNING:  .*(?:leak|still active|SPI stack)/ } split /\n/, log_since($node, 0)),
		'', 'the server had no internal error');
	_forget($node);
	return;
}

1;
