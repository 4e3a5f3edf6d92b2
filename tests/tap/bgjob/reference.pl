# The reference and the catalogue say the same.
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $reference = slurp_file("$FindBin::Bin/../../../docs/bgjob_reference.md");
my $node = new_node(extensions => ['bgjob']);

# Rows of a table whose first cell is one name or signature: its cells, without backquotes around them.
sub rows
{
	my ($chapter) = @_;
	my ($text) = defined $chapter ? $reference =~ /^#+ \Q$chapter\E\n(.*?)(?=^#|\z)/ms : $reference;
	return map { [ map { s/^`([^`]*)`$/$1/r } split /\s*\|\s*/ ] } $text =~ /^\| (`.*) \|$/mg;
}

sub catalogue
{
	my ($query) = @_;
	return $node->safe_psql('postgres', "LOAD 'bgjob'; $query");
}

# ---- routines --------------------------------------------------------------------------------------
# As the reference writes them: "= value" for defaults, no casts, names of types as they are short.
my $routines = catalogue(<<'END');
SELECT proname || '(' || replace(regexp_replace(regexp_replace(regexp_replace(replace(replace(
           pg_get_function_arguments(oid), ' DEFAULT ', ' = '), 'timestamp with time zone', 'timestamptz'),
           '::[a-z]+', '', 'g'), '(, )?\mOUT .*', ''), 'bgjob\.|"|\mIN ', '', 'g'), 'NULL timestamptz', 'NULL') || ') ' ||
       CASE WHEN prokind = 'p' THEN 'procedure'
            ELSE replace(regexp_replace(regexp_replace(pg_get_function_result(oid), '^TABLE.*', 'rows'), 'bgjob\.', ''),
                         'timestamp with time zone', 'timestamptz') END
  FROM pg_proc WHERE pronamespace = 'bgjob'::regnamespace AND obj_description(oid, 'pg_proc') !~ '^behind|planner support'
END
my @described = map { "$_->[0] $_->[1]" } grep { $_->[0] =~ /\)$/ && $_->[0] =~ /\(/ } rows();
is(join("\n", sort @described), join("\n", sort split /\n/, $routines), 'each routine as it is');


# ---- types and rows --------------------------------------------------------------------------------
my $types = catalogue(<<'END');
SELECT relname || ' ' || string_agg(attname, ' ' ORDER BY attnum) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
 WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'c' AND attnum > 0 GROUP BY relname
UNION ALL
SELECT CASE proname WHEN 'status' THEN 'row' ELSE 'rows' END || ' of ' || proname || ' ' || string_agg(name, ' ' ORDER BY n)
  FROM pg_proc, unnest(proargnames, proargmodes) WITH ORDINALITY AS u(name, mode, n)
 WHERE pronamespace = 'bgjob'::regnamespace AND mode IN ('o', 't') AND obj_description(oid, 'pg_proc') !~ '^behind' GROUP BY proname
END
my ($chapter) = $reference =~ /^## Types\n(.*?)^## /ms;
my @shapes = map { join(' ', s/`|,//gr) =~ s/ \| / /r } $chapter =~ /^\| (.*`.*) \|$/mg;
is(join("\n", sort @shapes), join("\n", sort split /\n/, $types), 'columns of types and rows');

# ---- views -----------------------------------------------------------------------------------------
my $views = catalogue(<<'END');
SELECT relname || ' ' || string_agg(attname, ' ' ORDER BY attnum) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
 WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v' AND attnum > 0 GROUP BY relname
END
is(join("\n", sort map { "$_->[0] " . $_->[2] =~ s/`|,//gr } rows('Views')), join("\n", sort split /\n/, $views), 'columns of views, in order');

# ---- settings --------------------------------------------------------------------------------------
my $settings = catalogue(<<'END');
SELECT concat_ws(' ', name, boot_val, replace(replace(unit, 'B', 'bytes'), 'kbytes', 'kB'), min_val, max_val, context)
  FROM pg_settings WHERE name LIKE 'bgjob.%' AND name <> 'bgjob.fault' AND name NOT LIKE 'bgjob.duroxide%'
END
is(join("\n", sort map { join(' ', grep { $_ ne '' } map { s/`//gr } @$_[ 0 .. 5 ]) } rows('Settings')),
	join("\n", sort split /\n/, $settings), 'settings: default, unit, range, context');

# ---- options ---------------------------------------------------------------------------------------
is(join(' ', sort map { $_->[0] =~ /(\w+)/g } rows('Options of a queue')),
	catalogue(q(SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_object_keys(bgjob.queue_options('{"rate": 1, "burst": 1}')) AS key)), 'options of queues');
for my $known ([ 'Retry', q('{"retry": {"x": 1}}') ], [ 'Options of a job', q('{"x": 1}') ])
{
	my (undef, undef, $error) = $node->psql('postgres', "SELECT bgjob.enqueue('SELECT 1', options => $known->[1])");
	my ($names) = $error =~ /Its options are (.*)\./;
	is(join(' ', sort map { $_->[0] =~ /`?(\w+)`?/g } rows($known->[0])), join(' ', sort(($names // $error) =~ /(\w+)/g)), "$known->[0]: the names");
}

# ---- errors ----------------------------------------------------------------------------------------
my ($codes) = $reference =~ /^## SQLSTATEs\n(.*)/ms;
my %listed = map { $_ => 1 } map { /\b([0-9A-Z]{5})\b/g } $codes =~ /^\| ([0-9A-Z, ]+) \|/mg;
my ($before) = $reference =~ /(.*)^## SQLSTATEs\n/ms;
my %named = map { $_ => 1 } grep { !/^\d+$/ || /^(?:0|2|3|4|5)/ } $before =~ /\b(\d[0-9A-Z]{4}|JB00\d)(?=[:;,.) |])/g;
delete @named{qw(55P03 57P04)}; # only spoken of
is(join(' ', grep { !$listed{$_} } sort keys %named), '', 'each SQLSTATE that is named is in the list');

$node->stop;
done_testing();
