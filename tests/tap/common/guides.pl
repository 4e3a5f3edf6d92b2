# The guides and the server say the same: settings of all extensions, and what walrus has in the catalogue. (What the
# others have there is compared by bgjob/documents, bgjob/reference and erlang_bridge/documents.)
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $docs = "$FindBin::Bin/../../../docs";
my $node = new_node(conf => "shared_preload_libraries = 'walrus'");
$node->safe_psql('postgres', "CREATE EXTENSION $_ CASCADE") for qw(bgjob_compat walrus);
my $has_erlang = $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'erlang_bridge'");

# chapter($guide, $heading): its text, without those below it.
sub chapter
{
	my ($guide, $heading) = @_;
	my ($text) = slurp_file("$docs/$guide.md") =~ /^## \Q$heading\E\n(.*?)(?=^## |\z)/ms;
	return $text // die "docs/$guide.md: no chapter $heading";
}

# ---- settings --------------------------------------------------------------------------------------
# How many of the smallest unit: '64kB' is 65536 and '1h' 3600000, as the server's own values are made.
my %factor = (B => 1, kB => 1024, MB => 1024**2, GB => 1024**3, '8kB' => 8192, ms => 1, s => 1000, min => 60_000, h => 3_600_000, d => 86_400_000);

sub in_smallest
{
	my ($value, $unit) = @_;
	return $value unless $value =~ /^(-?[\d.]+)([a-zA-Z]*)$/;
	return $1 * ($2 || $unit ? $factor{ $2 || $unit } : 1);
}

sub settings_of_server
{
	my ($load, $names) = @_;
	my %found;
	for (split /\n/, $node->safe_psql('postgres', "$load; SELECT name, coalesce(boot_val, ''), coalesce(unit, '') FROM pg_settings WHERE $names"))
	{
		my ($name, $value, $unit) = split /\|/, $_, -1;
		$found{$name} = in_smallest($value, $unit) if $name !~ /\.(?:fault|clock_rate)$/; # those of builds for tests
		$found{"$name unit"} = $unit;
	}
	return \%found;
}

for (
	[ "LOAD 'bgjob'", "name LIKE 'bgjob.%'", 'bgjob', 'bgjob_duroxide' ],
	[ 'SELECT FROM pg_background_list_v2() AS (a int, b int8, c timestamptz, d oid, e int, f text, g text, h text, i bool)', "name LIKE 'pg\\_background.%'", 'bgjob_compat' ],
	[ "LOAD 'walrus'", "name LIKE 'walrus.%'", 'walrus' ],
	$has_erlang ? [ "LOAD 'erlang_bridge'", "name LIKE 'erlang\\_bridge.%'", 'erlang_bridge' ] : ())
{
	my ($load, $names, @guides) = @$_;
	my $server = settings_of_server($load, $names);
	my %told;
	for my $row (map { chapter($_, 'Settings') =~ /^\| (`.*) \|$/mg } @guides)
	{
		my ($name, $value) = map { s/`//gr } split /\s*\|\s*/, $row;
		$told{$name} = in_smallest($value, $server->{"$name unit"});
	}
	my %there = map { $_ => $server->{$_} } grep { !/ unit$/ } keys %$server;
	cmp_ok(scalar keys %there, '>', 2, "@guides: settings");
	is_deeply(\%told, \%there, "@guides: each setting and its default");
}

# ---- walrus ----------------------------------------------------------------------------------------
my $guide = slurp_file("$docs/walrus.md");
my $functions = $node->safe_psql('postgres', <<'END');
SELECT proname || '(' || regexp_replace(regexp_replace(replace(pg_get_function_arguments(oid), ' DEFAULT ', ' = '), '::[a-z]+', '', 'g'), '(, )?\mOUT .*', '') || ')'
  FROM pg_proc WHERE pronamespace = 'walrus'::regnamespace AND obj_description(oid, 'pg_proc') !~ '^behind'
END
my @described = chapter('walrus', 'Views and functions') =~ /^\| `(\w+\(.*?\))` \|/mg;
is(join("\n", sort @described), join("\n", sort split /\n/, $functions =~ s/TABLE.*//gr), 'walrus: each function as it is');
my $names = $node->safe_psql('postgres', <<'END');
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'walrus'::regnamespace AND relkind IN ('v', 'r') AND attnum > 0
UNION SELECT jsonb_object_keys(walrus.status()) UNION SELECT jsonb_object_keys(walrus.analyze())
UNION SELECT unnest(proargnames) FROM pg_proc WHERE proname = 'simulate' AND pronamespace = 'walrus'::regnamespace
UNION SELECT 'walrus.' || relname FROM pg_class WHERE relnamespace = 'walrus'::regnamespace AND relkind IN ('v', 'r') ORDER BY 1
END
is(join(' ', grep { $guide !~ /`\Q$_\E`/ } split /\n/, $names), '', 'walrus: the guide names each view, column and key');
my ($actions) = $node->safe_psql('postgres', q(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'history_action_check'));
my ($events) = $guide =~ /^\| `sqlstate` \| of the error.*?\n\n(.*?)\n\n/ms;
is(join(' ', sort $events =~ /`(\w+)`(?=[^|\n]*\|[^|\n]*\|$)/mg), join(' ', sort $actions =~ /'(\w+)'/g), 'walrus: actions of events');

$node->stop;
done_testing();
