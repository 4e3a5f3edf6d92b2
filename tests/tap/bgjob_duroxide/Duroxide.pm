# What the TAP scripts of bgjob_duroxide share: a provider's functions as a runtime calls them.
#
#   my $p = provider();
#   runs 'test_name', sub { $p->start('a'); my $item = $p->fetch; $p->ack($item, ...) };
#
# Each case begins with empty tables. With PGCREW_DUROXIDE_PEER, a folder in which npm has installed
# tests/duroxide_node/package.json, the scripts run on the schema that the runtime makes itself, which is the
# reference of behaviour: what only ours does is skipped there (ours_only).
package Duroxide;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use JSON::PP ();
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(provider runs ours_only peer provider_node make_schema event start_message activity completion refused same_rows);

my $json = JSON::PP->new->canonical->allow_nonref;
my @tables = qw(instances executions history orchestrator_queue instance_locks worker_queue sessions kv_store kv_delta);
my %is_list = map { $_ => 1 } qw(p_tag_filter p_instance_ids p_owner_ids);
my $provider; # of the cases of this script

sub peer { return $ENV{PGCREW_DUROXIDE_PEER} }

# A server of the provider. A fetch that finds nothing returns at once unless $conf says otherwise.
sub provider_node
{
	my ($conf, %opt) = @_;
	$conf //= 'bgjob.duroxide_fetch_wait = 0';
	$conf = "max_connections = 120\nmax_worker_processes = 16\n$conf";
	return new_node(%opt, conf => $conf =~ s/^bgjob\w*\..*$//mgr) if peer();
	return new_node(%opt, conf => "shared_preload_libraries = 'bgjob'\n$conf", extensions => ['bgjob_duroxide']);
}

sub make_schema
{
	my ($node, $name) = @_;
	return $node->safe_psql('postgres', "SELECT bgjob.create_duroxide_schema('$name')") unless peer();
	my $folder = "$FindBin::RealBin/../../duroxide_node";
	local @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE)} = ($node->host, $node->port, scalar getpwuid($<), 'postgres');
	system("cd $ENV{PGCREW_DUROXIDE_PEER} && node $folder/make_schema.mjs $name") == 0 or die 'the runtime made no schema';
	return;
}

# provider(): a server with the schema `flow`, and a session there.
sub provider
{
	my ($conf) = @_;
	my $node = provider_node($conf);
	make_schema($node, 'flow');
	return $provider = Duroxide->new($node);
}

# One case of the contract: a subtest with its name. What it did is told when it fails.
sub runs
{
	my ($name, $case) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($builder, $told) = (Test::More->builder, '');
	my $output = $builder->output;
	$builder->output(\$told);
	$provider->forget_all;
	my $passed = subtest $name => sub {
		eval { $case->(); 1 } or fail("$name ended early: " . (ref $@ ? "$@->{sqlstate} $@->{message}" : $@));
		done_testing();
	};
	$builder->output($output);
	print {$output} $told =~ /^((?:not )?ok .*\n)/m;
	diag(grep { /^ *(?:not )?ok/ } split /^/, $told) unless $passed;
	return $passed;
}

# What the runtime's own functions do not do; the case is one that passes there, of a note.
sub ours_only
{
	my ($why) = @_;
	return 0 unless peer();
	pass("not in the runtime's own functions: $why");
	return 1;
}

# refused(sub, $sqlstate, qr/message/, $name): it raises that error. The peer's are all P0001.
sub refused
{
	my ($call, $sqlstate, $message, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	if (eval { $call->(); 1 })
	{
		return fail("$name: no error");
	}
	return fail("$name: $@") unless ref $@;
	my ($got, $text) = @{ $@ }{qw(sqlstate message)};
	like($text, $message, $name);
	isnt($got, 'XX000', '... with an SQLSTATE of its own');
	return is($got, $sqlstate, '... which is that one') if defined $sqlstate && !peer();
	return 1;
}

# The same rows, whatever their order.
sub same_rows
{
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @sorted = map { [ sort map { $json->encode($_) } @$_ ] } $got, $expected;
	return is_deeply(@sorted, $name);
}

# --- what runtimes write ---------------------------------------------------------------------------
sub event
{
	my ($id, $type, %fields) = @_;
	return { event_id => $id, event_type => 'Event', event_data => $json->encode({ event_id => $id, type => $type, %fields }) };
}

sub start_message
{
	my ($instance, %fields) = @_;
	return { StartOrchestration => { instance => $instance, orchestration => 'Flow', input => '{}', version => undef,
			parent_instance => undef, parent_id => undef, execution_id => 1, %fields } };
}

sub activity
{
	my ($instance, $id, %fields) = @_;
	return { ActivityExecute => { instance => $instance, execution_id => 1, id => $id, name => 'Work', input => '{}', %fields } };
}

sub completion
{
	my ($instance, $id, %fields) = @_;
	return { ActivityCompleted => { instance => $instance, execution_id => 1, id => $id, result => 'done', %fields } };
}

# --- sessions --------------------------------------------------------------------------------------
sub new
{
	my ($class, $node, $schema) = @_;
	my $session = session($node);
	$session->query_safe('\set VERBOSITY verbose');
	$session->query_safe('SET client_min_messages = error');
	return bless { node => $node, session => $session, schema => $schema // 'flow' }, $class;
}

# Another session on the same schema.
sub another
{
	my ($self) = @_;
	return Duroxide->new($self->{node}, $self->{schema});
}

sub node { return $_[0]{node} }

sub quit
{
	my ($self) = @_;
	return $self->{session}->quit;
}

# What the query answers, as psql prints it. An error dies with sqlstate and message.
sub sql
{
	my ($self, $query) = @_;
	my $session = $self->{session};
	$session->{stderr} = '';
	$query =~ s/\bflow\./$self->{schema}./g;
	utf8::encode($query);
	my $answer = $session->query($query);
	utf8::decode($answer);
	die { sqlstate => $1, message => $2 } if $session->{stderr} =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}): (.*)/;
	die $session->{stderr} if $session->{stderr} =~ /\S/;
	return $answer;
}

# Sends a query to this session, which answers later.
sub send_off
{
	my ($self, $query) = @_;
	return run_in_background($self->{session}, $query);
}

# The answer to what was sent off.
sub answer
{
	my ($self) = @_;
	return $self->sql('SELECT 1 WHERE false');
}

# A row of the query as list of its columns.
sub row
{
	my ($self, $query) = @_;
	return $json->decode($self->sql("SELECT to_json(array(SELECT value FROM json_each_text(row_to_json(r)))) FROM ($query) r"));
}

sub _literal
{
	my ($name, $value) = @_;
	return 'NULL' unless defined $value;
	return $$value if ref $value eq 'SCALAR';
	return 'ARRAY[' . join(', ', map { _literal('', $_) } @$value) . ']::text[]' if $is_list{$name};
	$value = $json->encode($value) if ref $value;
	return "'" . $value =~ s/'/''/gr . "'";
}

my $now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

# The text of a call, for those who send it to a session in the background.
sub text_of
{
	my ($self, $function, %given) = @_;
	$given{p_now_ms} = \$now if exists $given{p_now_ms} && !defined $given{p_now_ms};
	return "$self->{schema}.$function(" . join(', ', map { "$_ => " . _literal($_, $given{$_}) } sort keys %given) . ')';
}

# The rows that a function gives, as hashes without `out_`, or values where it gives one value.
sub rows
{
	my ($self, $function, %given) = @_;
	my $answer = $self->sql("SELECT coalesce(json_agg(r), '[]') FROM " . $self->text_of($function, %given) . ' r');
	return map { ref $_ eq 'HASH' ? { _without_out($_) } : $_ } @{ $json->decode($answer) };
}

sub _without_out
{
	my ($row) = @_;
	return map { s/^out_//r => $row->{$_} } keys %$row;
}

# The only row.
sub one
{
	my ($self, $function, %given) = @_;
	my @rows = $self->rows($function, %given);
	die "$function: " . @rows . ' rows' if @rows > 1;
	return $rows[0];
}

# --- the queue of orchestrations -------------------------------------------------------------------
sub token_of { return ref $_[0] ? $_[0]{lock_token} : $_[0] }

# enqueue($instance, $message, ms until it is visible)
sub enqueue
{
	my ($self, $instance, $message, $delay) = @_;
	my $at = "date_trunc('milliseconds', clock_timestamp())" . ($delay ? " + interval '$delay ms'" : '');
	return $self->rows('enqueue_orchestrator_work', p_instance_id => $instance, p_work_item => $json->encode($message), p_visible_at => \$at);
}

sub start
{
	my ($self, $instance, %fields) = @_;
	return $self->enqueue($instance, start_message($instance, %fields));
}

sub fetch
{
	my ($self, %o) = @_;
	return $self->one('fetch_orchestration_item', fetch_arguments(%o));
}

sub fetch_arguments
{
	my (%o) = @_;
	return (p_now_ms => undef, p_lock_timeout_ms => $o{lock} // 60000, p_min_version_packed => $o{min}, p_max_version_packed => $o{max});
}

# ack($item, execution, history => [], worker => [], messages => [], metadata => {}, cancelled => [])
sub ack
{
	my ($self, $item, %o) = @_;
	return $self->rows('ack_orchestration_item', $self->ack_arguments($item, %o));
}

sub ack_arguments
{
	my ($self, $item, %o) = @_;
	return (p_lock_token => token_of($item), p_now_ms => undef, p_execution_id => $o{execution} // 1,
		p_history_delta => $o{history} // [], p_worker_items => $o{worker} // [], p_orchestrator_items => $o{messages} // [],
		p_metadata => { orchestration_name => 'Flow', orchestration_version => '1.0.0', parent_instance_id => undef, status => undef,
			output => undef, kv_mutations => [], %{ $o{metadata} // {} } },
		p_cancelled_activities => $o{cancelled} // []);
}

sub abandon
{
	my ($self, $item, %o) = @_;
	return $self->one('abandon_orchestration_item', p_lock_token => token_of($item), p_now_ms => undef,
		p_delay_ms => $o{delay}, p_ignore_attempt => $o{ignore} ? 't' : 'f');
}

sub renew
{
	my ($self, $item, $seconds) = @_;
	return $self->rows('renew_orchestration_item_lock', p_lock_token => token_of($item), p_now_ms => undef, p_extend_secs => $seconds);
}

# A turn of an instance that a message is there for: fetched and acknowledged.
sub turn
{
	my ($self, %o) = @_;
	my $item = $self->fetch // die 'nothing to fetch';
	$self->ack($item, %o);
	return $item;
}

# An instance with its first turn done: it runs, or has ended with %o{metadata}.
sub running
{
	my ($self, $instance, %o) = @_;
	$self->start($instance);
	return $self->turn(history => [ event(1, 'OrchestrationStarted', name => 'Flow') ], %o);
}

sub finished
{
	my ($self, $instance, $status, %metadata) = @_;
	return $self->running($instance, metadata => { status => $status // 'Completed', output => '"ok"', %metadata });
}

# A message of no importance, and the turn after it.
sub another_turn
{
	my ($self, $instance, %o) = @_;
	$self->enqueue($instance, { ExternalRaised => { instance => $instance, name => 'go', data => '1' } });
	return $self->turn(%o);
}

# The instance goes on as generation $execution.
sub next_generation
{
	my ($self, $instance, $execution, %o) = @_;
	$self->enqueue($instance, { ContinueAsNew => { instance => $instance, orchestration => 'Flow', input => '{}', version => undef } });
	return $self->turn(execution => $execution, history => [ event(1, 'OrchestrationStarted', name => 'Flow') ], %o);
}

# Generations 1 to $count, of which all but the last have ended.
sub generations
{
	my ($self, $instance, $count, %last) = @_;
	my $more = { metadata => { status => 'ContinuedAsNew', output => '{}' } };
	$self->running($instance, $count == 1 ? %last : %$more);
	$self->next_generation($instance, $_, $_ == $count ? %last : %$more) for 2 .. $count;
	return;
}

# --- the queue of activities -----------------------------------------------------------------------
# enqueue_work($instance, $id, session_id, tag, execution_id)
sub enqueue_work
{
	my ($self, $instance, $id, %o) = @_;
	return $self->rows('enqueue_worker_work', p_work_item => $json->encode(activity($instance, $id, %o)), p_now_ms => undef,
		p_instance_id => $instance, p_execution_id => $o{execution_id} // 1, p_activity_id => $id, p_session_id => $o{session_id}, p_tag => $o{tag});
}

# fetch_work(lock, owner, session_lock, tags, mode): the item's activity is decoded into `activity`.
sub fetch_work
{
	my ($self, %o) = @_;
	my $item = $self->one('fetch_work_item', fetch_work_arguments(%o)) // return;
	$item->{activity} = $json->decode($item->{work_item})->{ActivityExecute};
	return $item;
}

sub fetch_work_arguments
{
	my (%o) = @_;
	return (p_now_ms => undef, p_lock_timeout_ms => $o{lock} // 60000, p_owner_id => $o{owner}, p_session_lock_timeout_ms => $o{session_lock},
		p_tag_filter => $o{tags} // [], p_tag_mode => $o{mode} // 'default_only');
}

# Ids of activities that can be fetched now, in their order; they stay fetched.
sub fetch_ids
{
	my ($self, %o) = @_;
	my @ids;
	while (my $item = $self->fetch_work(%o))
	{
		push @ids, $item->{activity}{id};
	}
	return \@ids;
}

# Without a completion nothing is enqueued.
sub ack_work
{
	my ($self, $item, $instance, $completion) = @_;
	return $self->rows('ack_worker', p_lock_token => token_of($item), p_instance_id => $instance,
		p_completion_json => defined $completion ? $json->encode($completion) : undef, p_now_ms => undef);
}

sub abandon_work
{
	my ($self, $item, %o) = @_;
	return $self->rows('abandon_work_item', p_lock_token => token_of($item), p_now_ms => undef,
		p_delay_ms => $o{delay}, p_ignore_attempt => $o{ignore} ? 't' : 'f');
}

sub renew_work
{
	my ($self, $item, $seconds) = @_;
	return $self->rows('renew_work_item_lock', p_lock_token => token_of($item), p_now_ms => undef, p_extend_secs => $seconds);
}

sub renew_sessions
{
	my ($self, $owners, $extend, $idle) = @_;
	return $self->one('renew_session_lock', p_owner_ids => $owners, p_now_ms => undef, p_extend_ms => $extend, p_idle_timeout_ms => $idle // 300000);
}

# --- the tables ------------------------------------------------------------------------------------
sub count
{
	my ($self, $table, $where) = @_;
	return $self->sql("SELECT count(*) FROM flow.$table WHERE " . ($where // 'true'));
}

# All that the tables hold.
sub contents
{
	my ($self) = @_;
	return $self->sql(join ' UNION ALL ', map { "(SELECT '$_', to_jsonb(t)::text FROM flow.$_ t ORDER BY 2)" } @tables);
}

# Rows of the instance in any table.
sub traces
{
	my ($self, $instance) = @_;
	my $column = _literal('', $instance);
	return $self->sql('SELECT ' . join ' + ', map { "(SELECT count(*) FROM flow.$_ WHERE instance_id = $column)" } grep { $_ ne 'sessions' } @tables);
}

sub forget_all
{
	my ($self) = @_;
	return $self->sql(join '; ', 'ROLLBACK', map { "DELETE FROM flow.$_" } @tables);
}

# As if so many seconds had passed since everything so far.
sub pass_time
{
	my ($self, $seconds) = @_;
	my $ms = $seconds * 1000;
	$self->sql("UPDATE flow.$_ SET locked_until = locked_until - $ms") for qw(instance_locks orchestrator_queue worker_queue sessions);
	$self->sql("UPDATE flow.$_ SET visible_at = visible_at - interval '$seconds s'") for qw(orchestrator_queue worker_queue);
	return $self->sql("UPDATE flow.sessions SET last_activity_at = last_activity_at - $ms");
}

1;
