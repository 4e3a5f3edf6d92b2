# Processes behind durable jobs that die, fail, leave or are not let in: what was on its way arrives,
# and nobody else is held up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => "max_prepared_transactions = 2\nlog_min_messages = info");
my $dispatcher = "SELECT coalesce(min(pid), 0) FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher' AND datname = 'postgres'";

# Ends the dispatcher; another one is started.
sub new_dispatcher
{
	my $old = sql($node, $dispatcher);
	sql($node, "SELECT pg_terminate_backend($old, 20000)") if $old;
	poll_sql($node, "SELECT x NOT IN (0, $old) FROM ($dispatcher) d(x)");
	return;
}

# ---- a job that ends its worker ---------------------------------------------------------------------
sql($node, 'CREATE SEQUENCE lives');
my $job = enqueue($node, "DO \$\$ BEGIN PERFORM nextval('lives'), pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END \$\$");
poll_sql($node, "SELECT state, sqlstate FROM bgjob.job WHERE id = $job", '10|57P01');
is(sql($node, 'SELECT last_value FROM lives'), 3, 'a job that ends its worker is in quarantine after three times');
job_ends($node, enqueue($node, 'SELECT 1'));
sql($node, "SELECT bgjob.cancel($job)");
job_ends($node, $job);

flow($node, 'suicide', "CALL bgjob.step('s', 'SELECT nextval(''lives'')'); PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1);");
$job = start_flow($node, 'suicide');
poll_sql($node, "SELECT state, sqlstate FROM bgjob.job WHERE id = $job", '10|57P01');
is(sql($node, 'SELECT last_value FROM lives'), 4, '... and so is a workflow, whose step is done once');
sql($node, "SELECT bgjob.cancel($job)");
job_ends($node, $job);

# ---- an event that only the dispatcher knew of ------------------------------------------------------
flow($node, 'waiting', "CALL bgjob.wait_signal('go');" . step('gone on'));
$job = start_flow($node, 'waiting');
job_waits($node, $job, 'signal go');
my $session = session($node);
$session->query_safe("BEGIN; SELECT bgjob.pause($job)"); # the row is locked: nobody can wake the job
sql($node, "SELECT bgjob.signal($job, 'go')");
job_ends($node, enqueue($node, 'SELECT 1')); # by then the dispatcher has taken the event
new_dispatcher();
$session->query_safe('ROLLBACK');
job_ends($node, $job);
is(effects($node), 'gone on', 'an event is not lost with the dispatcher that had taken it');

# The wish to cancel a job whose row its worker has locked.
forget_effects($node);
$session->query_safe('SELECT pg_advisory_lock(7)');
$job = enqueue($node, "SELECT pg_advisory_lock(7)");
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND wait_event = 'advisory'", 1);
is((psql_error($node, "BEGIN; SELECT bgjob.cancel($job); PREPARE TRANSACTION 'c'"))[0], '0A000',
	'a transaction that has cancelled a running job cannot be prepared');
$session->query_safe('SELECT pg_advisory_unlock(7)');
job_ends($node, $job);

# ---- prepared transactions --------------------------------------------------------------------------
for my $restart (0, 1)
{
	forget_effects($node);
	$job = start_flow($node, 'waiting');
	job_waits($node, $job, 'signal go');
	sql($node, "BEGIN; SELECT bgjob.signal($job, 'go'); PREPARE TRANSACTION 'p'");
	sql($node, "BEGIN; SELECT bgjob.enqueue('INSERT INTO done (what) VALUES (''queued'')'); PREPARE TRANSACTION 'q'");
	$session->quit if $restart;
	$node->restart if $restart;
	sql($node, "COMMIT PREPARED '$_'") for 'p', 'q';
	jobs_end($node);
	is(join(' ', sort split / /, effects($node)), 'gone on queued', 'a signal and a job of prepared transactions arrive' . ($restart ? ' after a restart' : ''));
}

# ---- a dispatcher that fails ------------------------------------------------------------------------
SKIP:
{
	skip 'needs a build with fault points', 1 unless sql($node, "SELECT count(*) FROM pg_proc WHERE proname = 'inject'");
	my $log = -s $node->logfile;
	sql($node, "SELECT bgjob.inject('in_dispatch', 'error')");
	enqueue($node, 'SELECT 1');
	poll_until(sub { (() = log_since($node, $log) =~ /injected error/g) >= 4 }, 'some failures');
	my ($first, $last) = (log_since($node, $log) =~ /^(\S+ \S+) .*injected error/gm)[ 0, 3 ];
	sql($node, "SELECT bgjob.inject('in_dispatch', 'off')");
	jobs_end($node);
	cmp_ok(sql($node, "SELECT extract(epoch FROM timestamp '$last' - timestamp '$first')"), '>', 0.5, 'a dispatcher that fails is started again after pauses');
}

# ---- a database that nobody may connect to ----------------------------------------------------------
sql($node, 'CREATE DATABASE closed');
$node->safe_psql('closed', 'CREATE EXTENSION bgjob; CREATE TABLE done (what text)');
my $inside = session($node, dbname => 'closed');
sql($node, 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
sql($node, "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE backend_type = 'bgjob dispatcher' AND datname = 'closed'");
my $log = -s $node->logfile;
$inside->query_safe("SELECT bgjob.enqueue('INSERT INTO done VALUES (1)')");
$inside->quit;
poll_until(sub { (() = log_since($node, $log) =~ /database "closed" is not currently accepting connections/g) >= 4 }, 'failed starts');
sql($node, 'ALTER DATABASE closed ALLOW_CONNECTIONS true');
poll_until(sub { $node->safe_psql('closed', 'SELECT count(*) FROM done') == 1 }, 'a job of the database that was closed');
pass('a dispatcher that cannot connect is tried again until it can');

# ---- a role that cannot connect ---------------------------------------------------------------------
sql($node, "CREATE ROLE kept LOGIN; SELECT bgjob.grant_usage('kept')");
sql($node, 'REVOKE CONNECT ON DATABASE postgres FROM public');
$log = -s $node->logfile;
$job = sql($node, "SET ROLE kept; SELECT bgjob.enqueue('SELECT 1')") =~ s/\D//gr;
poll_until(sub { (() = log_since($node, $log) =~ /permission denied for database "postgres"/g) >= 4 }, 'refused starts');
my @times = log_since($node, $log) =~ /^(\S+ \S+) .*permission denied for database "postgres"/gm;
cmp_ok(sql($node, "SELECT extract(epoch FROM timestamp '$times[3]' - timestamp '$times[0]')"), '>', 5, 'workers of a role that cannot connect are started ever later');
is(sql($node, 'SELECT job, why FROM bgjob.stuck()'), "$job|its role cannot connect: SQLSTATE 42501", '... and it is told why');
sql($node, 'GRANT CONNECT ON DATABASE postgres TO public');
job_ends($node, $job);
is(sql($node, 'SELECT * FROM bgjob.refused_roles()'), '', 'until it can');
$node->stop;
done_testing();
