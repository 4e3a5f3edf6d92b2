# Submitting durable jobs: in the caller's transaction, with all that belongs to it; and what is refused.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => 'max_prepared_transactions = 2');
my $word = q(INSERT INTO done (what) VALUES ('%s'));
sub word { return "\$w\$" . sprintf($word, $_[0]) . "\$w\$" }
sub is_done
{
	my ($expected, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	jobs_end($node);
	is(sql($node, "SELECT coalesce(string_agg(what, ' ' ORDER BY what), '') FROM done"), $expected, $title);
	return forget_effects($node);
}

# ---- transactions ----------------------------------------------------------------------------------
sql($node, "SELECT bgjob.enqueue(@{[word('a')]})");
is_done('a', 'a plain job');
sql($node, "BEGIN; SELECT bgjob.enqueue(@{[word('a')]}); ROLLBACK");
sql($node, "BEGIN; SELECT bgjob.enqueue(@{[word('b')]}); SAVEPOINT s; SELECT bgjob.enqueue(@{[word('c')]}); ROLLBACK TO s; SELECT bgjob.enqueue(@{[word('d')]}); COMMIT");
is_done('b d', 'a submission that is rolled back never runs');
$node->psql('postgres', "SELECT bgjob.enqueue(@{[word('a')]}), 1 / (SELECT 0)");
sql($node, "DO \$\$ BEGIN BEGIN PERFORM bgjob.enqueue(@{[word('b')]}); RAISE 'x'; EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM bgjob.enqueue(@{[word('c')]}); END \$\$");
is_done('c', '... nor one whose statement or block fails');

flow($node, 'many', step('one'));
my $session = session($node);
$session->query_safe('BEGIN');
$session->query_safe("SELECT count(bgjob.start('many')) FROM generate_series(1, 1000)");
is(sql($node, 'SELECT count(*) FROM bgjob.job'), 0, 'a thousand starts, not yet committed');
is(effects($node), '', '... and nothing has run');
$session->query_safe('COMMIT');
jobs_end($node);
is(sql($node, 'SELECT count(*) FROM done'), 1000, 'a thousand starts in one transaction');
forget_effects($node);
$session->query_safe("BEGIN; SELECT count(bgjob.start('many')) FROM generate_series(1, 1000); ROLLBACK");

$session->query_safe("BEGIN; CREATE TABLE fresh (x int)");
$session->query_safe("CREATE PROCEDURE fresh_flow() LANGUAGE plpgsql AS \$\$ BEGIN CALL bgjob.step('a', 'INSERT INTO fresh VALUES (1)'); " . step('fresh') . ' END $$');
$session->query_safe("SELECT bgjob.start('fresh_flow'); SELECT bgjob.enqueue('INSERT INTO fresh VALUES (2)')");
$session->query_safe('COMMIT');
is_done('fresh', 'start in the transaction that makes the procedure and its table');
is(sql($node, 'SELECT count(*) FROM fresh'), 2, '... and both jobs found it');

$session->query_safe("BEGIN; SELECT bgjob.enqueue(@{[word('prepared')]}); PREPARE TRANSACTION 'p'");
is(effects($node), '', 'a prepared transaction');
$session->query_safe("COMMIT PREPARED 'p'");
is_done('prepared', '... runs its job when it commits');
$session->query_safe("BEGIN; SELECT bgjob.enqueue(@{[word('no')]}); PREPARE TRANSACTION 'p'; ROLLBACK PREPARED 'p'");
is_done('', '... and does not when it is rolled back');
sql($node, "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT bgjob.enqueue(@{[word('s')]}); COMMIT");
is_done('s', 'a serializable transaction');
is((psql_error($node, "BEGIN READ ONLY; SELECT bgjob.enqueue(@{[word('ro')]})"))[0], '25006', 'a read-only transaction');

# ---- times -----------------------------------------------------------------------------------------
enqueue($node, sprintf($word, 'past'), "run_at => $_") for q('2000-01-01 00:00:00+00'), q(now() - interval '1 h');
is_done('past past', 'a time that is over means now');
like(sql($node, "SELECT bgjob.enqueue(@{[word('soon')]}, run_at => now() + '3 s'); SELECT count(*) FROM done"), qr/^\d+\n0$/, 'a time to come');
is_done('soon', '... is waited for');
is((psql_error($node, "SELECT bgjob.enqueue(@{[word('never')]}, run_at => '$_')"))[0], "22023", "$_ is no time") for qw(infinity -infinity);

# ---- arguments -------------------------------------------------------------------------------------
sql($node, 'CREATE TABLE typed (i int, t text, d date, j jsonb, a int[], n numeric, b boolean)');
enqueue($node, 'INSERT INTO typed VALUES ($1, $2, $3, $4, $5, $6, $7)', q('[1, "it''s", "2000-01-02", {"k": [null]}, "{1,2}", 12345678901234567890.5, true]'));
enqueue($node, 'INSERT INTO typed VALUES ($1, $2, $3, $4, $5, $6, $7)', q('[null, null, null, null, null, null, null]'));
jobs_end($node);
is(sql($node, 'SELECT i, t, d, j, a, n, b FROM typed ORDER BY i'), qq(1|it's|2000-01-02|{"k": [null]}|{1,2}|12345678901234567890.5|t\n|||null|||), 'arguments have the types of their parameters');
# What is wrong with them is found when the job runs.
my $again = q(options => '{"retry": {"attempts": 2, "base": "1 h"}}');
for (['SELECT $1::int', 'NULL', '22023'], ['SELECT $1::int', q('[]'), '22023'], ['SELECT $1::int', q('[1, 2]'), '22023'], ['SELECT 1', q('[1]'), '22023'], ['SELECT 1', q('{"a": 1}'), '22023'], ['SELECT 1', '\'1\'', '22023'],
	['SELECT $1::int', q('["x"]'), '22P02'], ['SELECT $2::int', q('[1]'), '42P18'], ['SELEC 1', 'NULL', '42601'], ['SELECT * FROM nowhere', 'NULL', '42P01'], ['COMMIT', 'NULL', '0A000'])
{
	my ($command, $args, $state) = @$_;
	my $job = enqueue($node, $command, "$args, $again");
	poll_sql($node, "SELECT coalesce((SELECT sqlstate FROM bgjob.job WHERE id = $job AND attempt = 1), 'none')", $state)
	  && pass("$command with $args: $state");
	sql($node, "DELETE FROM bgjob.job WHERE id = $job");
}
flow($node, 'with_input', noted("coalesce(input::text, 'nothing')"));
start_flow($node, 'with_input', $_) for 'NULL', q('{"x": "y"}'), q('[1, null]'), q('"text"');
is_done('"text" [1, null] nothing {"x": "y"}', 'the input of a workflow');
start_flow($node, 'with_input', q('[12345678901234567890.5, 0.10]'));
is_done('[12345678901234567890.5, 0.10]', '... whose numbers keep all their digits');
sql($node, "CREATE PROCEDURE without_input() LANGUAGE plpgsql AS \$\$ BEGIN @{[step('w')]} END \$\$");
sql($node, "CREATE PROCEDURE with_result(input jsonb, INOUT result jsonb) LANGUAGE plpgsql AS \$\$ BEGIN result := input; @{[step('r')]} END \$\$");
sql($node, "CREATE PROCEDURE with_out(input jsonb, OUT result jsonb) LANGUAGE plpgsql AS \$\$ BEGIN result := input; @{[step('o')]} END \$\$");
sql($node, 'CREATE SCHEMA "Odd ""s"; CREATE PROCEDURE "Odd ""s"."Do It"() LANGUAGE plpgsql AS $$ BEGIN ' . step('odd') . ' END $$');
start_flow($node, $_) for 'without_input', 'with_result', 'with_out', 'public.without_input', 'WITHOUT_INPUT', '"Odd ""s"."Do It"';
is_done('o odd r w w w', 'procedures of each signature, their names as in SQL');

# ---- what is refused at once -----------------------------------------------------------------------
sql($node, 'CREATE PROCEDURE wrong_type(input text) LANGUAGE sql AS \'\'; CREATE PROCEDURE too_many(a jsonb, b jsonb) LANGUAGE sql AS \'\'; CREATE FUNCTION a_function(input jsonb) RETURNS void LANGUAGE sql AS \'\'');
sub is_refused
{
	my ($call, $state, $message) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($got, $text) = psql_error($node, $call =~ /^CALL/ ? $call : "SELECT bgjob.$call");
	return like("$got $text", qr/^$state .*$message/, "$call: $state");
}
is_refused("start('nowhere')", '42883', 'procedure "nowhere" does not exist');
is_refused("start('no.where')", '42883|3F000', '');
is_refused("start('')", '42602|42601|22023', '');
is_refused("start('a.b.c.d')", '42601|0A000', '');
is_refused("start('a_function')", '42809', '"a_function" is not a procedure');
is_refused("start('done')", '42883', '');
is_refused("start('$_')", '42P13', "procedure \"$_\" cannot be a workflow") for 'wrong_type', 'too_many';
is_refused('start(NULL)', '22004', 'procedure must not be null');
is_refused('enqueue(NULL)', '22004', 'command must not be null');
is_refused("enqueue('SELECT 1', options => '$_')", '22023', '') for '[]', '1', '{"unknown": 1}', '{"retry": 1}', '{"timeout": "soon"}', '{"retry": {"attempts": 0}}';
is_refused("start('many', options => '{\"retry\": {\"on\": 1}}')", '22023', '');
is_refused("CALL bgjob.$_", '55000', 'can be called by a workflow only') for "step('a', 'SELECT 1')", "step('a', 'SELECT 1', result => NULL)", "sleep('1 s')", 'sleep_until(now())', "wait_signal('x')", "wait_signal('x', result => NULL)";
sql($node, "SELECT bgjob.enqueue(\$c\$DO \$d\$ BEGIN BEGIN CALL bgjob.step('a', 'SELECT 1'); EXCEPTION WHEN object_not_in_prerequisite_state THEN INSERT INTO done (what) VALUES ('refused'); END; END \$d\$\$c\$)");
is_done('refused', 'a step in a plain job is refused, too');
is(sql($node, 'SELECT count(*) FROM bgjob.job'), 0, 'what was refused has left no job');

$session->quit;
$node->stop;
done_testing();
