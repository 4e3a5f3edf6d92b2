# The sessions and programs around the workload: they go on whatever becomes of the server, until they
# are told to stop.
package Clients;

use strict;
use warnings;
use Exporter 'import';
use Flows;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(start_clients stop_clients surprises told);

my $support = <<'END';
-- Whoever cannot be paused any more has ended. One that is in other hands just now is so later.
CREATE FUNCTION pause_or_resume(m mail) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF m.word = 'pause' THEN
		PERFORM bgjob.pause(m.job);
		INSERT INTO mail VALUES (m.job, 'resume');
	ELSE
		PERFORM bgjob.resume(m.job);
	END IF;
EXCEPTION
	WHEN undefined_object OR object_not_in_prerequisite_state THEN
		NULL;
	WHEN object_in_use OR serialization_failure THEN
		INSERT INTO mail VALUES (m.job, m.word);
END $$;

-- Sends one thing and forgets it, in one transaction.
CREATE FUNCTION send_mail() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	m mail;
BEGIN
	DELETE FROM mail WHERE ctid = (SELECT ctid FROM mail WHERE at < clock_timestamp() ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING * INTO m;
	IF m.word = 'cancel' THEN
		PERFORM bgjob.cancel(m.job, 'enough');
	ELSIF m.word IN ('pause', 'resume') THEN
		PERFORM pause_or_resume(m);
	ELSIF FOUND THEN
		PERFORM bgjob.signal(m.job, 'go', to_jsonb(m.word::int));
	END IF;
END $$;

-- What a program does outside, by the key of the task.
CREATE TABLE outside (key text PRIMARY KEY, n bigint, k int, times int DEFAULT 1);
CREATE PROCEDURE serve(program text) LANGUAGE plpgsql AS $$
DECLARE
	t record;
	luck float;
BEGIN
	FOR t IN SELECT * FROM bgjob.fetch_task('outside', program, lease => '300 ms', max => 3) LOOP
		INSERT INTO outside VALUES (t.idempotency_key, (t.payload->>'n')::bigint, (t.payload->>'k')::int)
			ON CONFLICT (key) DO UPDATE SET times = outside.times + 1;
		COMMIT;
		luck := random();
		BEGIN
			IF luck < 0.1 THEN
				PERFORM bgjob.fail_task(t.id, program, 'not now');
			ELSIF luck > 0.2 THEN -- else it is forgotten
				PERFORM bgjob.complete_task(t.id, program, t.payload);
			END IF;
		EXCEPTION WHEN object_not_in_prerequisite_state OR undefined_object THEN
			NULL; -- the lease has run out
		END;
		COMMIT;
	END LOOP;
END $$;
END

# Each says how many, how often in a second, and what. They do not wait for the disk, so that a crash
# loses something.
my %ask = (sessions => 3, rate => 35, script => <<'END');
\set luck random(1, 20)
BEGIN;
SELECT ask(k, some_queue()) FROM (SELECT * FROM kind ORDER BY random() LIMIT 1) k;
\if :luck = 1
ROLLBACK;
\else
COMMIT;
\endif
END
my %send = (sessions => 2, rate => 60, script => <<'END');
\set luck random(1, 10)
BEGIN;
SELECT send_mail();
\if :luck = 1
ROLLBACK;
\else
COMMIT;
\endif
END
my %serve = (sessions => 2, rate => 40, script => <<'END');
CALL bgjob.wait_task('outside', '100 ms');
CALL serve('p' || pg_backend_pid());
END

# Writes down, outside the server, whose end it was told.
my $tell = <<'END';
SET synchronous_commit = on;
SELECT nextval('jobs') AS n, (ARRAY['default', 'careful', 'grouped'])[1 + (random() * 2)::int] AS queue \gset
SELECT bgjob.enqueue('SELECT effect($1, $2)', jsonb_build_array(:n, 'told'), queue => :'queue', options => jsonb_build_object('retry', patience())) AS id \gset
CALL bgjob.await(:id) \gset
\echo told :n :state
END

my @running;

# A loop that ends when the file `stop` is there, or with the test.
sub _loop
{
	my ($node, $name, $stop, $command) = @_;
	my $dir = $node->basedir;
	my $loop = "while [ -d $dir ] && [ ! -e $stop ]; do $command || sleep 0.1; done";
	my @env = ('env', map({ "$_=$ENV{$_}" } qw(PATH)), 'PGHOST=' . $node->host, 'PGPORT=' . $node->port, 'PGDATABASE=postgres', 'PGOPTIONS=-c synchronous_commit=off');
	push @running, IPC::Run::start([ @env, 'sh', '-c', $loop ], '>>', "$dir/$name.out", '2>>', "$dir/$name.err");
	return;
}

sub _pgbench
{
	my ($node, $name, $stop, %what) = @_;
	my $file = $node->basedir . "/$name.sql";
	append_to_file($file, $what{script});
	_loop($node, $name, $stop, "pgbench -n -c $what{sessions} -R $what{rate} -T 2 -f $file >/dev/null");
	return;
}

sub start_clients
{
	my ($node) = @_;
	my $dir = $node->basedir;
	sql($node, $support);
	append_to_file("$dir/tell.sql", $tell x 10);
	_pgbench($node, 'ask', "$dir/stop.asking", %ask);
	_loop($node, 'tell', "$dir/stop.asking", "psql -XAtq -v ON_ERROR_STOP=1 -f $dir/tell.sql");
	_pgbench($node, 'send', "$dir/stop.helping", %send);
	_pgbench($node, 'serve', "$dir/stop.helping", %serve);
	return;
}

# stop_clients($node, 'asking'): nothing more is asked for; 'helping': what the jobs need comes no more.
sub stop_clients
{
	my ($node, $what) = @_;
	append_to_file($node->basedir . "/stop.$what", 'x');
	$_->finish for splice @running, 0, 2;
	return;
}

# Errors that no session should have seen, however the server was treated.
sub surprises
{
	my ($node) = @_;
	my $due = qr/terminating connection|server closed the connection|the database system is|injected error/;
	return grep { /(?:ERROR|FATAL|PANIC): / && !/$due/ } map { split /\n/, slurp_file($node->basedir . "/$_.err") } qw(ask tell send serve);
}

# The numbers of the jobs whose end was told.
sub told
{
	my ($node) = @_;
	return slurp_file($node->basedir . '/tell.out') =~ /^told (\d+) succeeded$/mg;
}

1;
