# Nobody gets rights, or sees data, that are not theirs: by operators and functions of their own, by
# settings of a database they own, by a schema that only looks like ours. And what a role's settings
# and large or foreign texts must not break.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Encode qw(encode_utf8);
use Flows;
use PgCrew;
use Test::More;

my $node = durable_node(conf => "autovacuum = off\n");
sql($node, <<'END');
CREATE ROLE mallory LOGIN; CREATE ROLE alice LOGIN;
SELECT bgjob.grant_usage('mallory'), bgjob.grant_usage('alice');
GRANT CREATE ON DATABASE postgres TO mallory;
GRANT ALL ON done, done_n_seq TO PUBLIC;
END

# Operators that are found before those of the server: whoever evaluates one with more rights than
# mallory gives them to mallory.
my $traps = <<'END';
CREATE SCHEMA trap;
CREATE FUNCTION trap.spring() RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN
	IF current_user <> 'mallory' THEN ALTER ROLE mallory SUPERUSER; END IF;
	RETURN true;
END $$;
DO $$ DECLARE t text[]; op text; n int := 0;
BEGIN
	FOREACH t SLICE 1 IN ARRAY '{{bigint,bigint},{smallint,integer},{smallint,smallint},{integer,integer},{text,text},{name,text},{regrole,oid},{oid,oid},{timestamptz,timestamptz},{jsonb,jsonb}}'::text[] LOOP
		FOREACH op IN ARRAY '{=,<>,<,<=,>,>=}'::text[] LOOP
			n := n + 1;
			EXECUTE format('CREATE FUNCTION trap.f%s(%s, %s) RETURNS boolean LANGUAGE sql AS ''SELECT trap.spring()''', n, t[1], t[2]);
			EXECUTE format('CREATE OPERATOR trap.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = trap.f%s)', op, t[1], t[2], n);
		END LOOP;
	END LOOP;
END $$;
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT CASE WHEN trap.spring() THEN pg_catalog.now() END';
END

sub as_mallory
{
	my ($database, $query) = @_;
	return $node->psql($database, "SET SESSION AUTHORIZATION mallory;\n$query", on_error_stop => 0);
}

sub is_harmless
{
	my ($title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(sql($node, "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', $title);
	return sql($node, 'ALTER ROLE mallory NOSUPERUSER');
}

# ---- operators of the caller ---------------------------------------------------------------------
job_ends($node, enqueue($node, 'SELECT 1'));
as_mallory('postgres', $traps);
is((as_mallory('postgres', 'SET search_path = trap, pg_catalog; SELECT 1::bigint <= 0::bigint'))[1], 't', 'the traps are set');
my $calls = '';
for my $call ("SELECT bgjob.cancel(1)", "CALL bgjob.await(1)", "SELECT bgjob.status(1)",
	"SELECT bgjob.enqueue('SELECT 1', key => 'k')", "SELECT bgjob.set_queue('q')", "SELECT bgjob.pause_queue('q')",
	"SELECT bgjob.drop_queue('q')", "SELECT bgjob.prune()", "SELECT bgjob.schedule('s', '* * * * *', 'SELECT 1')",
	"SELECT bgjob.pause_schedule('s')", "SELECT bgjob.resume_schedule('s')", "SELECT bgjob.run_schedule('s')",
	"SELECT bgjob.unschedule('s')", "SELECT * FROM bgjob.fetch_task('q', 'w')", "SELECT * FROM bgjob.stuck()",
	(map { "SELECT * FROM bgjob.$_" } split ' ', sql($node, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v'")))
{
	$calls .= "$call;\n";
}
as_mallory('postgres', "SET search_path = trap, pg_catalog;\n$calls");
is_harmless('operators of the caller');

# ---- a database of somebody else -------------------------------------------------------------------
sql($node, "CREATE DATABASE $_ OWNER mallory") for qw(theirs fake shape);
$node->safe_psql('theirs', "CREATE EXTENSION bgjob; SELECT bgjob.grant_usage('mallory')");
as_mallory('theirs', $traps . "ALTER DATABASE theirs SET search_path = trap, pg_catalog;
	ALTER DATABASE theirs SET default_transaction_read_only = on;");
# Not the extension, but what looks like it.
as_mallory('fake', $traps . <<'END');
CREATE SCHEMA bgjob;
CREATE VIEW bgjob.job AS SELECT 1::bigint AS id, 5::smallint AS state, 'infinity'::timestamptz AS due_at, 0 AS queue WHERE trap.spring();
CREATE VIEW bgjob.signal AS SELECT 1::bigint AS job WHERE trap.spring();
CREATE VIEW bgjob.child AS SELECT 1::bigint AS parent, 1 AS state WHERE trap.spring();
CREATE VIEW bgjob.task AS SELECT 1::bigint AS job, 2 AS state WHERE trap.spring();
END
as_mallory('shape', <<'END');
CREATE SCHEMA bgjob;
CREATE TABLE bgjob.job (id text);
CREATE INDEX job_due ON bgjob.job (id);
CREATE TABLE bgjob.unclean (job text); CREATE TABLE bgjob.schedule (id text); CREATE TABLE bgjob.task (id text);
END
my $commits = "SELECT string_agg(xact_commit::text, ',' ORDER BY datname) FROM pg_stat_database WHERE datname IN ('fake', 'shape')";
my @before = split ',', sql($node, $commits);
my $log = -s $node->logfile;
$node->restart;
poll_until(sub { my @now = split ',', sql($node, $commits); $now[0] > $before[0] && $now[1] > $before[1] },
	'every database is looked at after the start');
my $job = $node->safe_psql('theirs', "SET default_transaction_read_only = off; SELECT bgjob.enqueue('SELECT 1')");
poll_until(sub { $node->safe_psql('theirs', 'SELECT count(*) FROM bgjob.job') eq '0' }, 'its jobs run');
is_harmless('the owner of a database gets no rights by its settings, or by a schema of that name');
unlike(log_since($node, $log), qr/terminated by signal|ERROR:/, '... and breaks nothing');
is((psql_error($node, 'CREATE EXTENSION bgjob', dbname => 'fake'))[0], '42501', 'a schema of somebody else does not become the extension\'s');

# ---- views ---------------------------------------------------------------------------------------
flow($node, 'asks', "CALL bgjob.task('t', 'q', '{\"pin\": \"very secret\"}');");
sql($node, "SET SESSION AUTHORIZATION alice; SELECT bgjob.start('asks')");
poll_sql($node, 'SELECT count(*) FROM bgjob.task', 1);
as_mallory('postgres', q{CREATE FUNCTION trap.peek(text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen: %', $1; RETURN true; END $$});
my $peeks = '';
for my $view (split ' ', sql($node, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v'"))
{
	$peeks .= "SELECT * FROM bgjob.$view x WHERE trap.peek(x::text);\n";
}
my (undef, undef, $notices) = as_mallory('postgres', $peeks);
unlike($notices, qr/very secret|asks/, 'a cheap function sees no row of others in any view');
sql($node, 'SELECT bgjob.cancel(id) FROM bgjob.job');
jobs_end($node);

# ---- as it is built --------------------------------------------------------------------------------
is(sql($node, "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v'
	AND NOT coalesce(reloptions @> '{security_barrier=true}', false)"), '', 'every view is a security barrier');
is(sql($node, "SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = 'bgjob'::regnamespace AND prosecdef
	AND NOT coalesce(proconfig @> '{\"search_path=pg_catalog, pg_temp\"}', false)"), '', 'every function with the owner\'s rights has a fixed search_path');
is(sql($node, "SELECT string_agg(relname, ' ') FROM pg_class c WHERE relnamespace = 'bgjob'::regnamespace AND relkind IN ('r', 'p')
	AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'refuse_others')"), '', 'each table is its owner\'s to write');
sql($node, "CREATE ROLE scribe LOGIN IN ROLE pg_read_all_data, pg_write_all_data");
for my $table (split /\n/, sql($node, "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'bgjob'::regnamespace AND relkind IN ('r', 'p')"))
{
	is(join(' ', psql_error($node, "SET SESSION AUTHORIZATION scribe; $_")), '42501 permission denied for table ' . $table =~ s/bgjob\.//r,
		"who may write all tables cannot: $_")
	  for "INSERT INTO $table DEFAULT VALUES", "DELETE FROM $table";
}
is((psql_error($node, "SET SESSION AUTHORIZATION scribe; UPDATE bgjob.job SET role = 10"))[0], '42501', '... nor make a job another role\'s');
$node->command_ok([ 'pg_dump', '-U', 'scribe', '-f', $node->basedir . '/dump', 'postgres' ], 'who may read all tables can dump them');
is(sql($node, "SELECT string_agg(DISTINCT atttypid::regtype::text, ' ') FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
	WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v' AND attname = 'role'"), 'name', 'roles have one type in all views');
sql($node, 'CREATE DATABASE another');
$node->safe_psql('another', <<'END');
CREATE ACCESS METHOD another TYPE TABLE HANDLER heap_tableam_handler;
ALTER DATABASE another SET default_table_access_method = another;
END
$node->safe_psql('another', q{CREATE EXTENSION bgjob; SELECT bgjob.enqueue('SELECT 1')});
poll_until(sub { $node->safe_psql('another', "SELECT count(*) > 2 FROM pg_inherits WHERE inhparent = 'bgjob.job_run'::regclass") eq 't' }, 'the history has partitions');
is($node->safe_psql('another', "SELECT string_agg(relname, ' ') FROM pg_class c JOIN pg_am a ON a.oid = relam
	WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'r' AND amname <> 'heap'"), '', 'every table is one of heap');

# ---- transactions that read only -----------------------------------------------------------------
for my $call (split ' ', q(cancel(1) pause(1) resume(1) retry(1) signal(1,'s') complete_task(1,'w') fail_task(1,'w','m') renew_task(1,'w') fetch_task('q','w')
	enqueue('SELECT_1') start('asks') set_status('x') set_queue('x') schedule('s','*_*_*_*_*','x') unschedule('s') run_schedule('s')))
{
	my $query = "SELECT bgjob.$call" =~ s/_(?=[1*])/ /gr; # words have none
	is((psql_error($node, "BEGIN READ ONLY; $query"))[0], '25006', "READ ONLY: $query");
}

# What a role likes its transactions to be is not for those of ours.
sql($node, "ALTER ROLE alice SET default_transaction_read_only = on; ALTER ROLE alice SET default_transaction_isolation = serializable");
flow($node, 'parent', "i := bgjob.spawn('SELECT 1'); CALL bgjob.join(ARRAY[i::bigint]);");
$job = sql($node, "SET SESSION AUTHORIZATION alice; SELECT bgjob.start('parent')") =~ s/.*\n//sr;
job_ends($node, $job);
is(sql($node, "SELECT state, message FROM bgjob.jobs WHERE id = $job"), 'succeeded|', 'a role whose transactions read only');

# ---- texts ---------------------------------------------------------------------------------------
sql($node, "CREATE DATABASE $_ TEMPLATE template0 LOCALE 'C' ENCODING '$_'") for qw(utf8 latin1);
$node->safe_psql($_, 'CREATE EXTENSION bgjob; CREATE TABLE done (what text)') for qw(utf8 latin1);
my $u = encode_utf8('ü');
$job = $node->safe_psql('utf8', q{SELECT bgjob.enqueue('SELECT pg_sleep(100)')});
poll_until(sub { $node->safe_psql('utf8', "SELECT state FROM bgjob.jobs WHERE id = $job") eq 'running' }, 'it runs');
$node->safe_psql('utf8', "SELECT bgjob.cancel($job, repeat('$u', 150))");
poll_until(sub { $node->safe_psql('utf8', "SELECT state FROM bgjob.jobs WHERE id = $job") eq 'cancelled' }, 'it is cancelled');
is($node->safe_psql('utf8', "SELECT message = repeat('$u', 99) FROM bgjob.jobs WHERE id = $job"), 't',
	'a long reason is cut between two characters');

$node->safe_psql('latin1', <<"END");
SET client_encoding = utf8;
CREATE PROCEDURE fails(input jsonb) LANGUAGE plpgsql AS \$f\$ BEGIN
	CALL bgjob.step('s', 'SELECT 1/0 FROM "${u}ber"');
EXCEPTION WHEN OTHERS THEN
	CALL bgjob.step('note', 'INSERT INTO public.done VALUES (\$1)', args => jsonb_build_array(SQLERRM));
END \$f\$;
SELECT bgjob.start('fails');
END
poll_until(sub { $node->safe_psql('latin1', 'SELECT count(*) FROM bgjob.job') eq '0' }, 'it ends');
is($node->safe_psql('latin1', 'SET client_encoding = utf8; SELECT what FROM done'), "relation \"${u}ber\" does not exist",
	'the failure of a step in a database that is not UTF-8');

is((psql_error($node, "SELECT bgjob.cancel(1, repeat('x', 2000))"))[0], '54000', 'a reason has a limit');
is((psql_error($node, "SELECT bgjob.enqueue(repeat('x', 2000000))"))[0], '54000', 'a command has a limit');
is((psql_error($node, "SELECT bgjob.schedule('s', '* * * * *', repeat('x', 2000000))"))[0], '54000', '... of a schedule, too');
is((psql_error($node, "SELECT bgjob.schedule('s', '* * * * *', 'x', priority => 30000)"))[0], '22023', 'so has the priority of a schedule');
like(caught($node, "CALL bgjob.step('s', 'SELECT 1', undo => repeat('x', 2000000));"), qr/^54000 undo is too long/, '... and an undo');
$log = -s $node->logfile;
$job = enqueue($node, q{DO $d$ BEGIN RAISE '%', repeat('x', 1000000); END $d$}, q(options => '{"retry": {"attempts": 1}}'));
job_ends($node, $job);
is(sql($node, "SELECT length(message), (SELECT length(message) FROM bgjob.failures WHERE job = $job) FROM bgjob.jobs WHERE id = $job"),
	'8192|8192', 'a message is cut');
like(log_since($node, $log), qr/CONTEXT: .*durable job $job\b/s, 'the log names the job');

# A procedure of that name that takes text is not meant.
sql($node, 'CREATE PROCEDURE flow(input text) LANGUAGE sql BEGIN ATOMIC SELECT 1/0; END');
is_effect($node, noted("'jsonb'::text"), 'jsonb', 'the workflow is the procedure that takes jsonb');

$node->stop;
done_testing();
