# What the documents on operation and security tell to run can be run, on a server with all extensions; and the
# collectors, alerts and the dashboard of docs/monitoring fit the views and each other.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $docs = "$FindBin::Bin/../../../docs";
my $node = new_node(conf => "shared_preload_libraries = 'bgjob, walrus'\nwalrus.mode = 'advise'\nwal_level = logical\n");
my $has_erlang = $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'erlang_bridge'");
if ($has_erlang)
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'bgjob, walrus, erlang_bridge'");
	$node->restart;
}
my @extensions = ('bgjob', 'walrus', $has_erlang ? 'erlang_bridge' : ());
$node->safe_psql('postgres', "CREATE EXTENSION $_") for @extensions;

# One of everything there is to look at.
$node->safe_psql('postgres', <<'END');
CREATE ROLE app LOGIN;
SELECT bgjob.grant_usage('app');
CREATE PROCEDURE waits(input jsonb) LANGUAGE plpgsql AS $$ BEGIN CALL bgjob.wait_signal('go'); END $$;
CREATE PROCEDURE asks(input jsonb) LANGUAGE plpgsql AS $$ BEGIN CALL bgjob.task('t', 'outside', '1'); END $$;
SET SESSION AUTHORIZATION app;
SELECT bgjob.start('waits'), bgjob.start('asks'), bgjob.enqueue('SELECT 1/0'), bgjob.enqueue('SELECT 1', run_at => now() + '1 day');
SELECT bgjob.schedule('s', '0 3 * * *', 'SELECT 1'), bgjob.submit('SELECT 1');
END
poll_sql($node, "SELECT count(*) = 2 FROM bgjob.waiting WHERE waits_for IN ('signal go', 'task t')");
poll_sql($node, "SELECT count(*) = 1 FROM bgjob.failures");
poll_sql($node, 'SELECT count(*) = 1 FROM walrus.why');

# ---- statements of the documents -------------------------------------------------------------------
sub about_missing { return $_[0] =~ /erlang/ && !$has_erlang }

for my $document ('operations', 'security')
{
	my $number = 0;
	for my $block (slurp_file("$docs/$document.md") =~ /^```sql\n(.*?)^```/msg)
	{
		$number++;
		my @statements = grep { !about_missing($_) } split /(?<=;)(?=[^\n]*\n)/, $block;
		my ($status, undef, $error) = $node->psql('postgres', join('', "SET client_min_messages = warning;\n", @statements), on_error_stop => 1);
		is("$status $error", '0 ', "$document.md, block $number: " . (split /\n/, $block)[0]);
	}
	cmp_ok($number, '>', 2, "$document.md has statements");
}

$node->restart;
is($node->safe_psql('postgres', 'SHOW max_worker_processes'), 24, 'the server starts with all that they have set');
poll_sql($node, 'SELECT count(*) = 1 FROM walrus.why');

# ---- collectors ------------------------------------------------------------------------------------
my (undef, undef, $setup) = $node->psql('postgres', slurp_file("$docs/monitoring/setup.sql"), on_error_stop => 1);
is($setup, '', 'setup.sql');

sub words { return split /,\s*/, $_[0] // '' }

# Names of metrics, with their labels.
my %metrics;
for my $file (sort glob("$docs/monitoring/*.collector.yml"))
{
	next if about_missing($file);
	my $text = slurp_file($file);
	my ($metrics, $queries) = $text =~ /^metrics:\n(.*)^queries:\n(.*)/ms or die "$file: neither metrics nor queries";
	my %query = $queries =~ /- query_name: (\w+)\n    query: \|\n((?:      .*\n)+)/g;
	my %columns;
	for my $name (sort keys %query)
	{
		my $answer = $node->safe_psql('postgres', "SET SESSION AUTHORIZATION pgcrew_monitor; $query{$name}", extra_params => [ '--no-align', '--pset=tuples_only=off' ]);
		my ($head, @rows) = split /\n/, $answer;
		$columns{$name} = [ split /\|/, $head ];
		cmp_ok(@rows - 1, '>', 0, "$name: rows") unless $name =~ /^erlang/;
	}
	my %used;
	for my $metric (split /^  - (?=metric_name)/m, $metrics)
	{
		next unless my ($name) = $metric =~ /^metric_name: (\w+)$/m;
		my ($type) = $metric =~ /type: (counter|gauge)$/m;
		is($type // '', $name =~ /_total$/ ? 'counter' : 'gauge', "$name: its type fits its name");
		my ($reference) = $metric =~ /query_ref: (\w+)/;
		my @keys = words($metric =~ /key_labels: \[(.*)\]/);
		my @values = words($metric =~ /values: \[(.*)\]/);
		my ($value_label) = $metric =~ /value_label: (\w+)/;
		$used{$reference} = 1;
		my %there = map { $_ => 1 } @{ $columns{$reference} // [] };
		is(join(' ', grep { !$there{$_} } @keys, @values), '', "$name: the query gives what it needs");
		ok(@values == 1 || defined $value_label, "$name: values are told apart");
		$metrics{$name} = { map { $_ => 1 } @keys, $value_label // () };
	}
	is(join(' ', sort keys %used), join(' ', sort keys %query), "$file: each query is used, and there");
}
my $walrus = $node->safe_psql('postgres', "SELECT string_agg(DISTINCT name, ' ') FROM walrus.metrics");
for my $name (grep { /^walrus_/ } sort keys %metrics)
{
	like(" $walrus walrus_disk_free_bytes ", qr/ $name /, "$name is one of walrus.metrics");
}

# ---- alerts and the dashboard ----------------------------------------------------------------------
my @expressions = slurp_file("$docs/monitoring/alerts.yml") =~ /^\s+expr: (.*)$/mg;
cmp_ok(scalar @expressions, '>', 5, 'alerts');
my $dashboard = decode_json(slurp_file("$docs/monitoring/grafana_dashboard.json"));
my @targets = map { @{ $_->{targets} // [] } } @{ $dashboard->{panels} };
cmp_ok(scalar @targets, '>', 15, 'panels');
my @used = @expressions;
push @used, $_->{expr} for @targets;
for my $expression (@used)
{
	next if about_missing($expression);
	my @names = $expression =~ /\b((?:bgjob|walrus|erlang_bridge)_\w+)/g;
	ok(@names && !grep({ !$metrics{$_} } @names), "metrics there are: $expression");
	my @labels = $expression =~ /[{,](\w+)=/g;
	my %known = map { %{ $metrics{$_} // {} } } @names;
	ok(!grep({ !$known{$_} } @labels), "... with its labels: @labels") if @labels;
}
for my $target (grep { !about_missing($_->{expr}) } @targets)
{
	my ($name) = $target->{expr} =~ /\b((?:bgjob|walrus|erlang_bridge)_\w+)/;
	my @labels = $target->{legendFormat} =~ /\{\{(\w+)\}\}/g;
	is(join(' ', grep { !$metrics{$name}{$_} } @labels), '', "legend of $target->{expr}");
}

$node->stop;
done_testing();
