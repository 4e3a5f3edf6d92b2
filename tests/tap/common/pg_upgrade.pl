# pg_upgrade to the server of this build from that of another one, PGCREW_OLD_BINDIR: durable jobs go on where they
# were, walrus and the Erlang nodes keep what they know, and the catalogue is that of a fresh CREATE EXTENSION.
# Run by ci/upgrade.
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin", "$FindBin::Bin/../erlang_bridge", "$FindBin::Bin/../bgjob", "$FindBin::Bin/../walrus";
use Catalogue;
use ErlangNode;
use Flows;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;
use Walrus;

my ($new_bin) = split /:/, $ENV{PATH};
my $old_bin = $ENV{PGCREW_OLD_BINDIR};
BAIL_OUT('PGCREW_OLD_BINDIR is not set') unless defined $old_bin;
my @extensions = qw(bgjob bgjob_compat bgjob_duroxide walrus erlang_bridge);
my $conf = <<"END";
shared_preload_libraries = 'bgjob, walrus, erlang_bridge'
erlang_bridge.epmd_port = @{[ epmd_port() ]}
walrus.clock_rate = 10
walrus.cooldown_sec = 0
checkpoint_timeout = 30s
max_wal_size = 64MB
min_wal_size = 32MB
END

# ---- the old server, in the midst of its work ----------------------------------------------------------
my $old = new_node(name => 'old', path => dirname($old_bin), conf => $conf, extensions => \@extensions);
my $erl = ErlangNode->new('kv');
add_node($old, $erl);
is(sql($old, 'SELECT ' . $erl->sql('call', "'lists', 'max', '[[1, 7]]'")), 7, 'a call of the old server');

sql($old, "CREATE ROLE worker LOGIN; SELECT bgjob.grant_usage('worker'); SELECT erlang_grant('worker', '*', 'lists:*')");
sql($old, 'CREATE TABLE done (n serial, what text); GRANT ALL ON done TO worker; GRANT ALL ON SEQUENCE done_n_seq TO worker');
sql($old, q(SELECT bgjob.set_queue('slow', '{"concurrency": 1}')));
flow($old, 'journey', join(' ', step('first'), "CALL bgjob.wait_signal('go');", noted('session_user::text'), "CALL bgjob.sleep('1 s');", step('last')));
my ($journey) = sql($old, "SET SESSION AUTHORIZATION worker; SELECT bgjob.start('journey', queue => 'slow')") =~ /(\d+)$/;
job_waits($old, $journey, 'signal go');
job_ends($old, enqueue($old, 'SELECT 1', q(key => 'ended')));
sql($old, q(SELECT bgjob.schedule('yearly', '0 3 1 1 *', 'SELECT 1')));
sql($old, "SELECT bgjob.create_duroxide_schema('flows')");
sql($old, q(SELECT flows.enqueue_orchestrator_work('a', '{"StartOrchestration": {"instance": "a", "orchestration": "O"}}', now())));
grow_beyond($old, 64);
poll_sql($old, q(SELECT count(*) > 0 FROM walrus.history WHERE action = 'increase'));

# A database where nobody has been granted anything.
sql($old, 'CREATE DATABASE plain');
$old->safe_psql('plain', "CREATE EXTENSION $_") for @extensions;

# Due while no server is there.
my $due = enqueue($old, q(INSERT INTO done (what) VALUES ('due')), q(run_at => now() + interval '3 s', queue => 'slow'));
my %kept = (
	jobs => "SELECT id, key, queue, kind, role, command, enqueued_at, parent FROM bgjob.jobs ORDER BY id",
	steps => 'SELECT job, seq, kind, name, state, result FROM bgjob.steps ORDER BY 1, 2',
	schedules => q(SELECT s - 'last_run' FROM (SELECT to_jsonb(s) s FROM bgjob.schedules s) x ORDER BY 1),
	queues => 'SELECT name, paused, options FROM bgjob.queues ORDER BY 1',
	'the history of walrus' => 'SELECT to_jsonb(h) FROM walrus.history h ORDER BY id',
	nodes => 'SELECT to_jsonb(n) FROM erlang_bridge.node n',
	permissions => 'SELECT role::text, node, what FROM erlang_bridge.permission',
	'columns of views' => q(SELECT c.oid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod)
		FROM pg_depend d JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'v'
		JOIN pg_attribute a ON a.attrelid = c.oid WHERE d.deptype = 'e' ORDER BY c.oid::regclass::text, a.attnum));
$old->stop;
$old->append_conf('postgresql.conf', 'walrus.mode = off'); # it would write its history between the two looks
$old->append_conf('postgresql.conf', 'bgjob.max_workers = 0');
$old->start;
my %before = map { $_ => sql($old, $kept{$_}) } keys %kept;
$old->stop;

# ---- pg_upgrade --------------------------------------------------------------------------------------------
my $checksums = $old->pg_version < 18 && qx("$new_bin/postgres" --version) =~ / (?:1[89]|[2-9]\d)/ ? ['--no-data-checksums'] : [];
my $new = new_node(name => 'new', conf => $conf, start => 0, init => { extra => $checksums });
chdir $ENV{TESTDIR} or die;
command_ok([ 'pg_upgrade', '--no-sync', '--old-datadir', $old->data_dir, '--new-datadir', $new->data_dir,
		'--old-bindir', $old_bin, '--new-bindir', $new_bin, '--socketdir', $new->host,
		'--old-port', $old->port, '--new-port', $new->port ], 'pg_upgrade');
# What the guides say: the key of the cookies and what walrus has learned are files.
for my $file ('erlang_bridge.key', 'pg_stat/walrus.json')
{
	copy($old->data_dir . "/$file", $new->data_dir . "/$file") or die "$file: $!";
	chmod(0600, $new->data_dir . "/$file");
}
$new->append_conf('postgresql.conf', "bgjob.max_workers = 0\nwalrus.mode = off");
$new->start;
is(sql($new, $kept{$_}), $before{$_}, "after pg_upgrade: $_") for sort keys %kept;
is(status($new, 'original_max_wal_size_mb'), 64, 'walrus knows the size before its first change');

# ---- and on ------------------------------------------------------------------------------------------------
$new->append_conf('postgresql.conf', "bgjob.max_workers = -1\nwalrus.mode = auto");
$new->restart;
job_ends($new, $due);
is(effects($new), 'first due', 'a job that was due meanwhile is done by itself');
sql($new, "SELECT bgjob.signal($journey, 'go')");
job_ends($new, $journey);
is(effects($new), 'first due worker last', 'a workflow goes on where it was, as the role that started it');
is(sql($new, 'SELECT out_instance_id FROM flows.fetch_orchestration_item(0, 60000)'), 'a', 'a Duroxide runtime gets its turn');
cmp_ok(enqueue($new, 'SELECT 1'), '>', $due, 'ids go on');
is(sql($new, q(SELECT bgjob.run('SELECT 7 AS x'))), '{"x": 7}', 'a launched job');
my $events = sql($new, 'SELECT count(*) FROM walrus.history');
grow_beyond($new, size($new)); # it has grown already, while pg_upgrade filled the new server
poll_sql($new, "SELECT count(*) > $events FROM walrus.history") && pass('walrus goes on, and with its history');
is(sql($new, 'SELECT ' . $erl->sql('call', "'lists', 'max', '[[1, 8]]'")), 8, 'a call, with the cookie that was kept');

# Said and left out is the same: that the owner of a table may do all, as pg_dump knows.
sub plainly
{
	my $all = qr/\{postgres=arwdDxtm?\/postgres\}/;
	return [ map { s/ \| $all//r } grep { !/^first rights .* $all$/ } @_ ];
}
sql($new, 'CREATE DATABASE fresh');
for my $extension (@extensions)
{
	$new->safe_psql('fresh', "CREATE EXTENSION $extension");
	my ($upgraded, $fresh) = map { plainly(catalogue($new, $_, $extension)) } 'plain', 'fresh';
	is(difference($upgraded, $fresh), '', "$extension is as if created");
}
$new->stop;
done_testing();
