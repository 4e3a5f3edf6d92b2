# [erl-C5] 10,000 asynchronous calls from 20 sessions: none is lost, none has the result of another.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use Test::More;

my $erl = ErlangNode->new('kv');
my $node = bridge_node(conf => 'max_connections = 40');
add_node($node, $erl);

my @sessions = map { session($node) } 1 .. 20;
my $submit = <<"END";
CREATE TEMP TABLE own AS SELECT i, @{[$erl->sql('call_async', "'test_node', 'echo'", 'jsonb_build_array(array[pg_backend_pid(), i])', "'1 min'")]} AS id
FROM generate_series(1, 500) i
END
run_in_background($_, $submit) for @sessions;
$_->query_safe('SELECT 1') for @sessions;
run_in_background($_, "SELECT count(*) || ' right' FROM own WHERE erlang_result(id, '1 min') = jsonb_build_array(pg_backend_pid(), i)") for @sessions;
my $right = grep { $_->query_safe('SELECT 1') =~ /^500 right$/m } @sessions;
is($right, 20, '[erl-C5] each of 20 sessions had its own 500 results');
is($node->safe_psql('postgres', 'SELECT count(*) FROM erlang_pending'), 0, '[erl-C5] none is left');

# Numbers that one session made are taken by others of the role, each by one of them.
$node->safe_psql('postgres', 'CREATE TABLE shared AS SELECT i, '
	  . $erl->sql('call_async', "'test_node', 'echo'", 'jsonb_build_array(i)', "'1 min'") . ' AS id FROM generate_series(1, 1000) i');
my $take = <<'END';
SELECT count(*) FILTER (WHERE erlang_result(id, '1 min') = to_jsonb(i)) || ' right' FROM shared WHERE i %% 20 = %d
END
run_in_background($sessions[$_], sprintf($take, $_) =~ s/\n//r) for 0 .. 19;
$right = grep { $_->query_safe('SELECT 1') =~ /^50 right$/m } @sessions;
is($right, 20, '[erl-C2] [erl-C5] results are taken by other sessions, too');
is($erl->eval('length(nodes(hidden))'), 1, '[erl-D1] over one connection');

$_->quit for @sessions;
$node->stop;
done_testing();
