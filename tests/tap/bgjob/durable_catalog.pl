# What goes or changes while durable jobs wait: roles, databases, the extension; and jobs in a dump.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = durable_node();
my ($a, $b) = map { step($_) } qw(a b);
sql($node, 'GRANT ALL ON done TO public; GRANT ALL ON SEQUENCE done_n_seq TO public');
sub new_role
{
	my ($name) = @_;
	return sql($node, "CREATE ROLE $name LOGIN; SELECT bgjob.grant_usage('$name')");
}

# ---- roles -----------------------------------------------------------------------------------------
new_role('alice');
flow($node, 'waiting', "CALL bgjob.wait_signal('go'); " . noted('session_user::text'));
my ($job) = sql($node, "SET SESSION AUTHORIZATION alice; SELECT bgjob.start('waiting')") =~ /(\d+)$/;
job_waits($node, $job, 'signal go');
sql($node, 'ALTER ROLE alice RENAME TO "Alice the 2nd"');
sql($node, "SELECT bgjob.signal($job, 'go')");
job_ends($node, $job);
is(effects($node), 'Alice the 2nd', 'the role is renamed: its job goes on under the new name');

# A role that goes: neither its jobs that are due nor those that wait disturb anybody.
new_role('bob');
sql($node, "SET SESSION AUTHORIZATION bob; SELECT bgjob.start('waiting'); SELECT bgjob.enqueue('SELECT 1', run_at => now() + '2 s') FROM generate_series(1, 3)");
poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE waits_for = 'signal go'", 1);
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bob'");
sql($node, 'DROP OWNED BY bob; DROP ROLE bob');
my $log = -s $node->logfile;
my $start = time;
forget_effects($node);
while (time - $start < 6) # its jobs have come due meanwhile
{
	job_ends($node, enqueue($node, q(INSERT INTO done (what) VALUES ('x')))) || last;
}
like(effects($node), qr/^x( x)+$/, 'the role is dropped: jobs of others run');
my @complaints = log_since($node, $log) =~ /(FATAL: .*)/g;
cmp_ok(scalar @complaints, '<', 30, '... and the log is not flooded');
poll_sql($node, 'SELECT count(*) FROM bgjob.job WHERE waits_for IS NULL AND state NOT IN (9, 10)', 0)
  && pass('its jobs that were due have failed');
sql($node, 'TRUNCATE bgjob.job, bgjob.step, bgjob.failure');

# One whose jobs others get: what a role owns is not its jobs, and a role that may not log in has to
# wait, before PostgreSQL 17, until it may again.
new_role('carol');
my ($carols) = sql($node, "SET SESSION AUTHORIZATION carol; SELECT bgjob.start('waiting')") =~ /(\d+)$/;
job_waits($node, $carols, 'signal go');
sql($node, 'REASSIGN OWNED BY carol TO alice_2; ALTER ROLE carol NOLOGIN' =~ s/alice_2/"Alice the 2nd"/r);
forget_effects($node);
$log = -s $node->logfile;
sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'carol'");
sql($node, "SELECT bgjob.signal($carols, 'go')");
if ($node->pg_version < 17)
{
	poll_until(sub { log_since($node, $log) =~ /role "carol" is not permitted to log in/ }, 'the log says why its job does not run');
	is(sql($node, "SELECT state FROM bgjob.status($carols)"), 'ready', 'ALTER ROLE NOLOGIN: its job waits');
	sql($node, 'ALTER ROLE carol LOGIN');
}
job_ends($node, $carols);
is(effects($node), 'carol', 'ALTER ROLE and REASSIGN OWNED: the job goes on as its role');

# ---- databases -------------------------------------------------------------------------------------
sub new_database
{
	my ($name) = @_;
	sql($node, "CREATE DATABASE $name");
	$node->safe_psql($name, <<"END");
CREATE EXTENSION bgjob;
CREATE TABLE done (n serial, what text);
CREATE PROCEDURE waiting(input jsonb) LANGUAGE plpgsql AS \$\$ BEGIN $a CALL bgjob.wait_signal('go'); $b END \$\$;
END
	my $job = $node->safe_psql($name, "SELECT bgjob.start('waiting')");
	poll_until(sub { $node->safe_psql($name, "SELECT count(*) FROM bgjob.job WHERE waits_for = 'signal go'") == 1 }, 'its job waits');
	return $job;
}
new_database('going');
my ($code, $message) = psql_error($node, 'DROP DATABASE going');
is($code, '', "DROP DATABASE while its jobs wait ($message)");
$node->psql('postgres', 'DROP DATABASE IF EXISTS going WITH (FORCE)');
is(sql($node, "SELECT count(*) FROM pg_database WHERE datname = 'going'"), 0, 'DROP DATABASE WITH (FORCE)');
new_database('forced');
$log = -s $node->logfile;
is((psql_error($node, 'DROP DATABASE forced WITH (FORCE)'))[0], '', '... while its dispatcher is there');
new_database('busy');
$node->safe_psql('busy', "SELECT bgjob.enqueue('SELECT pg_sleep(100)') FROM generate_series(1, 3)");
poll_sql($node, "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'busy' AND wait_event = 'PgSleep'");
is((psql_error($node, 'DROP DATABASE busy WITH (FORCE)'))[0], '', '... and while its jobs run');
$start = time;
while (time - $start < 3)
{
	job_ends($node, enqueue($node, 'SELECT 1')) || last;
}
@complaints = log_since($node, $log) =~ /(FATAL: .*does not exist)/g;
cmp_ok(scalar @complaints, '<', 10, 'the log is not flooded when a database has gone');

# A database that is made from one with jobs has them, too, and so has a dump. There they rest, for
# nobody but who restores it knows when all is there; a first change of any kind wakes them.
my $id = new_database('origin');
$node->safe_psql('origin', q(CREATE PROCEDURE sleeping(input jsonb) LANGUAGE plpgsql AS $$ BEGIN CALL bgjob.sleep('1 h'); CALL bgjob.step('woke', 'INSERT INTO done (what) VALUES (''woke'')'); END $$));
my $sleeper = $node->safe_psql('origin', "SELECT bgjob.start('sleeping')");
poll_until(sub { $node->safe_psql('origin', "SELECT count(*) FROM bgjob.job WHERE waits_for = 'time'") == 1 }, 'a job sleeps');
poll_until(
	sub {
		sql($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'origin'");
		$node->psql('postgres', 'CREATE DATABASE twin TEMPLATE origin') == 0;
	},
	'a copy of the database');
my $dump = $node->basedir . '/origin.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'origin' ], 'a dump with live jobs');
sql($node, 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', 'restored', $dump ], '... is restored');
$node->safe_psql('origin', "SELECT bgjob.cancel($sleeper)");
for my $name ('restored', 'twin')
{
	$node->safe_psql($name, "UPDATE bgjob.$_ SET due_at = now() WHERE due_at < 'infinity'") for 'step', 'job';
	is($node->safe_psql($name, "SELECT state FROM bgjob.status($sleeper)"), 'ready', "$name: a job that is due rests");
	is(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE datname = '$name' AND backend_type LIKE 'bgjob%'"), 0, '... and nothing runs there');
	$node->safe_psql($name, "SELECT bgjob.resume_queue('default')");
	poll_until(sub { $node->safe_psql($name, "SELECT count(*) FROM done WHERE what = 'woke'") == 1 }, "it is woken in $name") && pass('... until the database is told to go on');
}
for my $name ('origin', 'restored', 'twin')
{
	poll_until(sub { $node->safe_psql($name, 'SELECT count(*) FROM bgjob.job') == 1 }, 'one job is left');
	$node->safe_psql($name, "DELETE FROM done WHERE what = 'woke'");
	is($node->safe_psql($name, "SELECT id, state, waits_for FROM bgjob.job"), "$id|5|signal go", "$name: the job is there");
	$node->safe_psql($name, "SELECT bgjob.signal($id, 'go')");
	poll_until(sub { $node->safe_psql($name, 'SELECT count(*) FROM bgjob.job') == 0 }, 'it ends');
	is($node->safe_psql($name, "SELECT string_agg(what, ' ' ORDER BY n) FROM done"), 'a b', '... and goes on');
	cmp_ok($node->safe_psql($name, "SELECT bgjob.enqueue('SELECT 1')"), '>', $id, '... and ids go on after it');
}

# ---- the extension ---------------------------------------------------------------------------------
forget_effects($node);
flow($node, 'sleeping', "$a CALL bgjob.sleep('1 h'); $b");
my @jobs = (start_flow($node, 'sleeping'), start_flow($node, 'waiting'));
job_waits($node, $jobs[0], 'time');
job_waits($node, $jobs[1], 'signal go');
$log = -s $node->logfile;
sql($node, 'DROP EXTENSION bgjob');
is(effects($node), 'a', 'DROP EXTENSION while jobs wait');
sql($node, 'CREATE EXTENSION bgjob');
job_ends($node, enqueue($node, q(INSERT INTO done (what) VALUES ('anew'))));
is(run_flow($node, $b), 'b', '... and CREATE EXTENSION: jobs run');
is(sql($node, 'SELECT count(*) FROM bgjob.job'), 0, '... and the former ones have gone');
forget_effects($node);
enqueue($node, q(INSERT INTO done (what) VALUES ('running')), q(run_at => now()));
enqueue($node, q(SELECT pg_sleep(0.5)));
sql($node, q(ALTER SYSTEM SET deadlock_timeout = '50 ms'; SELECT pg_reload_conf()));
# It locks the tables in an order of its own: one of these takes them in the opposite one.
my ($user, $dropper) = (session($node), session($node));
for my $calls (['bgjob.enqueue(\'SELECT 1\')', 'bgjob.fetch_task(\'q\', \'w\')'], ['bgjob.fetch_task(\'q\', \'w\')', 'bgjob.enqueue(\'SELECT 1\')'])
{
	my $pid = backend_pid($dropper);
	$user->query_safe("BEGIN; SELECT count(*) FROM $calls->[0]");
	run_in_background($dropper, 'DROP EXTENSION bgjob');
	poll_sql($node, "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $pid", 'Lock');
	like($user->query("SELECT 'has ' || count(*) FROM $calls->[1]"), qr/has \d/, "DROP EXTENSION is no deadlock with $calls->[0] and then $calls->[1]");
	$user->query('COMMIT');
	$dropper->query('SELECT 0');
	is(sql($node, "SELECT count(*) FROM pg_extension WHERE extname = 'bgjob'"), 0, '... and is done');
	sql($node, 'DROP EXTENSION IF EXISTS bgjob; CREATE EXTENSION bgjob');
}
$_->quit for $user, $dropper;
flow($node, 'sleeping', "$a CALL bgjob.sleep('1 s'); $b");
for my $round (1 .. 5) # in the midst of work
{
	sql($node, "SELECT bgjob.enqueue('SELECT 1') FROM generate_series(1, 200)");
	sql($node, "SELECT bgjob.start('sleeping') FROM generate_series(1, 50)");
	poll_sql($node, 'SELECT count(*) > 20 FROM bgjob.job_run');
	is((psql_error($node, 'DROP EXTENSION bgjob; CREATE EXTENSION bgjob'))[0], '', "DROP and CREATE EXTENSION while jobs run, $round");
}
job_ends($node, enqueue($node, q(INSERT INTO done (what) VALUES ('last'))));
like(effects($node), qr/last$/, '... and jobs run');
unlike(log_since($node, $log), qr/could not open relation|cache lookup failed/, '... without an internal error');

$node->stop;
done_testing();
