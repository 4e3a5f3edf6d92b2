# Values of instances. What an execution writes is a delta on what earlier ones left until it ends: a replay makes
# its own writes again, clients see both.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Duroxide;
use PgCrew;
use Test::More tests => 35;

my $p = provider();
my $time = 0;

sub set { return { action => 'set', key => $_[0], value => $_[1], last_updated_at_ms => ++$time } }
sub clear_key { return { action => 'clear_key', key => $_[0] } }
sub clear_all { return { action => 'clear_all' } }

# A turn of a running instance that writes so.
sub writes
{
	my ($instance, @mutations) = @_;
	return $p->another_turn($instance, metadata => { kv_mutations => \@mutations });
}

sub begins
{
	my ($instance, @mutations) = @_;
	return $p->running($instance, metadata => { kv_mutations => \@mutations });
}

# The execution ends so.
sub ends
{
	my ($instance, $status, $execution, @mutations) = @_;
	return $p->another_turn($instance, execution => $execution // 1, metadata => { status => $status // 'Completed', output => '1', kv_mutations => \@mutations });
}

# A generation that continues as new, having written so; the first one begins with it.
sub generation
{
	my ($instance, $execution, $status, @mutations) = @_;
	my %turn = (metadata => { status => $status, output => '{}', kv_mutations => \@mutations });
	return $execution == 1 ? $p->running($instance, %turn) : $p->next_generation($instance, $execution, %turn);
}

sub value
{
	my ($instance, $key) = @_;
	my $row = $p->one('get_kv_value', p_instance => $instance, p_key => $key);
	return $row->{found} ? $row->{value} : undef;
}

sub all_values
{
	my ($instance) = @_;
	return { map { ($_->{key} => $_->{value}) } $p->rows('get_kv_all_values', p_instance => $instance) };
}

# What a turn that begins now is told.
sub snapshot
{
	my ($instance) = @_;
	$p->enqueue($instance, { ExternalRaised => { instance => $instance, name => 'look', data => '1' } });
	my $item = $p->fetch;
	$p->abandon($item);
	$p->sql("DELETE FROM flow.orchestrator_queue WHERE instance_id = '$instance'");
	return { map { ($_ => $item->{kv_snapshot}{$_}{value}) } keys %{ $item->{kv_snapshot} } };
}

sub stored { return $p->row("SELECT value, execution_id FROM flow.kv_store WHERE instance_id = '$_[0]' AND key = '$_[1]'") }
sub prune { return $p->one('prune_executions', p_instance_id => $_[0], p_keep_last => $_[1]) }
sub kv_rows { return $p->count('kv_store') + $p->count('kv_delta') }

runs test_kv_set_and_get => sub {
	begins('a', set('k', 'v'));
	is(value('a', 'k'), 'v', 'as it was set');
};

runs test_kv_overwrite => sub {
	begins('a', set('k', 'one'));
	writes('a', set('k', 'two'));
	is(value('a', 'k'), 'two', 'in a later turn');
	writes('a', set('k', 'three'), set('k', 'four'));
	is(value('a', 'k'), 'four', '... and in the same one');
	is_deeply(all_values('a'), { k => 'four' }, 'one key');
};

runs test_kv_clear_single => sub {
	begins('a', set('k', 'v'), set('l', 'w'));
	writes('a', clear_key('k'));
	is(value('a', 'k'), undef, 'it has gone');
	is_deeply(all_values('a'), { l => 'w' }, '... and nothing else');
};

runs test_kv_clear_all => sub {
	begins('a', set('k', 'v'), set('l', 'w'));
	writes('a', clear_all());
	is_deeply(all_values('a'), {}, 'all have gone');
};

runs test_kv_get_nonexistent => sub {
	begins('a', set('k', 'v'));
	is_deeply($p->one('get_kv_value', p_instance => 'a', p_key => 'other'), { value => undef, found => JSON::PP::false() }, 'not found');
};

runs test_kv_get_unknown_instance => sub {
	is(value('nobody', 'k'), undef, 'no value');
	is_deeply(all_values('nobody'), {}, '... at all');
};

runs test_kv_clear_nonexistent_key => sub {
	begins('a', clear_key('k'));
	is(value('a', 'k'), undef, 'no error');
	ends('a');
	is(value('a', 'k'), undef, '... at the end either');
};

runs test_kv_set_after_clear => sub {
	begins('a', set('k', 'one'));
	writes('a', clear_key('k'), set('k', 'two'));
	is(value('a', 'k'), 'two', 'cleared, then set');
	writes('a', set('l', 'x'), clear_all(), set('m', 'y'));
	is_deeply(all_values('a'), { m => 'y' }, '... and all of them');
	writes('a', set('k', 'three'), clear_key('k'));
	is_deeply(all_values('a'), { m => 'y' }, 'set, then cleared');
};

runs test_kv_empty_value => sub {
	begins('a', set('k', ''));
	is_deeply($p->one('get_kv_value', p_instance => 'a', p_key => 'k'), { value => '', found => JSON::PP::true() }, 'an empty text is a value');
	ends('a');
	is_deeply(all_values('a'), { k => '' }, '... after the end, too');
};

runs test_kv_large_value => sub {
	my $large = 'x' x 65536;
	begins('a', set('k', $large));
	ok(value('a', 'k') eq $large, '64 kB');
	ends('a');
	ok(value('a', 'k') eq $large, '... after the end, too');
	ok(snapshot('a')->{k} eq $large, '... and in the next turn');
};

runs test_kv_special_chars_in_key => sub {
	my @keys = ("it's", 'a "b"', '{"x": 1}', '$1 :y \\z', 'a.b/c', ' ', '%_');
	begins('a', map { set($_, "<$_>") } @keys);
	is_deeply(all_values('a'), { map { ($_ => "<$_>") } @keys }, 'keys may be anything');
	is(value('a', $_), "<$_>", "... $_") for @keys;
	ends('a');
	is_deeply(snapshot('a'), { map { ($_ => "<$_>") } @keys }, '... for the next turn, too');
};

runs test_kv_instance_isolation => sub {
	begins('a', set('k', 'of a'));
	begins('b', set('k', 'of b'));
	is_deeply([ value('a', 'k'), value('b', 'k') ], [ 'of a', 'of b' ], 'each has its own');
};

runs test_kv_clear_isolation => sub {
	begins($_, set('k', 'v')) for qw(a b);
	writes('a', clear_all());
	is_deeply(all_values('b'), { k => 'v' }, 'others keep theirs');
	ends('a');
	ends('b');
	is_deeply(snapshot('b'), { k => 'v' }, '... for good');
};

runs test_kv_snapshot_in_fetch => sub {
	begins('a', set('k', 'v'));
	ends('a');
	$p->start('a');
	is_deeply($p->fetch->{kv_snapshot}, { k => { value => 'v', last_updated_at_ms => $time } }, 'a turn is told value and time');
};

runs test_kv_snapshot_empty => sub {
	$p->start('a');
	is_deeply($p->fetch->{kv_snapshot}, {}, 'an empty object');
};

runs test_kv_snapshot_after_clear_single => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'), set('l', 'w'));
	generation('a', 2, 'ContinuedAsNew', clear_key('k'));
	is_deeply(snapshot('a'), { l => 'w' }, 'what an ended execution has cleared is not there');
};

runs test_kv_snapshot_after_clear_all => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'), set('l', 'w'));
	generation('a', 2, 'ContinuedAsNew', clear_all());
	is_deeply(snapshot('a'), {}, 'nothing is there');
};

runs test_kv_snapshot_cross_execution => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'of 1'));
	generation('a', 2, 'ContinuedAsNew', set('l', 'of 2'));
	is_deeply(snapshot('a'), { k => 'of 1', l => 'of 2' }, 'of both');
};

runs test_kv_execution_id_tracking => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'one'), set('l', 'one'));
	generation('a', 2, 'ContinuedAsNew', set('k', 'two'));
	is_deeply([ stored('a', 'k'), stored('a', 'l') ], [ [ 'two', 2 ], [ 'one', 1 ] ], 'the last writer owns a key');
};

runs test_kv_cross_execution_overwrite => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'one'));
	generation('a', 2, undef, set('k', 'two'));
	is(value('a', 'k'), 'two', 'clients see the new value');
	is_deeply(snapshot('a'), { k => 'one' }, '... replays the old one');
	ends('a', 'Completed', 2);
	is_deeply(snapshot('a'), { k => 'two' }, '... until the end');
};

runs test_kv_cross_execution_remove_readd => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'one'));
	generation('a', 2, 'ContinuedAsNew', clear_key('k'));
	is(value('a', 'k'), undef, 'removed');
	generation('a', 3, 'ContinuedAsNew', set('k', 'three'));
	is_deeply(stored('a', 'k'), [ 'three', 3 ], '... and there again');
};

runs test_kv_prune_preserves_overwritten => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'one'));
	generation('a', 2, 'ContinuedAsNew', set('k', 'two'));
	generation('a', 3, undef);
	is(prune('a', 1)->{executions_deleted}, 2, 'two are pruned');
	is(value('a', 'k'), 'two', '... and the value stays');
};

runs test_kv_prune_preserves_all_keys => sub {
	generation('a', $_, 'ContinuedAsNew', set("k$_", $_)) for 1 .. 4;
	generation('a', 5, undef);
	prune('a', 1);
	is_deeply(all_values('a'), { map { ("k$_" => $_) } 1 .. 4 }, 'keys of those that are pruned stay');
};

runs test_kv_prune_current_execution_protected => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'one'));
	generation('a', 2, undef, set('l', 'two'));
	prune('a', 1);
	is_deeply(all_values('a'), { k => 'one', l => 'two' }, 'all are there');
	is($p->count('kv_delta'), 1, '... what the current one wrote as well');
};

runs test_kv_delete_instance_cascades => sub {
	begins('a', set('k', 'v'));
	ends('a');
	is(kv_rows(), 1, 'a value');
	$p->one('delete_instances_atomic', p_instance_ids => ['a'], p_force => 'f');
	is(kv_rows(), 0, '... goes with its instance');
};

runs test_kv_delete_instance_with_children => sub {
	$p->finished('a', 'Completed', kv_mutations => [ set('k', 'v') ]);
	$p->finished('b', 'Completed', parent_instance_id => 'a', kv_mutations => [ set('k', 'v') ]);
	$p->finished('c', 'Completed', kv_mutations => [ set('k', 'v') ]);
	$p->one('delete_instances_atomic', p_instance_ids => [ 'a', 'b' ], p_force => 'f');
	is($p->sql('SELECT string_agg(instance_id, \' \') FROM flow.kv_store'), 'c', 'values of children go, those of others stay');
};

runs test_kv_delta_snapshot_excludes_current_execution => sub {
	begins('a', set('k', 'v'));
	is_deeply(snapshot('a'), {}, 'a replay writes it again');
};

runs test_kv_delta_snapshot_includes_completed_execution => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'));
	generation('a', 2, undef, set('l', 'w'));
	is_deeply(snapshot('a'), { k => 'v' }, 'what earlier ones left');
};

runs test_kv_delta_client_reads_merged => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'old'), set('l', 'kept'));
	generation('a', 2, undef, set('k', 'new'), set('m', 'more'));
	is_deeply(all_values('a'), { k => 'new', l => 'kept', m => 'more' }, 'the delta wins');
	is(value('a', 'k'), 'new', '... for each key');
	is(value('a', 'l'), 'kept', '... that it has');
};

runs test_kv_delta_tombstone_overrides_store => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'), set('l', 'w'));
	generation('a', 2, undef, clear_key('k'));
	is(value('a', 'k'), undef, 'what is cleared is not seen');
	is_deeply(all_values('a'), { l => 'w' }, '... among all');
	is_deeply(snapshot('a'), { k => 'v', l => 'w' }, '... while replays still do');
};

runs test_kv_delta_clear_all_tombstones_store => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'), set('l', 'w'));
	generation('a', 2, undef, set('m', 'x'), clear_all());
	is_deeply(all_values('a'), {}, 'nothing is seen');
	is($p->count('kv_store'), 2, '... of what is still there');
	ends('a', 'Completed', 2);
	is(kv_rows(), 0, '... until the end');
};

runs test_kv_delta_merged_on_completion => sub {
	for my $status (qw(Completed Failed))
	{
		$p->forget_all;
		generation('a', 1, 'ContinuedAsNew', set('k', 'v'), set('l', 'w'));
		generation('a', 2, undef, set('k', 'new'), clear_key('l'), set('m', 'x'));
		ends('a', $status, 2);
		is($p->count('kv_delta'), 0, "$status: no delta");
		is_deeply(snapshot('a'), { k => 'new', m => 'x' }, '... it is what all see');
	}
};

runs test_kv_delta_merged_on_can => sub {
	begins('a', set('k', 'v'));
	ends('a', 'ContinuedAsNew', 1, set('l', 'w'));
	is($p->count('kv_delta'), 0, 'no delta');
	is_deeply(snapshot('a'), { k => 'v', l => 'w' }, 'the next generation has it, with what the last turn wrote');
};

runs test_kv_delta_delete_instance_cascades => sub {
	begins('a', set('k', 'v'), clear_key('l'));
	is($p->count('kv_delta'), 2, 'a delta');
	$p->one('delete_instances_atomic', p_instance_ids => ['a'], p_force => 't');
	is(kv_rows(), 0, '... goes with its instance');
};

runs test_kv_delta_prune_untouched_key_survives => sub {
	generation('a', 1, 'ContinuedAsNew', set('k', 'v'));
	generation('a', $_, 'ContinuedAsNew', set('l', $_)) for 2 .. 3;
	generation('a', 4, undef);
	prune('a', 1);
	is_deeply(snapshot('a'), { k => 'v', l => '3' }, 'a key that only the first one wrote');
};

$p->node->stop;
