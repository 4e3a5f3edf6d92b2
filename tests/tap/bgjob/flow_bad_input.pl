# What the procedures for workflows refuse: outside of a workflow all of it, within one what makes no
# sense. The workflow goes on after each.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node();
flow($node, 'small', 'NULL;');

my %outside = (
	step => q(CALL bgjob.step('s', 'SELECT 1')),
	sleep => q(CALL bgjob.sleep('1 s')),
	sleep_until => 'CALL bgjob.sleep_until(now())',
	wait_signal => q(CALL bgjob.wait_signal('x')),
	spawn => q(SELECT bgjob.spawn('SELECT 1')),
	spawn_workflow => q(SELECT bgjob.spawn_workflow('small')),
	join => q(CALL bgjob.join('{1}')),
	join_any => q(CALL bgjob.join_any('{1}')),
	map => q(CALL bgjob.map('SELECT 1', 'SELECT $1')),
	task => q(CALL bgjob.task('a', 'b', NULL)),
	restart => q(CALL bgjob.restart('1')),
	set_status => q(SELECT bgjob.set_status('x')));
is(join(' ', psql_error($node, $outside{$_})), "55000 bgjob.$_() can be called by a workflow only", "$_ outside of a workflow")
  for sort keys %outside;

my @within = (
	q(CALL bgjob.step(NULL, 'SELECT 1')) => '22004 name must not be null',
	q(CALL bgjob.step('s', NULL)) => '22004 command must not be null',
	q(PERFORM bgjob.spawn(NULL)) => '22004 command must not be null',
	q(PERFORM bgjob.spawn('SELECT 1', name => '')) => '22023 spawn name must not be empty',
	q(PERFORM bgjob.spawn_workflow(NULL)) => '22004 procedure must not be null',
	q(PERFORM bgjob.spawn_workflow('nowhere')) => '42883 procedure "nowhere" does not exist',
	q(CALL bgjob.join(NULL)) => '22004 jobs must not be null',
	q(CALL bgjob.join('{1, NULL}')) => '22004 jobs must not contain null',
	q(CALL bgjob.join('{999999}')) => '42704 job 999999 is no child of this workflow',
	q(CALL bgjob.join_any(NULL)) => '22004 jobs must not be null',
	q(CALL bgjob.join_any('{NULL}')) => '22004 jobs must not contain null',
	q(CALL bgjob.join_any('{999999}')) => '42704 job 999999 is no child of this workflow',
	q(CALL bgjob.map(NULL, 'x')) => '22004 source must not be null',
	q(CALL bgjob.map('SELECT 1', NULL)) => '22004 command must not be null',
	q(CALL bgjob.map('SELECT 1', 'SELECT $1', parallel => 0)) => '22023 "parallel" must be between 1 and 1000',
	q(CALL bgjob.map('nonsense', 'SELECT $1')) => '42601 syntax error at or near "nonsense"',
	q(CALL bgjob.map('SELECT 1 / 0', 'SELECT $1')) => '22012 division by zero',
	q(CALL bgjob.wait_signal(NULL)) => '22004 name must not be null',
	q(CALL bgjob.wait_signal('')) => '22023 signal name must not be empty',
	q(CALL bgjob.task(NULL, 'q', NULL)) => '22004 name must not be null',
	q(CALL bgjob.task('a', NULL, NULL)) => '22004 queue must not be null',
	q(CALL bgjob.task('a', 'q', NULL, attempts => 0)) => '22023 "attempts" must be between 1 and 1000',
	q(CALL bgjob.task('a', 'q', to_jsonb(repeat('x', 1100000)))) => qr/^54000 /,
	q(CALL bgjob.restart(to_jsonb(repeat('x', 1100000)))) => qr/^54000 /);
while (my ($call, $expected) = splice @within, 0, 2)
{
	my $got = caught($node, "$call;");
	ref $expected ? like($got, $expected, $call) : is($got, $expected, $call);
}

# No list at all is soon through.
is_effect($node, "CALL bgjob.join('{}'); CALL bgjob.join_any('{}'); " . step('after'), 'after', 'nothing to join');

my $nobody = 'role "nobody" does not exist';
is(join(' ', psql_error($node, "SELECT bgjob.$_")), "42704 $nobody", $_)
  for "grant_usage('nobody')", "revoke_usage('nobody')", "grant_tasks('q', 'nobody')", "revoke_tasks('q', 'nobody')";
is(join(' ', psql_error($node, "SELECT bgjob.$_")), '22004 role must not be null', $_) for 'grant_usage(NULL)', 'revoke_usage(NULL)', "grant_tasks('q', NULL)";
is(join(' ', psql_error($node, "SELECT bgjob.grant_tasks($_, 'postgres')")), '22023 queue name must have 1 to 255 bytes', "tasks of $_") for "''", "repeat('x', 256)";
is((psql_error($node, "SELECT bgjob.$_"))[0], '22004', $_) for "grant_tasks(NULL, 'postgres')";
is((psql_error($node, "SELECT bgjob.$_(NULL)"))[0], '22004', "$_ of null") for qw(pause resume retry cancel status trace);
$node->stop;
done_testing();
