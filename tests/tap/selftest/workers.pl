# Workers: started and registered, stopped, reloaded, restarted after a failure.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(extensions => ['selftest'], conf => "max_worker_processes = 6\n"
	  . "selftest.naptime = '100ms'\nlog_min_messages = info");
$node->safe_psql('postgres', 'CREATE TABLE ticks (what text)');

my $seen = 0;    # how much of the log was looked at

# Forgets the log so far.
sub forget_log
{
	$seen = -s $node->logfile;
	return;
}

sub log_has
{
	my ($pattern, $what) = @_;
	my $ok = poll_until(sub { substr(slurp_file($node->logfile), $seen) =~ $pattern }, $what);
	return ok($ok, $what);
}

sub log_lacks
{
	my ($pattern, $what) = @_;
	return unlike(substr(slurp_file($node->logfile), $seen), $pattern, $what);
}

sub set
{
	my ($setting) = @_;
	$node->append_conf('postgresql.conf', "selftest.$setting");
	$node->reload;
	return;
}

sub start
{
	my ($arguments) = @_;
	forget_log();
	return $node->safe_psql('postgres', "SELECT selftest.start_worker($arguments)");
}

sub gone
{
	my ($pid) = @_;
	return poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", '0');
}

sub ticking
{
	my ($what) = @_;
	$node->safe_psql('postgres', 'TRUNCATE ticks');
	return ok(poll_sql($node, 'SELECT count(*) > 1 FROM ticks'), $what);
}

# --- handles -------------------------------------------------------------------------------
for my $worker ('polite_worker', 'prompt_worker', 'plain_worker')
{
	is($node->safe_psql('postgres', "SELECT selftest.worker_life('$worker')"),
		'started, has a pid, stopped, stopped, has no pid', "$worker: its life");
}

ok(slurp_file($node->logfile) =~ /runs without a database/, 'a worker needs no database');

# --- SIGTERM -------------------------------------------------------------------------------
my $pid = start("'polite_worker', '', 1");
ok($pid > 0, 'polite: started');
ok(poll_sql($node, "SELECT backend_type FROM pg_stat_activity WHERE pid = $pid", 'selftest'),
	'polite: its type shows');
ticking('polite: it works');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
log_has(qr/destructor ran/, 'polite: SIGTERM unwinds');
log_has(qr/worker: exit callback, code 1/, 'polite: and exits with 1');
log_has(qr/\[\d+\].*selftest worker: started.*selftest worker: started/s,
	'polite: so that it is started again');
$pid = $node->safe_psql('postgres',
	"SELECT pid FROM pg_stat_activity WHERE backend_type = 'selftest'");

# --- reload, failures, restart -------------------------------------------------------------
forget_log();
set("naptime = '50ms'");
log_has(qr/reloaded, naptime 50/, 'reload');

forget_log();
set("worker_action = 'throw'");
log_has(qr/ERROR:  worker failed on purpose/, 'an exception is logged');
gone($pid);
set("worker_action = 'nothing'");
log_has(qr/exit callback, code 1/, 'and exits with 1');
ticking('restarted after an exception');
$pid = $node->safe_psql('postgres',
	"SELECT pid FROM pg_stat_activity WHERE backend_type = 'selftest'");

forget_log();
set("worker_action = 'server failure'");
log_has(qr/ERROR:  division by zero/, 'a server error is logged');
gone($pid);
is(() = substr(slurp_file($node->logfile), $seen) =~ /\[$pid\].*ERROR:/g, 1, 'once');
set("worker_action = 'rollback'");
log_has(qr/ERROR:  worker gave up its transaction/, 'a transaction that fails');
set("worker_action = 'nothing'");
ticking('restarted after a rollback');
is($node->safe_psql('postgres', "SELECT count(*) FROM ticks WHERE what <> 'tick'"),
	'0', 'its transaction left nothing');

forget_log();
set("worker_action = 'return'");
log_has(qr/destructor ran.*exit callback, code 0/s, 'a return exits with 0');
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'selftest'", '0');
set("worker_action = 'nothing'");

# --- never restarted, prompt ---------------------------------------------------------------
$pid = start("'prompt_worker'");
log_has(qr/worker: started/, 'prompt: started');
forget_log();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
log_has(qr/FATAL:  terminating background worker/, 'prompt: SIGTERM is FATAL');
log_has(qr/exit callback, code 1/, 'prompt: exits with 1');
log_lacks(qr/destructor ran/, 'prompt: nothing unwinds');
gone($pid);

# --- no slot -------------------------------------------------------------------------------
# One more worker than there can be: the server's own logical replication launcher has a slot, too.
my $session = session($node);
my @pids = map { $session->query("SELECT coalesce(selftest.start_worker('polite_worker'), 0)") }
  1 .. 7;
my @started = grep { $_ > 0 } @pids;
cmp_ok(scalar @started, '>=', 4, 'workers run until slots are gone');
is($pids[-1], '0', 'no slot: no worker, and no error');
# A process that has started is not yet one that can be seen.
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'selftest'",
	scalar @started);
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
	  . " WHERE backend_type = 'selftest'");
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'selftest'", '0');
$session->quit;

# --- a worker description that does not fit --------------------------------------------------
is_deeply([ psql_error($node, "SELECT selftest.start_worker('polite_worker', repeat('x', 128))") ],
	[ '22023', '"' . 'x' x 128 . '" is too long' ], 'text that does not fit is refused');

# --- SIGHUP between fork and the worker's signal handlers ------------------------------------
my $gate = $node->basedir . '/gate';
start("'polite_worker', 'gate $gate', -1, false");
ok(poll_until(sub { -e "$gate.reached" }, 'the worker is being loaded'), 'at the gate');
set("naptime = '77ms'");
poll_sql($node, 'SHOW selftest.naptime', '77ms');
append_to_file($gate, '');
log_has(qr/started, naptime 77/, 'a reload while the worker starts is not lost');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
	  . " WHERE backend_type = 'selftest'");

# --- by OID, as a role without the right to log in -------------------------------------------
$node->safe_psql('postgres', 'CREATE ROLE may_not LOGIN; CREATE ROLE may LOGIN;'
	  . ' ALTER ROLE may_not NOLOGIN');
sub start_as
{
	my ($role) = @_;
	my $extra = $node->safe_psql('postgres', "SELECT d.oid || ' ' || r.oid FROM pg_database d,"
		  . " pg_roles r WHERE datname = current_database() AND rolname = '$role'");
	start("'role_worker', '$extra'");
	return;
}
start_as('may');
log_has(qr/connected as may$/m, 'by OID');
start_as('may_not');
if ($node->safe_psql('postgres', 'SHOW server_version_num') >= 170000)
{
	log_has(qr/connected as may_not$/m, 'by OID, past the login check');
}
else
{
	log_has(qr/FATAL:  role "may_not" is not permitted to log in/, 'no way past the login check');
}

# --- registered while preloading -------------------------------------------------------------
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'selftest'\nselftest.register_worker = on");
$node->restart;
ticking('registered: it runs from the start');
forget_log();
set("worker_action = 'throw'");
log_has(qr/ERROR:  worker failed on purpose/, 'registered: fails');
set("worker_action = 'nothing'");
ticking('registered: and is restarted');

$node->stop;
done_testing();
