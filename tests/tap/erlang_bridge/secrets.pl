# [erl-F3] A cookie is nowhere to be read: not in the log, in views, in a dump, nor in the memory of any process.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

use PostgreSQL::Test::Utils;

my $cookie = 'xKq7' . join '', map { chr(97 + int rand 26) } 1 .. 28;
my $erl = ErlangNode->new('kv', cookie => $cookie);
my $node = bridge_node(conf => "log_min_messages = debug5\nlog_min_error_statement = panic\nerlang_bridge.trace = on");
# What pg_stat_activity shows of a session stays in shared memory until something as long takes its place.
my $overwrite = 'SELECT 1 /* ' . 'x' x 2000 . ' */';

my $psql = session($node);
$psql->query_safe("SELECT erlang_node_add('kv\@127.0.0.1', '$cookie')");
$psql->query_safe($overwrite);
$psql->quit;
$psql = session($node);
is($psql->query_safe('SELECT ' . $erl->sql('call', "'erlang', 'node'")), '"kv@127.0.0.1"', 'the node is connected with it');
$node->safe_psql('postgres', 'SELECT erlang_result(' . $erl->sql('call_async', "'erlang', 'node'") . ')');
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('disconnect'));
$node->safe_psql('postgres', 'SELECT ' . $erl->sql('call', "'erlang', 'node'"));

# Errors do not say it, be it right, wrong or none at all.
for my $bad ("$cookie\n", "\x01$cookie", $cookie x 10, '')
{
	my (undef, undef, $stderr) = $node->psql('postgres', "SET log_min_messages = fatal; SELECT erlang_node_set_cookie('kv\@127.0.0.1', " . quoted($bad) . ");\n$overwrite",
		on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($stderr, qr/ERROR:  22023: /, '[erl-F2] what is no cookie');
	my ($message) = $stderr =~ /(ERROR:.*?)(?:\nLINE|\z)/s;
	unlike($message, qr/\Q$cookie\E/, '[erl-F2] ... is not repeated');
}

unlike(slurp_file($node->logfile), qr/\Q$cookie\E/, '[erl-F3] the log has no cookie');

# With the logging everybody has, a statement of ours that fails is logged, without its text.
$node->append_conf('postgresql.conf', "log_min_error_statement = error");
$node->reload;
my $log = -s $node->logfile;
poll_sql($node, "SELECT current_setting('log_min_error_statement')", 'error');
for my $failing ("erlang_connect('nobody\@127.0.0.1', '$cookie')", "erlang_node_add('nobody', '$cookie')", "erlang_health('nobody')")
{
	$node->psql('postgres', "SELECT $failing;\n$overwrite", on_error_stop => 0);
}
my $logged = substr(slurp_file($node->logfile), $log);
is(() = ($logged =~ /ERROR:  /g), 3, '[erl-F4] statements with a cookie fail and are logged');
unlike($logged, qr/\Q$cookie\E/, '[erl-F4] ... without it');
like($logged, qr/STATEMENT:  SELECT erlang_health\('nobody'\)/, '[erl-F4] ... others with their statement');
my $objects = $node->safe_psql('postgres', <<'END');
SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'v') AND (nspname = 'erlang_bridge' OR relname LIKE 'erlang%' OR relname IN ('pg_stat_activity', 'pg_settings'))
END
my @objects = split /\n/, $objects;
cmp_ok(scalar(@objects), '>=', 6, "there are tables and views: @objects");
my $encoded = unpack('H*', $cookie);
for my $object (@objects)
{
	unlike($node->safe_psql('postgres', "SELECT string_agg(x::text, ' ') FROM $object x"), qr/\Q$cookie\E|$encoded/, "[erl-F3] $object does not show it");
}
my ($dump) = run_command([ 'pg_dump', '-d', $node->connstr('postgres') ]);
like($dump, qr/kv\@127\.0\.0\.1/, 'a dump has the node');
unlike($dump, qr/\Q$cookie\E|$encoded/, '[erl-F3] and not its cookie');
my @files = split /\n/, `find @{[$node->data_dir]} -type f -size -20M`;
my @readable = grep { index(slurp_file($_), $cookie) >= 0 } @files;
is("@readable", '', '[erl-F3] no file has it');

# The memory of the worker, the postmaster and of every session that never had it in a statement.
sub holds
{
	my ($pid, $text) = @_;
	open(my $maps, '<', "/proc/$pid/maps") or return;
	open(my $memory, '<:raw', "/proc/$pid/mem") or return;
	my $found = 0;
	while (my $line = <$maps>)
	{
		my ($from, $to, $path) = $line =~ /^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \S+\s*(.*)/ or next;
		next if $path =~ /^\[vv/;
		my ($at, $end) = (hex $from, hex $to);
		while ($at < $end)
		{
			my $size = $end - $at > 2**24 ? 2**24 : $end - $at;
			sysseek($memory, $at, 0) or last;
			my $got = sysread($memory, my $bytes, $size) or last;
			$found++ if index($bytes, $text) >= 0;
			$at += $size > 4096 && $end - $at > $size ? $size - 4096 : $size;
		}
	}
	return $found;
}

my $probe = session($node);
$probe->query_safe("SET application_name = 'a text to be found'");
is(!!holds(backend_pid($probe), 'a text to be found'), 1, 'the memory of a session can be searched');
my ($worker) = bridge_workers($node);
for my $line (split(/\n/, $node->safe_psql('postgres', 'SELECT pid || backend_type FROM pg_stat_activity WHERE pid <> pg_backend_pid()')),
	"${worker}bridge worker")
{
	my ($pid, $type) = $line =~ /^(\d+)(.*)/;
	my $found = holds($pid, $cookie);
	next if !defined $found && !-e "/proc/$pid"; # it has ended meanwhile
	is($found, 0, "[erl-F3] it is not in the memory of the $type");
}
my $core = "$ENV{TESTDIR}/core";
SKIP:
{
	skip 'no gcore here', 1 if system("command -v gcore >/dev/null && gcore -o $core $worker >/dev/null 2>&1") != 0;
	system("grep -qF -- '$cookie' $core.$worker");
	is($? >> 8, 1, '[erl-F3] a core image of the worker has no cookie');
	unlink("$core.$worker");
}

$_->quit for $psql, $probe;
$node->stop;
done_testing();
