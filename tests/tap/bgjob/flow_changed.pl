# Procedures that are changed while jobs of them sleep: what a job did is found by name and
# occurrence, what is new is done, what has gone is forgotten.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node();
my ($a, $b, $c, $d) = map { step($_) } qw(a b c d);
my $wait = "CALL bgjob.wait_signal('go');";

# Starts the first version, changes it while it waits, lets it go on.
sub is_changed
{
	my ($before, $after, $expected, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	forget_effects($node);
	flow($node, 'changed', $before);
	my $job = start_flow($node, 'changed');
	job_waits($node, $job, 'signal go');
	flow($node, 'changed', $after) if defined $after;
	sql($node, "SELECT bgjob.signal($job, 'go')");
	job_ends($node, $job);
	return is(effects($node), $expected, $title);
}

is_changed("$a $wait $b", "$a $wait $b $c", 'a b c', 'a step is added behind');
is_changed("$a $wait $b", "$a $c $wait $b", 'a c b', 'a step is added where the job has been already');
is_changed("$a $wait $b", "$c $a $wait $b", 'a c b', '... or before all others');
is_changed("$a $b $wait $c", "$b $wait $c", 'a b c', 'a step that was done is removed');
is_changed("$a $wait $b $c", "$a $wait $c", 'a c', 'a step that is to come is removed');
is_changed("$a $b $wait $c", "$b $wait $a $c", 'a b c', 'steps are moved');
is_changed("$a $wait $b", "$a $b", 'a b', 'the wait is removed');
is_changed("$a $wait $b", "$a CALL bgjob.sleep('1 ms'); $wait $b", 'a b', 'a sleep is added before the wait');
is_changed("FOR k IN 1 .. 2 LOOP $a END LOOP; $wait $b", "FOR k IN 1 .. 4 LOOP $a END LOOP; $wait $b", 'a a a a b', 'a loop gets longer: only the new rounds are done');
is_changed("FOR k IN 1 .. 4 LOOP $a END LOOP; $wait $b", "FOR k IN 1 .. 2 LOOP $a END LOOP; $wait $b", 'a a a a b', '... or shorter');
is_changed("$a $wait $b", "$a BEGIN $wait EXCEPTION WHEN OTHERS THEN $c END; $b", 'a b', 'the wait is put into a block');
is_changed("$a $wait $b", "$a $wait CALL bgjob.step('b', 'INSERT INTO done (what) VALUES (''new b'')');", 'a new b', 'the statement of a step to come is changed');
is_changed("$a $wait $b", "CALL bgjob.step('a', 'INSERT INTO done (what) VALUES (''new a'')'); $wait $b", 'a b', '... and one of a step that was done makes no difference');
is_changed("CALL bgjob.step('look', 'SELECT 1 AS n', result => r); $wait " . noted("r->0->>'n'"), "CALL bgjob.step('look', 'SELECT 2 AS n', result => r); $wait " . noted("r->0->>'n'"),
	'1', 'the result of a step is what it was');
is_changed("$a $wait $b", "RAISE 'broken'; $a $wait $b", 'a', 'a procedure that fails now ends its jobs');

# A version with another signature, and one that has gone.
forget_effects($node);
flow($node, 'changed', "$a $wait $b");
my @jobs = map { start_flow($node, 'changed', q(NULL, options => '{"retry": {"attempts": 2, "on": "any", "base": "1 h"}}')) } 1 .. 2;
job_waits($node, $_, 'signal go') for @jobs;
sql($node, 'DROP PROCEDURE changed');
sql($node, "SELECT bgjob.signal($jobs[0], 'go')");
poll_sql($node, "SELECT state, sqlstate FROM bgjob.job WHERE id = $jobs[0]", '4|42883');
pass('a procedure that has gone: the job fails, and comes back if it is told to');
flow($node, 'changed', "$a $wait $b $c");
sql($node, "UPDATE bgjob.job SET due_at = now() WHERE id = $jobs[0]; SELECT bgjob.signal($jobs[1], 'go')");
job_ends($node, $_) for @jobs;
is(join(' ', sort split / /, effects($node)), 'a a b b c c', '... and goes on when it is there again');

# One job after another, while the procedure changes all the time.
forget_effects($node);
flow($node, 'busy', "FOR k IN 1 .. 20 LOOP $a CALL bgjob.sleep('1 ms'); END LOOP;");
sql($node, "SELECT bgjob.start('busy') FROM generate_series(1, 4)");
flow($node, 'busy', "/* $_ */ FOR k IN 1 .. 20 LOOP $a CALL bgjob.sleep('1 ms'); END LOOP;") for 1 .. 20;
jobs_end($node);
is(sql($node, 'SELECT count(*) FROM done'), 80, 'a procedure that changes while its jobs run');

$node->stop;
done_testing();
