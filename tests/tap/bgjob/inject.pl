# Faults put into durable jobs: whatever point they strike, each effect is there once.
use strict;
use warnings;
use PgCrew;
use Test::More;

my $node = new_node(
	conf => "shared_preload_libraries = 'bgjob'\nrestart_after_crash = on",
	extensions => ['bgjob']);
my $sql = sub { return $node->safe_psql('postgres', $_[0]) };
my $gone = sub { return poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE id = $_[0]", 0) };
# crash($point, $query): the job that the query makes, ended after the server crashed at that point.
my $crash = sub {
	my ($point, $query) = @_;
	my $checkpointer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
	poll_sql($node, "SELECT count(*) FROM ($checkpointer) c", 1);
	my $before = $sql->($checkpointer);
	$sql->('TRUNCATE done');
	$sql->("SELECT bgjob.inject('$point', 'crash')");
	$node->psql('postgres', $query); # which may not live to see the answer
	poll_sql($node, "SELECT pid <> $before FROM ($checkpointer) c", 't');
	return poll_sql($node, 'SELECT count(*) FROM bgjob.job', 0);
};

$sql->(<<'SQL');
CREATE TABLE done (what text);
CREATE PROCEDURE two_steps(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')');
    CALL bgjob.sleep('10 ms');
    CALL bgjob.step('second', 'INSERT INTO done VALUES (''second'')');
END $$;
SQL

# The server crashes at each point that a workflow passes; it forgets the fault with that.
for my $point (qw(after_claim after_step before_suspend after_suspend before_end))
{
	$crash->($point, "SELECT bgjob.start('two_steps')");
	is($sql->("SELECT string_agg(what, ',' ORDER BY ctid) FROM done"), 'first,second', "a crash at $point: each step counts once");
}

# A statement job.
for my $point (qw(after_claim before_commit after_commit before_end))
{
	$crash->($point, "SELECT bgjob.enqueue('INSERT INTO done VALUES (1)')");
	is($sql->('SELECT count(*) FROM done'), 1, "a crash at $point: the statement counts once");
}

# Errors at such points pass by themselves, and change nothing of what has been done.
$sql->(<<'SQL');
CREATE PROCEDURE in_block(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        CALL bgjob.step('first', 'INSERT INTO done VALUES (''first'')');
    EXCEPTION WHEN OTHERS THEN RAISE;
    END;
END $$;
CREATE PROCEDURE with_map(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.map('SELECT ''row''', 'INSERT INTO done VALUES ($1)');
    CALL bgjob.step('second', 'INSERT INTO done VALUES (''second'')');
END $$;
CREATE PROCEDURE with_setting(input jsonb) LANGUAGE plpgsql AS $$
BEGIN
    CALL bgjob.step('set', 'SET work_mem = ''1234kB''');
    CALL bgjob.sleep('10 ms');
END $$;
SQL
my $error = sub {
	my ($point, $flow) = @_;
	my $offset = -s $node->logfile;
	$sql->('TRUNCATE done');
	$sql->("SELECT bgjob.inject('$point', 'error')");
	my $job = $sql->("SELECT bgjob.start('$flow')");
	poll_until(sub { log_since($node, $offset) =~ /injected error at $point/ }, "an error at $point");
	$sql->("SELECT bgjob.inject('$point', 'off')");
	return $job;
};
for ([ 'after_step', 'in_block', 'first' ], [ 'before_suspend', 'with_map', 'row,second' ], [ 'after_suspend', 'two_steps', 'first,second' ])
{
	my ($point, $flow, $effects) = @$_;
	$gone->($error->($point, $flow));
	is($sql->("SELECT string_agg(what, ',' ORDER BY ctid) FROM done"), $effects, "an error at $point: $flow goes on");
}
$sql->("ALTER SYSTEM SET bgjob.max_workers = 1; ALTER SYSTEM SET bgjob.worker_idle_timeout = '1min'");
$node->restart;
my $unfinished = $error->('before_suspend', 'with_setting');
$gone->($sql->("SELECT bgjob.enqueue('INSERT INTO done SELECT current_setting(''work_mem'')')"));
is($sql->('SELECT what FROM done'), $sql->('SHOW work_mem'), 'its settings do not stay when a workflow is left by an error');
$gone->($unfinished);

# A process that is held at a point goes on when the fault is taken back.
$sql->('TRUNCATE done');
$sql->("SELECT bgjob.inject('before_commit', 'sleep')");
my $job = $sql->("SELECT bgjob.enqueue('INSERT INTO done VALUES (1)')");
poll_sql($node, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bgjob worker' AND backend_xid IS NOT NULL", 1);
is($sql->('SELECT count(*) FROM done'), 0, 'held before its commit');
$sql->("SELECT bgjob.inject('before_commit', 'off')");
$gone->($job);
is($sql->('SELECT count(*) FROM done'), 1, 'and let go');

is((psql_error($node, "SELECT bgjob.inject('nowhere', 'error')"))[0], '42704', 'a point that is none');
is((psql_error($node, "SELECT bgjob.inject('after_step', 'dance')"))[0], '22023', 'an action that is none');

$sql->('CREATE ROLE somebody; SELECT bgjob.grant_usage(\'somebody\')');
is((psql_error($node, "SET ROLE somebody; SELECT bgjob.inject('after_step', 'error')"))[0], '42501', 'for superusers only');

$node->stop;
done_testing();
