# What one session changes counts at once in all others, whatever they have read before.
use strict;
use warnings;
use PgCrew;
use Test::More;

my $node = new_node(extensions => ['erlang_bridge']);
sub sql { return $node->safe_psql('postgres', $_[0]) }
sql('CREATE ROLE caller; CREATE ROLE team');
sql("SELECT erlang_grant('team', '*', 'lists:*')");

my $ask = "SELECT erlang_bridge.permitted('caller', 'app\@host', 'lists:sum')";
my $cookie = "SELECT erlang_bridge.check_cookie('app\@host')";
my @levels = ('READ COMMITTED', 'REPEATABLE READ');
my %open = map { $_ => session($node) } @levels;
my $answers = sub { my ($query) = @_; join ' ', map { scalar $open{$_}->query($query) } @levels };

$open{$_}->query("BEGIN ISOLATION LEVEL $_; SELECT count(*) FROM pg_class") for @levels;
is($answers->($ask), 'f f', 'nothing is granted');
sql("SELECT erlang_grant('caller', 'app\@*', 'lists:*')");
is($answers->($ask), 't t', '[erl-F6] a grant counts at once');
sql("SELECT erlang_revoke('caller', 'app\@*', 'lists:*')");
is($answers->($ask), 'f f', '[erl-F6] so does a revoke');
sql('GRANT team TO caller');
is($answers->($ask), 't t', '[erl-F6] becoming a member');
sql('REVOKE team FROM caller');
is($answers->($ask), 'f f', '[erl-F6] leaving');
sql('ALTER ROLE caller SUPERUSER');
is($answers->($ask), 't t', 'becoming a superuser');
sql('ALTER ROLE caller NOSUPERUSER');
is($answers->($ask), 'f f', 'and being none');
sql("INSERT INTO erlang_bridge.permission VALUES ('caller', '*', 'lists:sum')");
is($answers->($ask), 't t', 'rows written by hand count');
sql("SET session_replication_role = replica; DELETE FROM erlang_bridge.permission WHERE role = 'caller'::regrole");
is($answers->($ask), 'f f', 'and rows written by replication');

# what another session has not committed does not count, and leaves nothing behind
my $writer = session($node);
$writer->query("BEGIN; SELECT erlang_grant('caller', '*', 'lists:*')");
is($writer->query($ask), 't', 'a transaction sees its own grant');
is($answers->($ask), 'f f', 'others do not');
$writer->query('COMMIT');
is($answers->($ask), 't t', 'until it commits');

# nodes
$open{$_}->query('COMMIT') for @levels;
sql("SELECT erlang_node_add('app\@host', 'secret')");
my $reader = $open{'REPEATABLE READ'};
$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT s; ' . $cookie);
sql("SELECT erlang_node_remove('app\@host')");
is($reader->query("$cookie; ROLLBACK TO s; SELECT 'gone'"), 'gone', 'a node that was removed');
like($reader->{stderr}, qr/node "app\@host" does not exist/, 'is gone at once');
$reader->{stderr} = '';
sql("SELECT erlang_node_add('app\@host', 'secret')");
is($reader->query("$cookie; SELECT 'back'"), "\nback", 'and one that was added is there');
$reader->query('COMMIT');

# the extension goes and comes: nothing of the old tables is believed
my $stays = $open{'READ COMMITTED'};
is($stays->query($ask), 't', 'before');
sql('DROP EXTENSION erlang_bridge');
sql('CREATE EXTENSION erlang_bridge');
is($stays->query($ask), 'f', 'after');

$_->quit for $writer, values %open;
$node->stop;
done_testing();
