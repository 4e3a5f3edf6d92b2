# Nodes and permissions survive pg_dump and restore, cookies stay encrypted.
use strict;
use warnings;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = new_node(name => 'old', extensions => ['erlang_bridge']);
my $new = new_node(name => 'new');
my $dump = $old->basedir . '/dump.sql';
my $cookie = 'KEEPOUT';
my $rows = "SELECT 'node', name, automatic::text, added_at::text, cookie_set_at::text FROM erlang_bridge.node
	UNION ALL SELECT 'permission', role::text, node, what, '' FROM erlang_bridge.permission ORDER BY 1, 2, 3, 4";
my $permitted = sub {
	return $_[0]->safe_psql('postgres', "SELECT erlang_bridge.permitted('$_[1]', 'app\@host', '$_[2]')");
};

$old->safe_psql('postgres', <<END);
CREATE ROLE "Caller of Things" IN ROLE erlang_call;
CREATE ROLE passing;
SELECT erlang_node_add('app\@host', '$cookie', true), erlang_node_add('web\@10.0.0.7', '$cookie');
SELECT erlang_grant('"Caller of Things"', '*', 'lists:*'), erlang_grant('"Caller of Things"', 'app\@*', 'os:getpid'), erlang_grant('passing', '*', '*:*');
DROP ROLE passing;
END
my $before = $old->safe_psql('postgres', $rows);
command_ok([ 'pg_dump', '-h', $old->host, '-p', $old->port, '-f', $dump, 'postgres' ], 'pg_dump');
my $text = slurp_file($dump);
like($text, qr/^app\@host\t/m, 'the dump has the nodes');
unlike($text, qr/\Q$cookie\E/, '[erl-F3] and no cookie');
unlike($text, qr/@{[ unpack 'H*', $cookie ]}/, '[erl-F3] in no form');

# the server it came from: nothing is lost but the rights of the role that is gone
$old->safe_psql('postgres', 'DROP EXTENSION erlang_bridge');
$old->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, 'postgres' ], 'restore');
is($old->safe_psql('postgres', $rows), join("\n", grep { !/^permission\|\d+\|/ } split /\n/, $before), 'all is there');
$old->safe_psql('postgres', "SELECT erlang_bridge.check_cookie(name) FROM erlang_bridge.node");
is($permitted->($old, '"Caller of Things"', 'lists:sum'), 't', 'permissions count');
is($permitted->($old, '"Caller of Things"', 'os:getpid'), 't', 'those by name too');
is($permitted->($old, '"Caller of Things"', 'os:cmd'), 'f', 'no more than before');

# another server: cookies need the key of the old one
$new->safe_psql('postgres', 'CREATE ROLE "Caller of Things"');
$new->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, 'postgres' ], 'restore on another server');
is($permitted->($new, '"Caller of Things"', 'lists:sum'), 't', 'permissions count there');
my $check = "SELECT erlang_bridge.check_cookie('app\@host')";
is((psql_error($new, $check))[0], '55000', '[erl-F3] a dump without the key gives no cookie');
my $key = slurp_file($old->data_dir . '/erlang_bridge.key');
open my $out, '>:raw', $new->data_dir . '/erlang_bridge.key' or die;
chmod 0600, $out or die;
print $out $key;
close $out;
$new->safe_psql('postgres', $check);

$_->stop for $old, $new;
done_testing();
