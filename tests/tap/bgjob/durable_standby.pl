# Durable jobs and a standby: what can be done there before its promotion, and that all goes on after
# it. What the primary has told anybody before it died is known on a standby that it waits for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $setup = <<'END';
CREATE TABLE effect (n bigint, step text);
CREATE PROCEDURE in_steps(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 1 .. 4 LOOP
		CALL bgjob.step('s', 'INSERT INTO effect SELECT $1, $2 FROM pg_sleep(random() * 0.01)', args => jsonb_build_array(input->'n', k::text));
		CALL bgjob.sleep('100 ms');
	END LOOP;
END $$;
CREATE VIEW expected AS
	SELECT j.id, j.state, n, step FROM bgjob.jobs j,
		LATERAL (SELECT coalesce(j.args->>'n', j.args->>0)::bigint AS n) x,
		LATERAL unnest(CASE j.kind WHEN 'workflow' THEN '{1,2,3,4}'::text[] ELSE '{plain}' END) step;
END
my $plain = q(INSERT INTO effect SELECT $1, 'plain' FROM pg_sleep(random() * 0.01));

# A pair: the standby, synchronous or not, follows.
sub pair
{
	my ($name, $synchronous) = @_;
	my $primary = durable_node(name => "${name}_primary", init => { allows_streaming => 1 });
	sql($primary, $setup);
	$primary->backup('copy');
	my $standby = PostgreSQL::Test::Cluster->new("${name}_standby");
	$standby->init_from_backup($primary, 'copy', has_streaming => 1);
	$standby->start;
	$primary->wait_for_catchup($standby);
	if ($synchronous)
	{
		sql($primary, q(ALTER SYSTEM SET synchronous_standby_names = '*'));
		$primary->reload;
		poll_sql($primary, 'SELECT sync_state FROM pg_stat_replication', 'sync');
	}
	return ($primary, $standby);
}

# A client that prints what it is told, each job that it has started and each whose end it has heard
# of, by await or by status, until its server has gone. Returns what waits for that and gives the lines.
my $clients = 0;
sub client
{
	my ($node) = @_;
	my $number = ++$clients;
	my $script = $node->basedir . "/client$number.sql";
	my $text = "\\set former 0\n";
	for my $i (1 .. 3000)
	{
		my $n = $number * 10_000 + $i;
		my $start = ($number + $i) % 3 ? "bgjob.enqueue(\$c\$$plain\$c\$, '[$n]')" : "bgjob.start('in_steps', '{\"n\": $n}')";
		$text .= "SELECT $start AS job \\gset\n\\echo started :job started\n";
		$text .= $number % 2
		  ? "CALL bgjob.await(:job) \\gset\n\\echo ended :job :state\n"
		  : "SELECT 'ended', id, state FROM bgjob.status(:former), pg_sleep(0.06) WHERE ended_at IS NOT NULL;\n\\set former :job\n" =~ s/.*(?=\n.set)/$i == 1 ? '' : $&/er;
	}
	PostgreSQL::Test::Utils::append_to_file($script, $text);
	my $out = '';
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-F', ' ', '-v', 'ON_ERROR_STOP=1', '-f', $script, $node->connstr('postgres') ],
		'>', \$out, '2>', \my $err);
	return sub { $run->finish; return split /\n/, $out; };
}

# What is not known on this server of what clients have been told.
sub missing
{
	my ($node, @told) = @_;
	my $values = join(', ', map { my ($what, $job, $state) = split / /; "('$what', $job, '$state')" } @told);
	return sql($node, "SELECT t.* FROM (VALUES $values) t (what, job, state) WHERE NOT EXISTS (SELECT FROM bgjob.jobs j"
		  . " WHERE j.id = t.job AND (t.what = 'started' OR j.ended_at IS NOT NULL AND j.state = t.state)) LIMIT 5");
}

# failover($name, $synchronous): the primary dies under load, and the standby takes over.
sub failover
{
	my ($name, $synchronous) = @_;
	my ($primary, $standby) = pair($name, $synchronous);
	my @clients = map { client($primary) } 1 .. 6;
	poll_sql($primary, q(SELECT count(*) > 300 FROM bgjob.job_run));
	is_passive($standby) unless $synchronous;

	# What ends on the primary when the standby has gone: nobody must be told of it.
	if ($synchronous)
	{
		$standby->stop('immediate');
		jobs_end($primary);
	}
	$primary->kill9;
	my @told = map { $_->() } @clients;
	if ($synchronous)
	{
		$standby->start;
		is(missing($standby, @told), '', "$name: the standby knows what clients have been told");
		cmp_ok(scalar grep(/^$_/, @told), '>', 20, "... of jobs that have $_") for 'started', 'ended';
	}
	cmp_ok(sql($standby, 'SELECT count(*) FROM bgjob.job'), '>', 0, "$name: jobs are under way");

	$standby->promote;
	jobs_end($standby) && pass('they go on after the promotion by themselves');
	is(sql($standby, 'SELECT count(*) FROM (SELECT n, step FROM effect GROUP BY 1, 2 HAVING count(*) > 1) x'), 0, '... nothing was done twice');
	is(sql($standby, 'SELECT count(*) FROM (SELECT n, step FROM expected EXCEPT SELECT n, step FROM effect) x'), 0, '... nothing was lost');
	is(sql($standby, 'SELECT count(*) FROM (SELECT n, step FROM effect EXCEPT SELECT n, step FROM expected) x'), 0, '... nothing was done that nobody asked for');
	is(sql($standby, q(SELECT count(*) FROM expected WHERE state <> 'succeeded')), 0, '... and every job has succeeded');
	is(missing($standby, @told), '', '... nothing that was told has changed') if $synchronous;
	job_ends($standby, enqueue($standby, q(INSERT INTO effect VALUES (0, 'new'))));
	is(sql($standby, 'SELECT count(*) FROM effect WHERE n = 0'), 1, '... and new ones run');
	$standby->stop;
	return;
}

# While the primary is busy.
sub is_passive
{
	my ($standby) = @_;
	poll_sql($standby, 'SELECT count(*) > 100 FROM bgjob.jobs');
	for my $call (q(enqueue('SELECT 1')), q(start('in_steps')), q(signal(1, 'go')), q(cancel(1)), q(schedule('s', '* * * * *', 'SELECT 1')))
	{
		my ($code, $message) = psql_error($standby, "SELECT bgjob.$call");
		like("$code $message", qr/^25006 cannot execute (bgjob\.\w+\(\) during recovery|INSERT in a read-only transaction)/, "standby: $call is refused");
	}
	my $job = sql($standby, q(SELECT min(id) FROM bgjob.jobs WHERE state = 'succeeded'));
	is(sql($standby, "SELECT state FROM bgjob.status($job)"), 'succeeded', 'standby: status() tells');
	is(sql($standby, "CALL bgjob.await($job)"), 'succeeded', '... as does await()');
	my @views = split /\n/, sql($standby, q(SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v'));
	cmp_ok(scalar @views, '>', 8, 'standby: there are views');
	is((psql_error($standby, "SELECT count(*) FROM $_"))[0], '', "... $_ can be read") for @views;
	is((psql_error($standby, $_))[0], '', "... as can $_") for 'SELECT count(*) FROM bgjob.stuck()', "SELECT bgjob.trace($job)";
	is(join(' ', processes_of($standby, qr/bgjob (worker|dispatcher|resume)/)), '', 'standby: nothing runs there');
	return;
}

failover('asynchronous', 0);
failover('synchronous', 1);
done_testing();
