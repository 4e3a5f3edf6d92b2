# Whose job it is, and what of a worker's session one job leaves to the next: nothing.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => 'bgjob.max_workers = 1');
sql($node, <<'END');
CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE chief LOGIN IN ROLE alice;
SELECT bgjob.grant_usage('alice'), bgjob.grant_usage('bob'), bgjob.grant_usage('chief');
GRANT bob TO alice;
GRANT ALL ON done TO public; GRANT ALL ON SEQUENCE done_n_seq TO public; GRANT ALL ON SCHEMA public TO public;
CREATE TABLE state (kind text, what text); GRANT ALL ON state TO public;
-- What of a session other jobs could have left.
CREATE VIEW leftovers AS
	SELECT concat_ws(' ', 'work_mem=' || current_setting('work_mem'), 'path=' || current_setting('search_path'),
		'user=' || current_user, 'session=' || session_user, 'app.x=' || coalesce(current_setting('app.x', true), ''),
		'isolation=' || current_setting('transaction_isolation'), 'timezone=' || current_setting('TimeZone'),
		'temp=' || (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
		'prepared=' || (SELECT count(*) FROM pg_prepared_statements),
		'cursors=' || (SELECT count(*) FROM pg_cursors WHERE is_holdable),
		'listening=' || (SELECT count(*) FROM pg_listening_channels()),
		'locks=' || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid < 3)) AS what;
GRANT SELECT ON leftovers TO public;
END
my $as_alice = 'SET SESSION AUTHORIZATION alice; SET search_path = public; ';
my $note = q(INSERT INTO public.state SELECT '%s', what FROM public.leftovers);
flow($node, 'noting', sprintf("CALL bgjob.step('n', '$note');" =~ s/'%s'/''%s''/r, 'workflow'));

# What each kind of job finds: a plain job, a workflow, a launched job.
sub found
{
	sql($node, 'DELETE FROM state');
	for my $query (sprintf("SELECT bgjob.enqueue(\$c\$$note\$c\$)", 'plain'), "SELECT bgjob.start('noting')")
	{
		sql($node, $as_alice . $query);
		jobs_end($node);
	}
	sql($node, $as_alice . sprintf("SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch(\$c\$$note\$c\$) h", 'launched'));
	return map { sql($node, "SELECT what FROM state WHERE kind = '$_'") } qw(plain workflow launched);
}
my @clean = found();
like($clean[0], qr/user=alice session=alice .*temp=0 prepared=0 cursors=0 listening=0 locks=0/, 'session_user of a job is who submitted it');

my %dirt = (
	'SET' => q(SET work_mem = '77MB'; SET "app.x" = 'leak'),
	'set_config()' => q(SELECT set_config('work_mem', '78MB', false), set_config('app.x', 'leak', false)),
	'SET LOCAL' => q(SET LOCAL work_mem = '79MB'; SET LOCAL "app.x" = 'leak'),
	'SET search_path' => 'SET search_path = pg_catalog',
	'SET ROLE' => 'SET ROLE bob',
	'SET default_transaction_isolation' => q(SET default_transaction_isolation = 'serializable'),
	'SET TimeZone' => q(SET TimeZone = 'Asia/Tokyo'),
	'a temporary table' => 'CREATE TEMP TABLE leak (x int)',
	'a prepared statement' => 'PREPARE leak AS SELECT 1',
	'a cursor' => 'DECLARE leak CURSOR WITH HOLD FOR SELECT 1',
	'advisory locks' => 'SELECT pg_advisory_lock(1), pg_advisory_lock(2, 3)',
	'LISTEN' => 'LISTEN leak');
sub is_clean
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @found = found();
	my @kinds = ('a plain job', 'a workflow', 'a launched job');
	my @dirty = map { $found[$_] eq $clean[$_] ? () : "$kinds[$_]: $found[$_]" } 0 .. 2;
	return is(join("\n", @dirty), '', $title);
}
for my $what (sort keys %dirt)
{
	my $sql = $dirt{$what} =~ s/'/''/gr;
	sql($node, $as_alice . "SELECT bgjob.enqueue('$sql', options => '{\"retry\": {\"attempts\": 1}}')");
	jobs_end($node);
	is_clean("$what: a plain job leaves nothing");
	flow($node, 'dirty', "CALL bgjob.step('dirt', '$sql');");
	sql($node, $as_alice . "SELECT bgjob.start('dirty', options => '{\"retry\": {\"attempts\": 1}}')");
	jobs_end($node);
	is_clean("$what: a workflow leaves nothing");
	flow($node, 'dirty', "CALL bgjob.step('dirt', '$sql'); CALL bgjob.sleep('10 ms'); RAISE 'no';");
	sql($node, $as_alice . "SELECT bgjob.start('dirty', options => '{\"retry\": {\"attempts\": 1}}')");
	jobs_end($node);
	is_clean("$what: a workflow that fails leaves nothing");
}

# What a session gives to the jobs that it launches, a durable job in the same worker does not get.
sql($node, $as_alice . q(SET work_mem = '80MB'; SET TimeZone = 'Asia/Tokyo'; SET "app.x" = 'launched'; SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.launch('SELECT 1') h));
is_clean('the settings of a launching session stay with its launched jobs');
$node->append_conf('postgresql.conf', 'bgjob.max_workers = -1');
$node->reload;

# ---- who one is ------------------------------------------------------------------------------------
sql($node, "SET ROLE alice; SELECT bgjob.enqueue(\$\$INSERT INTO state VALUES ('role', session_user || ' ' || current_user)\$\$)");
jobs_end($node);
is(sql($node, "SELECT what FROM state WHERE kind = 'role'"), 'alice alice', 'the job of a session after SET ROLE is that of the role');
sql($node, $as_alice . "SELECT bgjob.enqueue('RESET SESSION AUTHORIZATION; CREATE ROLE mallory SUPERUSER')");
sql($node, $as_alice . "SELECT bgjob.enqueue('SET SESSION AUTHORIZATION postgres; CREATE ROLE mallory SUPERUSER')");
flow($node, 'escape', "RESET SESSION AUTHORIZATION; RESET ROLE; CREATE ROLE mallory SUPERUSER;");
sql($node, $as_alice . "SELECT bgjob.start('escape')");
jobs_end($node);
is(sql($node, "SELECT count(*) FROM pg_roles WHERE rolname = 'mallory'"), 0, 'there is no way out of the role');
sql($node, "CREATE TABLE secret (x int); REVOKE ALL ON secret FROM public");
sql($node, $as_alice . "SELECT bgjob.enqueue('INSERT INTO secret VALUES (1)')");
flow($node, 'burglar', "CALL bgjob.step('s', 'INSERT INTO secret VALUES (2)');");
sql($node, $as_alice . "SELECT bgjob.start('burglar')");
jobs_end($node);
is(sql($node, 'SELECT count(*) FROM secret'), 0, 'a job may do what its role may');

# ---- other roles' jobs -----------------------------------------------------------------------------
flow($node, 'waiting', "CALL bgjob.wait_signal('go');" . step('gone on'));
my ($job) = sql($node, $as_alice . "SELECT bgjob.start('waiting')") =~ /(\d+)$/;
job_waits($node, $job, 'signal go');
is((psql_error($node, "SET SESSION AUTHORIZATION bob; SELECT bgjob.signal($job, 'go')"))[0], '42704', 'another role cannot signal a job');
is((psql_error($node, "SET SESSION AUTHORIZATION bob; $_"))[0], '42501', "... nor use the tables: $_")
  for 'SELECT * FROM bgjob.job', 'SELECT * FROM bgjob.step', 'SELECT * FROM bgjob.signal', 'SELECT * FROM bgjob.failure', 'SELECT * FROM bgjob.child', 'SELECT * FROM bgjob.job_key',
  'DELETE FROM bgjob.job', "UPDATE bgjob.job SET role = 'bob'", "INSERT INTO bgjob.signal VALUES ($job, 1, 1, now(), 'go')", "SELECT nextval('bgjob.job_id')", "SELECT setval('bgjob.job_id', 1)";
is((psql_error($node, "SET SESSION AUTHORIZATION alice; SELECT * FROM bgjob.job"))[0], '42501', '... not even its owner');
sql($node, "CREATE ROLE stranger LOGIN");
is((psql_error($node, "SET SESSION AUTHORIZATION stranger; $_"))[0], '42501', "a role without rights: $_")
  for "SELECT bgjob.enqueue('SELECT 1')", "SELECT bgjob.start('waiting')", "SELECT bgjob.signal($job, 'go')", "CALL bgjob.step('a', 'b')", "CALL bgjob.sleep('1 s')";
is((psql_error($node, "SET SESSION AUTHORIZATION chief; SELECT bgjob.signal($job, 'go')"))[0], '', "a member of its owner's role can");
job_ends($node, $job);

# A procedure that its owner lets nobody else run.
sql($node, 'CREATE PROCEDURE closed() LANGUAGE plpgsql AS $$ BEGIN CALL bgjob.step(\'a\', \'INSERT INTO state VALUES (\'\'closed\'\')\'); END $$; REVOKE ALL ON PROCEDURE closed FROM public');
$node->psql('postgres', $as_alice . "SELECT bgjob.start('closed')"); # refused now or when it runs
jobs_end($node);
is(sql($node, "SELECT count(*) FROM state WHERE kind = 'closed'"), 0, 'a procedure that the role may not execute');

$node->stop;
done_testing();
