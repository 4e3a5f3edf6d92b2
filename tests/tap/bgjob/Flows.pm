# What the scripts about durable jobs and workflows share.
#
# A workflow of a test is the body of a plpgsql procedure; what its steps do they write to the table
# `done`, one word each, so that effects() tells what has happened and in which order.
package Flows;

use strict;
use warnings;
use Exporter 'import';
use PgCrew;
use Test::More;

our @EXPORT = qw(durable_node sql flow start_flow enqueue run_flow caught step noted effects forget_effects job_ends
  jobs_end is_held job_waits failures is_effect);

# durable_node(%opt): as new_node(), with bgjob preloaded and ready.
#   preload  0: not preloaded
sub durable_node
{
	my (%opt) = @_;
	my $conf = ($opt{preload} // 1) ? "shared_preload_libraries = 'bgjob'\n" : '';
	my $node = new_node(%opt, conf => $conf . ($opt{conf} // ''), extensions => ['bgjob']);
	$node->safe_psql('postgres', 'CREATE TABLE done (n serial, what text)');
	return $node;
}

# sql($node, $query): its answer; a query that fails ends the script.
sub sql
{
	my ($node, $query) = @_;
	return $node->safe_psql('postgres', $query);
}

# flow($node, $name, $body): a procedure with this body, which knows `input`, `r` (jsonb), `i` and `t`.
sub flow
{
	my ($node, $name, $body) = @_;
	return sql($node, <<"END");
CREATE OR REPLACE PROCEDURE $name(input jsonb) LANGUAGE plpgsql AS \$flow\$
DECLARE r jsonb; i integer; t text;
BEGIN
$body
END \$flow\$
END
}

# start_flow($node, $name, $arguments): the id of the job.
sub start_flow
{
	my ($node, $name, $arguments) = @_;
	return sql($node, "SELECT bgjob.start('$name'" . (defined $arguments ? ", $arguments" : '') . ')');
}

sub enqueue
{
	my ($node, $command, $arguments) = @_;
	return sql($node, "SELECT bgjob.enqueue(\$c\$$command\$c\$" . (defined $arguments ? ", $arguments" : '') . ')');
}

# step($word): the call of a step that writes the word.
sub step
{
	my ($word) = @_;
	return "CALL bgjob.step('$word', 'INSERT INTO done (what) VALUES (''$word'')');";
}

# noted($expression): the call of a step that writes what the expression was.
sub noted
{
	my ($expression) = @_;
	return "CALL bgjob.step('note', 'INSERT INTO done (what) VALUES (\$1)', args => jsonb_build_array($expression));";
}

sub effects
{
	my ($node) = @_;
	return sql($node, "SELECT coalesce(string_agg(what, ' ' ORDER BY n), '') FROM done");
}

sub forget_effects
{
	my ($node) = @_;
	return sql($node, 'DELETE FROM done');
}

# Until one job, or every job, has ended.
sub job_ends
{
	my ($node, $job) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node, "SELECT count(*) FROM bgjob.job WHERE id = $job", 0) || _show($node);
}

sub jobs_end
{
	my ($node, $seconds) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node, 'SELECT count(*) FROM bgjob.job', 0, $seconds) || _show($node);
}

sub _show
{
	my ($node) = @_;
	diag(sql($node, 'SELECT id, state, attempt, due_at, waits_for, sqlstate, message FROM bgjob.job LIMIT 10'));
	return 0;
}

# is_held($job): whether a worker still has the lock of a workflow; a condition in SQL. It lets go of it
# a moment after what it waits for can be seen.
sub is_held
{
	my ($job) = @_;
	return "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = x'6a62'::int AND objid = $job)";
}

# Until the job is out of its worker's hands and waits for that: 'time', 'signal go', ...
sub job_waits
{
	my ($node, $job, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return poll_sql($node,
		"SELECT coalesce((SELECT waits_for FROM bgjob.job WHERE id = $job AND due_at > now() AND NOT @{[is_held($job)]}), '')", $what)
	  || _show($node);
}

# The failed attempts of a job that has not ended: a line each of seq, attempt, SQLSTATE and message.
sub failures
{
	my ($node, $job) = @_;
	return sql($node,
		"SELECT seq, attempt, sqlstate, message FROM bgjob.failure WHERE job = $job ORDER BY ended_at, seq, attempt");
}

# run_flow($node, $body, $arguments): starts it, waits for its end, and tells the effects.
sub run_flow
{
	my ($node, $body, $arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	forget_effects($node);
	flow($node, 'flow', $body);
	job_ends($node, start_flow($node, 'flow', $arguments));
	return effects($node);
}

# caught($node, $sql): "SQLSTATE message" of the error that plpgsql catches.
sub caught
{
	my ($node, $sql) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return run_flow($node, "BEGIN $sql EXCEPTION WHEN OTHERS THEN " . noted("SQLSTATE || ' ' || SQLERRM") . ' END;');
}

# is_effect($node, $body, $expected, $title): what a workflow with this body does.
sub is_effect
{
	my ($node, $body, $expected, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is(run_flow($node, $body), $expected, $title);
}

1;
