# Schedules: runs come at their time, one for each planned time, whatever crashes; overlap and
# catch-up; dump and restore.
use strict;
use warnings;
use PgCrew;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nrestart_after_crash = on\nautovacuum = off",
	extensions => ['bgjob']);

sub sql { return $node->safe_psql('postgres', shift); }

# An expression over the view, for one schedule.
sub of_schedule
{
	my ($name, $what) = @_;
	return sql("SELECT $what FROM bgjob.schedules WHERE name = '$name'");
}

sub runs { return sql("SELECT count(*) FROM ran WHERE name = '$_[0]'"); }

# schedule($name, $cron, $more): each run of it adds a row to "ran".
sub schedule
{
	my ($name, $cron, $more) = @_;
	return sql("SELECT bgjob.schedule('$name', '$cron', \$\$INSERT INTO ran VALUES ('$name')\$\$" . ($more ? ", $more" : '') . ')');
}

# Until no run of the schedule is under way.
sub wait_until_done
{
	my ($name) = @_;
	return poll_sql($node, "SELECT unfinished FROM bgjob.schedules WHERE name = '$name'", 0);
}

# Planned times of a schedule for each second that are settled, after it was made.
sub settled_seconds
{
	my ($name) = @_;
	return sql("SELECT extract(epoch FROM date_trunc('second', s.settled_at) - date_trunc('second', m.at))::int"
		. " FROM bgjob.schedule s JOIN made m USING (name) WHERE name = '$name'");
}

sql('CREATE TABLE ran (name text, at timestamptz DEFAULT clock_timestamp()); CREATE TABLE made (name text, at timestamptz)');

# --- each second --------------------------------------------------------------------------------
sql(<<'END');
BEGIN;
SELECT bgjob.schedule('tick', '* * * * * *', 'INSERT INTO ran VALUES (''tick'')', overlap => 'allow', catchup => 'all');
INSERT INTO made SELECT name, settled_at FROM bgjob.schedule;
COMMIT;
END
my $lag = 'min(extract(epoch FROM at) - floor(extract(epoch FROM at))) * 1000';
poll_sql($node, "SELECT count(*) >= 20 OR count(*) >= 5 AND $lag < 200 FROM ran WHERE name = 'tick'");
cmp_ok(sql("SELECT $lag FROM ran WHERE name = 'tick'"), '<', 200, 'a run starts at its time');
is(sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher'"), 1, 'by one dispatcher');

# --- crashes: each second has its run, once -----------------------------------------------------
for my $victim ('bgjob dispatcher', 'checkpointer', 'bgjob dispatcher')
{
	poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = '$victim'", 1);
	my ($pid, $count) = split /\|/, sql("SELECT pid, (SELECT count(*) FROM ran) FROM pg_stat_activity WHERE backend_type = '$victim'");
	kill_backend($pid);
	# Nobody calls a function of ours after the crash: the schedule resumes by itself.
	poll_sql($node, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid) AND count(*) >= $count + 3 FROM ran");
	pass("kill -9 of the $victim: the schedule goes on");
}
$node->restart;
my $count = runs('tick');
poll_sql($node, "SELECT count(*) >= $count + 2 FROM ran");
pass('a restart: it goes on');

# --- pause --------------------------------------------------------------------------------------
sql("SELECT bgjob.pause_schedule('tick')");
wait_until_done('tick');
is(runs('tick'), settled_seconds('tick'), 'each planned second had its run, once');
$count = runs('tick');
sql("SELECT bgjob.schedule('other', '* * * * * *', 'INSERT INTO ran VALUES (''other'')')");
poll_sql($node, "SELECT count(*) >= 3 FROM ran WHERE name = 'other'");
is(runs('tick'), $count, 'a paused schedule has no runs');
sql("SELECT bgjob.run_schedule('tick')");
poll_sql($node, "SELECT count(*) = $count + 1 FROM ran WHERE name = 'tick'");
pass('... but by hand');
sql("DELETE FROM ran; SELECT bgjob.unschedule('other')");
sql(<<'END');
BEGIN;
SELECT bgjob.resume_schedule('tick');
UPDATE made SET at = (SELECT settled_at FROM bgjob.schedule s WHERE s.name = made.name);
COMMIT;
END
poll_sql($node, "SELECT count(*) >= 2 FROM ran WHERE name = 'tick'");
sql("SELECT bgjob.pause_schedule('tick')");
wait_until_done('tick');
is(runs('tick'), settled_seconds('tick'), 'what was planned during the pause is not caught up');
sql("SELECT bgjob.unschedule('tick')");

# --- overlap: a run that takes long -------------------------------------------------------------
sub long_schedule
{
	my ($overlap) = @_;
	return sql("SELECT bgjob.schedule('$overlap', '* * * * * *', 'WITH w AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(1))"
		. " INSERT INTO ran SELECT ''$overlap'' FROM w', overlap => '$overlap')");
}
my $gate = session($node);
$gate->query_safe('SELECT pg_advisory_lock(1)');
long_schedule($_) for qw(skip queue allow);
poll_sql($node, "SELECT unfinished >= 4 FROM bgjob.schedules WHERE name = 'allow'");
poll_sql($node, "SELECT waiting >= 3 FROM bgjob.schedules WHERE name = 'queue'");
is(of_schedule('skip', 'unfinished'), 1, 'skip: one run at a time');
is(of_schedule('skip', 'waiting'), 0, '... and nothing waits');
is(of_schedule('queue', 'unfinished'), 1, 'queue: one run at a time');
is(of_schedule('allow', 'waiting'), 0, 'allow: nothing waits');
# The same schedules, which plan nothing more: what waits is run.
sql("SELECT bgjob.pause_schedule('$_')") for qw(skip allow);
sql("SELECT bgjob.schedule('queue', '\@yearly', (SELECT command FROM bgjob.schedule WHERE name = 'queue'), overlap => 'queue')");
my $allowed = of_schedule('allow', 'unfinished');
my $queued = of_schedule('queue', 'waiting');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
wait_until_done($_) for qw(skip allow);
poll_sql($node, "SELECT unfinished + waiting FROM bgjob.schedules WHERE name = 'queue'", 0);
is(runs('skip'), 1, 'skip: what came meanwhile has no run');
is(runs('queue'), $queued + 1, 'queue: what waited was run when its turn came');
is(runs('allow'), $allowed, 'allow: each had its run');
sql("SELECT bgjob.unschedule('$_')") for qw(skip queue allow);
$gate->quit;

# --- catch-up -----------------------------------------------------------------------------------
# Three times that nobody looked at, the latest half an hour ago: as if the server had been down.
my $cron = sql("SELECT extract(minute FROM now() - '30 min'::interval) || ' * * * *'");
for my $catchup (qw(none one all))
{
	schedule($catchup, $cron, "overlap => 'allow', catchup => '$catchup'");
}
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
sql("UPDATE bgjob.schedule SET settled_at = now() - interval '3 hours', next_at = now() - interval '150 min'");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'bgjob'");
$node->restart;
poll_sql($node, 'SELECT count(*) FROM bgjob.schedule WHERE next_at < now()', 0);
wait_until_done($_) for qw(none one all);
is(runs('none'), 0, 'none: what was missed has no run');
is(runs('one'), 1, 'one: it has one run');
is(runs('all'), 3, 'all: each has its run');
# A clock that is set back.
sql("UPDATE bgjob.schedule SET settled_at = now() + interval '1 hour', next_at = now()");
poll_sql($node, "SELECT count(*) FROM bgjob.schedule WHERE next_at < now() + interval '1 hour'", 0);
wait_until_done('all');
is(runs('all'), 3, 'nothing is repeated when the clock is set back');
sql("SELECT bgjob.unschedule('$_')") for qw(none one all);

# --- workflows, roles and problems --------------------------------------------------------------
sql(<<'END');
CREATE ROLE alice LOGIN;
CREATE ROLE eve LOGIN;
SELECT bgjob.grant_usage('alice'), bgjob.grant_usage('eve');
CREATE SCHEMA hers AUTHORIZATION alice;
SET ROLE alice;
SET search_path = hers;
CREATE TABLE done (who text, input jsonb);
CREATE PROCEDURE hers.flow(input jsonb) LANGUAGE plpgsql AS $$ BEGIN
	CALL bgjob.step('only', 'INSERT INTO done VALUES (current_user, $1)', args => jsonb_build_array(input));
END $$;
SELECT bgjob.schedule_workflow('flow', '* * * * * *', 'flow', '{"a": 1}');
RESET ROLE;
SET ROLE eve;
SELECT bgjob.schedule('of eve', '@yearly', 'SELECT 1', catchup => 'one');
END
poll_sql($node, 'SELECT count(*) > 1 FROM hers.done');
is(sql('SELECT DISTINCT who, input FROM hers.done'), 'alice|{"a": 1}', 'a workflow runs as the role, with the search_path and input');
sql("SELECT bgjob.unschedule('flow', 'alice')");
my $log = -s $node->logfile;
sql('DROP OWNED BY eve; DROP ROLE eve');
for (1 .. 3)
{
	sql("UPDATE bgjob.schedule SET settled_at = now() - interval '2 years', next_at = now()");
	poll_sql($node, 'SELECT next_at > now() FROM bgjob.schedule');
	like(of_schedule('of eve', 'problem'), qr/^role with OID \d+ does not exist$/, 'a role that has gone: its schedule is skipped');
}
my @lines = log_since($node, $log) =~ /schedule "of eve" of role "" cannot start its job: role with OID \d+ does not exist/g;
is(scalar @lines, 1, '... which is told once');
sql('DELETE FROM bgjob.schedule');

# --- a dispatcher stays for schedules alone -----------------------------------------------------
$node->append_conf('postgresql.conf', "bgjob.worker_idle_timeout = '1 s'");
$node->reload;
schedule('rare', '@every 7s');
poll_sql($node, "SELECT count(*) >= 2 FROM ran WHERE name = 'rare'");
pass('runs come when there is nothing in between');

# --- dump and restore ---------------------------------------------------------------------------
sql("SELECT bgjob.pause_schedule('rare'); SELECT bgjob.schedule('yearly', '\@yearly', 'SELECT \$1', '[1]', 'Asia/Tokyo', 'queue', 'all')");
wait_until_done('rare');
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', $dump ], 'restored');
my $all = 'SELECT * FROM bgjob.schedule ORDER BY id';
is($node->safe_psql('copy', $all), sql($all), 'schedules are in a dump');
$node->safe_psql('copy', "TRUNCATE ran; SELECT bgjob.resume_schedule('rare')");
poll_until(sub { $node->safe_psql('copy', 'SELECT count(*) FROM ran') > 0 }, 'a run in the restored database');
pass('and go on where it was restored');

$node->stop;
done_testing();
