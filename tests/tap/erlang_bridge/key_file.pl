# The file of the key that cookies are encrypted with: made once, trusted only when it is safe, and
# what happens without it. Nothing tells where it lies.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(extensions => ['erlang_bridge'], conf => "log_statement = none\nlog_min_duration_statement = -1");
my $data = $node->data_dir;
my $key = "$data/erlang_bridge.key";
my $cookie = 'KEEPOUT';

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub state_of { return (psql_error($node, $_[0]))[0] }
sub check { return "SELECT erlang_bridge.check_cookie('$_[0]')" }
sub add { return "SELECT erlang_node_add('$_[0]', '$cookie')" }

# made when it is first needed
ok(!-e $key, 'there is no key before the first cookie');
is(state_of(check('one@host')), '42704', 'nor does one come from looking');
ok(!-e $key, 'there is still none');
sql(add('one@host'));
my @stat = stat($key);
is(sprintf('%04o', $stat[2] & 07777), '0600', '[erl-F3] the key is for the server\'s user alone');
is($stat[7], 32, 'and complete');
is($stat[4], (stat($data))[4], 'it belongs to the server\'s user');
is($stat[3], 1, 'and has one name');
my $bytes = slurp_file($key);
$node->restart;
sql(check('one@host'));
sql(add('two@host'));
is(slurp_file($key), $bytes, 'later it is the same');

# of many who make it at once all get the same
my $script = "$data/../race.sql";
open my $race, '>', $script or die;
print $race "SELECT erlang_node_add('n' || :client_id || '\@host', '$cookie');\n";
close $race;
my $different = 0;
for my $round (1 .. 10)
{
	sql('TRUNCATE erlang_bridge.node');
	unlink $key or die;
	my ($stdout, $stderr) = run_command([ 'pgbench', '-n', '-c', 16, '-j', 2, '-t', 1, '-f', $script, '-h', $node->host, '-p', $node->port, 'postgres' ]);
	is(sql('SELECT count(*) FROM erlang_bridge.node'), 16, "round $round: all were added") or diag($stderr);
	$different += state_of(check("n$_\@host")) ne '' for 0 .. 15;
}
is($different, 0, '[erl-F3] sessions that need the first key at once agree on one');
is(join(' ', glob("$key.*")), '', 'nothing is left of the others');

# not trusted
sql('TRUNCATE erlang_bridge.node');
sql(add('one@host'));
$bytes = slurp_file($key);
my $error = sub {
	my (undef, undef, $stderr) = $node->psql('postgres', $_[0], extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $stderr;
};
my $refused = sub {
	my ($what, $state, $text) = @_;
	for my $sql (check('one@host'), add('three@host'))
	{
		my $said = $error->($sql);
		like($said, qr/ERROR:  $state: $text/, $what);
		unlike($said, qr/erlang_bridge\.key\b(?!_file)|\Q$data\E|elsewhere/, 'it is not said where the key lies');
	}
};
my $unsafe = 'the key of the cookies cannot be trusted';
for my $mode (0640, 0604, 0620, 0602, 0610, 0601)
{
	chmod $mode, $key or die;
	$refused->(sprintf('[erl-F3] mode %04o', $mode), '55000', $unsafe);
}
chmod 0600, $key or die;
sql(check('one@host'));
rename $key, "$data/elsewhere" or die;
symlink 'elsewhere', $key or die;
$refused->('[erl-F3] a symbolic link', '55000', $unsafe);
unlink $key or die;
mkdir $key or die;
$refused->('a directory', '55000', $unsafe);
rmdir $key or die;
system('mkfifo', '-m', '600', $key) == 0 or die;
$refused->('a pipe, which nobody waits for', '55000', $unsafe);
unlink $key or die;
for my $size (0, 31, 33)
{
	open my $out, '>', $key or die;
	print $out 'x' x $size;
	close $out;
	chmod 0600, $key;
	$refused->("$size bytes", '55000', $unsafe);
}
unlink $key or die;

# lost
my $said = $error->(check('one@host'));
like($said, qr/ERROR:  55000: the key of the cookies is missing/, 'a lost key is said to be missing');
like($said, qr/HINT:  .*erlang_node_set_cookie/, 'and what to do');
ok(!-e $key, 'reading does not make another');
sql(add('four@host'));
like($error->(check('one@host')), qr/ERROR:  55000: the cookie of node "one\@host" cannot be decrypted/, 'a new key does not open what is old');
sql("SELECT erlang_node_set_cookie('one\@host', '$cookie')");
sql(check('one@host'));
rename "$data/elsewhere", $key or die;
is(slurp_file($key), $bytes, 'the old key is back');
is(state_of(check('four@host')), '55000', 'it does not open what the new one closed');

# another place
mkdir "$data/../keys" or die;
my $configure = sub {
	my ($path) = @_;
	$node->append_conf('postgresql.conf', "erlang_bridge.key_file = '$path'");
	$node->reload;
	poll_sql($node, "LOAD 'erlang_bridge'; SHOW erlang_bridge.key_file", $path);
};
$configure->("$data/../keys/key");
sql("SELECT erlang_node_set_cookie('one\@host', '$cookie')");
ok(-f "$data/../keys/key", 'the setting says where it is made');
sql(check('one@host'));
$configure->("$data/../nowhere/key");
is(state_of("SELECT erlang_node_set_cookie('one\@host', '$cookie')"), '58030', 'where it cannot be made is an error');
sql('CREATE ROLE manager LOGIN IN ROLE erlang_admin');
is(state_of("LOAD 'erlang_bridge'; SET ROLE manager; SHOW erlang_bridge.key_file"), '42501', 'not everybody sees the setting');

# [erl-A7] the log tells of the errors, not of cookies and not where the key lies
$node->stop;
my $log = slurp_file($node->logfile);
like($log, qr/ERROR:  $unsafe/, 'the log has the errors');
unlike($log, qr/\Q$cookie\E/, '[erl-F3] but no cookie');
done_testing();
