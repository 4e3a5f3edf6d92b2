# Durable jobs in a small pool, without preloading, and after restarts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my ($a, $b) = map { step($_) } qw(a b);

# ---- one worker ------------------------------------------------------------------------------------
my $node = durable_node(name => 'small', conf => "max_worker_processes = 8\nbgjob.max_workers = 1\nrestart_after_crash = on");
sql($node, 'GRANT ALL ON done TO public; GRANT ALL ON SEQUENCE done_n_seq TO public');
sql($node, "CREATE ROLE role$_ LOGIN; SELECT bgjob.grant_usage('role$_')") for 1 .. 4;
flow($node, 'mixed', "$a CALL bgjob.sleep('10 ms'); BEGIN $a EXCEPTION WHEN OTHERS THEN NULL; END; CALL bgjob.wait_signal('go'); $b");
sql($node, "SET SESSION AUTHORIZATION role$_; SELECT bgjob.start('mixed') FROM generate_series(1, 10)") for 1 .. 4;
poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE waits_for = 'signal go'", 40);
is(sql($node, "SELECT count(*) FROM done WHERE what = 'a'"), 80, 'one worker for four roles: 40 workflows wait at a time');
cmp_ok(sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob worker'"), '<=', 1, '... and there is one worker at most');
sql($node, "SELECT bgjob.signal(id, 'go') FROM bgjob.job");
jobs_end($node);
is(sql($node, "SELECT count(*) FROM done WHERE what = 'b'"), 40, '... and all go on');

# A job that takes long does not keep those that are due from being done when it is over.
forget_effects($node);
enqueue($node, 'SELECT pg_sleep(1)');
enqueue($node, q(INSERT INTO done (what) VALUES ('later'))) for 1 .. 5;
jobs_end($node);
is(effects($node), 'later later later later later', 'jobs behind a long one');

# The worker dies in the middle of each.
forget_effects($node);
flow($node, 'dying', "$a CALL bgjob.step('kill', 'SELECT CASE WHEN nextval(''lives'') < 3 THEN pg_terminate_backend(pg_backend_pid()) END, pg_sleep(0.1)'); $b");
sql($node, 'CREATE SEQUENCE lives');
job_ends($node, start_flow($node, 'dying'));
is(effects($node), 'a b', 'a step that ended its worker twice is done at last');
$node->stop;

# ---- many workers ----------------------------------------------------------------------------------
$node = durable_node(name => 'large');
forget_effects($node);
my $long = enqueue($node, 'SELECT pg_sleep(600)');
my $sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
poll_sql($node, $sleeping, 1);
enqueue($node, q(INSERT INTO done (what) VALUES ('short'))) for 1 .. 5;
poll_sql($node, 'SELECT count(*) FROM done', 5);
is(sql($node, $sleeping), 1, 'a long job does not hold up those that come later');
sql($node, "SELECT bgjob.cancel($long)");
jobs_end($node);
forget_effects($node);
($long) = split /\n/, sql($node, "BEGIN; SELECT bgjob.enqueue('SELECT pg_sleep(600)'); SELECT bgjob.enqueue('INSERT INTO done (what) VALUES (''short'')') FROM generate_series(1, 5); COMMIT");
poll_sql($node, 'SELECT count(*) FROM done', 5);
poll_sql($node, $sleeping, 1) && pass('... nor those that come with it');
sql($node, "SELECT bgjob.cancel($long)");
jobs_end($node);

# A worker takes each of these soon enough, but one after the other they would take long.
sql($node, "SELECT count(bgjob.enqueue('SELECT pg_sleep(0.01)')) FROM generate_series(1, 4000)");
poll_sql($node, "SELECT count(*) >= 4 FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND state = 'active'");
pass('jobs that wait get more workers than there are processors');
jobs_end($node);
$node->stop;

# ---- not preloaded ---------------------------------------------------------------------------------
$node = durable_node(name => 'bare', preload => 0, conf => 'restart_after_crash = on');
is(run_flow($node, "$a CALL bgjob.sleep('20 ms'); BEGIN $b EXCEPTION WHEN OTHERS THEN NULL; END;"), 'a b', 'not preloaded: a workflow runs');
flow($node, 'sleeping', "$a CALL bgjob.sleep('4 s'); $b");
for my $mode ('fast', 'immediate')
{
	forget_effects($node);
	my $job = start_flow($node, 'sleeping');
	job_waits($node, $job, 'time');
	$node->stop($mode);
	$node->start;
	job_ends($node, enqueue($node, 'SELECT 1')); # the first call wakes the others
	job_ends($node, $job);
	is(effects($node), 'a b', "not preloaded, stop -m $mode: jobs resume with the first call");
}
forget_effects($node);
my $job = start_flow($node, 'sleeping');
job_waits($node, $job, 'time');
my ($pid) = processes_of($node, qr/bgjob worker/);
kill_backend($pid);
poll_sql($node, 'SELECT 1', 1);
job_ends($node, enqueue($node, 'SELECT 1'));
job_ends($node, $job);
is(effects($node), 'a b', 'not preloaded: jobs survive a crash');
$node->stop;

# ---- a database that another one does not wait for ------------------------------------------------------
$node = durable_node(name => 'two');
sql($node, 'CREATE DATABASE second');
$node->safe_psql('second', 'CREATE EXTENSION bgjob; CREATE TABLE done (what text)');
$node->safe_psql('second', "SELECT bgjob.enqueue('INSERT INTO done VALUES (''second'')', run_at => now() + '2 s')");
enqueue($node, q(INSERT INTO done (what) VALUES ('first')), q(run_at => now() + '2 s'));
$node->restart;
poll_sql($node, 'SELECT count(*) FROM done', 1, 30);
poll_until(sub { $node->safe_psql('second', 'SELECT count(*) FROM done') == 1 }, 'the second database', 30);
pass('after a restart jobs of all databases resume by themselves');
$node->stop;
done_testing();
