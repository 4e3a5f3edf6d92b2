# Signals: a mailbox in order, kept from the moment the job is there until they are taken.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;
use Time::HiRes qw(time);

my $node = durable_node(conf => 'max_connections = 80');
my ($a, $b) = map { step($_) } qw(a b);
sub taken { return "CALL bgjob.wait_signal('$_[0]', result => r" . (defined $_[1] ? ", timeout => '$_[1]'" : '') . "); " . noted("coalesce(r::text, 'none')") }
sub signal
{
	my ($job, $arguments) = @_;
	return sql($node, "SELECT bgjob.signal($job, $arguments)");
}

# ---- one by one ------------------------------------------------------------------------------------
flow($node, 'one', $a . taken('go') . $b);
my $job = start_flow($node, 'one');
job_waits($node, $job, 'signal go');
is(effects($node), 'a', 'a workflow waits for a signal');
is(sql($node, "SELECT state, due_at FROM bgjob.job WHERE id = $job"), '5|infinity', '... for ever');
signal($job, q('other', '1'));
signal($job, q('go', '{"x": [1, null]}'));
job_ends($node, $job);
is(effects($node), 'a {"x": [1, null]} b', '... and gets its payload; one of another name is left');
is(sql($node, 'SELECT count(*) FROM bgjob.signal'), 0, 'what nobody took goes with the job');
like((psql_error($node, "SELECT bgjob.signal($job, 'go')"))[1], qr/^job $job does not exist/, 'a signal to a job that has ended');

for (['without a payload', "'go'", 'null'], ['with JSON null', "'go', 'null'", 'null'], ['with text', q('go', '"it''s"'), q("it's")], ['with a number', q('go', '1e2'), '100'])
{
	my ($title, $arguments, $expected) = @$_;
	forget_effects($node);
	$job = start_flow($node, 'one');
	signal($job, $arguments);
	job_ends($node, $job);
	is(effects($node), "a $expected b", "a signal $title");
}

# ---- before the wait -------------------------------------------------------------------------------
forget_effects($node);
$job = sql($node, "SELECT bgjob.start('one') AS job \\gset \n SELECT bgjob.signal(:job, 'go', '2') \\g /dev/null\n SELECT :job");
job_ends($node, $job);
is(effects($node), 'a 2 b', 'a signal before the wait');
forget_effects($node);
$job = sql($node, "BEGIN; SELECT bgjob.start('one') AS job \\gset \n SELECT bgjob.signal(:job, 'go', '3') \\g /dev/null\n COMMIT; SELECT :job");
job_ends($node, $job);
is(effects($node), 'a 3 b', 'a signal in the transaction of start');
forget_effects($node);
$job = sql($node, "BEGIN; SELECT bgjob.start('one') AS job \\gset \n SAVEPOINT s; SELECT bgjob.signal(:job, 'go', '4') \\g /dev/null\n ROLLBACK TO s; SELECT bgjob.signal(:job, 'go', '5') \\g /dev/null\n COMMIT; SELECT :job");
job_ends($node, $job);
is(effects($node), 'a 5 b', 'one that is rolled back was never sent');
forget_effects($node);
$job = start_flow($node, 'one', q(run_at => now() + '1 h'));
signal($job, q('go', '6'));
is(sql($node, "SELECT due_at > now() FROM bgjob.job WHERE id = $job"), 't', 'a signal does not start a job before its time');
sql($node, "UPDATE bgjob.job SET due_at = now() WHERE id = $job; SELECT bgjob.enqueue('SELECT 1')");
job_ends($node, $job);
is(effects($node), 'a 6 b', '... and waits for it');
is_effect($node, "CALL bgjob.step('send', 'SELECT bgjob.signal(job.id, ''go'', ''7'') FROM bgjob.job'); " . taken('go'), '7', 'a step may send a signal to its own workflow');

# ---- many ------------------------------------------------------------------------------------------
flow($node, 'many', "FOR k IN 1 .. (input)::int LOOP CALL bgjob.wait_signal('go', result => r); " . noted('r::text') . ' END LOOP;');
forget_effects($node);
$job = start_flow($node, 'many', "'300'");
sql($node, "SELECT bgjob.signal($job, CASE WHEN g % 3 = 0 THEN 'other' ELSE 'go' END, to_jsonb(g)) FROM generate_series(1, 449) g");
job_ends($node, $job);
is(sql($node, 'SELECT count(*), count(DISTINCT what) FROM done'), '300|300', 'many signals are taken once each');
is(sql($node, 'SELECT count(*) FROM (SELECT what::int - lag(what::int) OVER (ORDER BY n) AS step FROM done) x WHERE step < 1'), 0, '... in their order');

# 50 senders at once, while the workflow takes them.
forget_effects($node);
$job = start_flow($node, 'many', "'500'");
my $script = $node->basedir . '/send.sql';
PostgreSQL::Test::Utils::append_to_file($script, "SELECT bgjob.signal($job, 'go', to_jsonb(:client_id::int));\n");
$node->command_ok([ 'pgbench', '-n', '-c', 50, '-t', 10, '-f', $script, 'postgres' ], '50 senders at once');
job_ends($node, $job);
is(sql($node, 'SELECT count(*), count(DISTINCT what), min(c), max(c) FROM (SELECT what, count(*) OVER (PARTITION BY what) AS c FROM done) x'), '500|50|10|10', '... and none of their signals is lost');

# ---- limits ----------------------------------------------------------------------------------------
$job = start_flow($node, 'one', q(run_at => '3000-01-01'));
is(sql($node, "SELECT count(bgjob.signal($job, 'x')) FROM generate_series(1, 100)"), 100, 'signals for a job that never begins');
sql($node, "INSERT INTO bgjob.signal SELECT $job, 1, nextval('bgjob.signal_id'), now(), 'x', NULL FROM generate_series(1, 9899)");
signal($job, "'x'");
is(join(' ', psql_error($node, "SELECT bgjob.signal($job, 'x')")), "53400 mailbox of job $job is full", 'the mailbox has a limit');
sql($node, "DELETE FROM bgjob.signal WHERE job = $job; DELETE FROM bgjob.job WHERE id = $job");
$job = start_flow($node, 'one', q(run_at => '3000-01-01'));
is((psql_error($node, "SELECT bgjob.signal($job, 'x', to_jsonb(repeat('x', 2000000)))"))[0], '54000', 'a payload that is too large');
is((psql_error($node, "SELECT bgjob.signal($job, '')"))[0], '22023', 'a signal without a name');
is((psql_error($node, "SELECT bgjob.signal($job, repeat('x', 256))"))[0], '22023', 'one with a long name');
is((psql_error($node, "SELECT bgjob.signal($job, NULL)"))[0], '22004', 'one whose name is null');
is((psql_error($node, "SELECT bgjob.signal(NULL, 'x')"))[0], '22004', 'one to nobody');
is((psql_error($node, "SELECT bgjob.signal($_, 'x')"))[0], '42704', "one to job $_") for 0, -1, 999999999;
my $plain = enqueue($node, 'SELECT 1', q(run_at => '3000-01-01'));
is((psql_error($node, "SELECT bgjob.signal($plain, 'x')"))[0], '42809', 'one to a plain job');
sql($node, "DELETE FROM bgjob.job WHERE id IN ($job, $plain)");

# ---- with a limit of time --------------------------------------------------------------------------
is_effect($node, $a . taken('go', '30 ms') . $b, 'a none b', 'a wait that is over gives null');
is_effect($node, taken('go', $_), 'none', "timeout => $_") for '0', '-1 day';
is_effect($node, "CALL bgjob.wait_signal('go', timeout => '10 ms'); $a", 'a', 'a wait whose result is not wanted');
is_effect($node, "FOR k IN 1 .. 3 LOOP " . taken('go', '5 ms') . ' END LOOP;', 'none none none', 'in a loop');
flow($node, 'limited', taken('go', '100 ms') . "CALL bgjob.sleep('100 ms');" . taken('go', '1 min'));
forget_effects($node);
$job = start_flow($node, 'limited');
poll_sql($node, "SELECT coalesce((SELECT what FROM done), '')", 'none');
signal($job, q('go', '1'));
job_ends($node, $job);
is(effects($node), 'none 1', 'a wait that timed out takes nothing from the next');
is_effect($node, "BEGIN " . taken('go', '5 ms') . " EXCEPTION WHEN OTHERS THEN NULL; END; $a", 'none a', 'in a block with EXCEPTION');
is_effect($node, taken('go', '0') . "CALL bgjob.step('send', 'SELECT bgjob.signal(id, ''go'', ''1'') FROM bgjob.job');" . taken('go', '0'), 'none 1', 'a timeout of 0 takes what is there');

# ---- across restarts -------------------------------------------------------------------------------
for my $mode ('fast', 'immediate')
{
	forget_effects($node);
	my @jobs = map { start_flow($node, 'one') } 1 .. 3;
	job_waits($node, $_, 'signal go') for @jobs;
	my $timed = sql($node, "SELECT bgjob.start('limited')");
	signal($jobs[0], q('other', '0'));
	$node->stop($mode);
	$node->start;
	job_waits($node, $_, 'signal go') && pass("stop -m $mode: the job waits as before") for @jobs;
	signal($_, q('go', '1')) for @jobs;
	job_ends($node, $_) for @jobs;
	is(sql($node, "SELECT string_agg(what, ' ' ORDER BY what) FROM done WHERE what <> 'none'"), '1 1 1 a a a b b b', '... and get signals afterwards');
	signal($timed, q('go', '2'));
	job_ends($node, $timed);
}

# A signal whose dispatcher died before it could wake anybody.
forget_effects($node);
$job = start_flow($node, 'one');
job_waits($node, $job, 'signal go');
my ($pid) = processes_of($node, qr/bgjob dispatcher/);
kill('STOP', $pid);
signal($job, q('go', '1'));
kill('TERM', $pid);
kill('CONT', $pid);
my $start = time;
job_ends($node, $job);
is(effects($node), 'a 1 b', 'a signal is not lost with the dispatcher');
cmp_ok(time - $start, '<', 15, '... and does not wait for long');

$node->stop;
done_testing();
