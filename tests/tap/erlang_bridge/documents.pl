# The guide and the catalogue say the same, and what the catalogue promises of each function.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ErlangNode;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $guide = slurp_file("$FindBin::Bin/../../../docs/erlang_bridge.md");
my $node = bridge_node();
$node->safe_psql('postgres', <<'END');
CREATE VIEW members AS SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'erlang_bridge');
CREATE VIEW functions AS SELECT p.*, obj_description(oid, 'pg_proc') AS comment FROM pg_proc p WHERE ('pg_proc'::regclass, oid) IN (TABLE members);
CREATE VIEW relations AS SELECT * FROM pg_class WHERE ('pg_class'::regclass, oid) IN (TABLE members);
END

# ---- functions -------------------------------------------------------------------------------------
# As the guide writes them: "= value" for defaults, without the casts that the server shows.
my $catalogue = $node->safe_psql('postgres', <<'END');
SELECT regexp_replace(oid::regproc::text, '^public\.', '') || '(' || regexp_replace(regexp_replace(regexp_replace(pg_get_function_arguments(oid),
       ' DEFAULT ', ' = ', 'g'), '::[a-z]+', '', 'g'), '(, )?OUT .*', '') || ') ' || pg_get_function_result(oid)
FROM functions WHERE comment !~ '^(behind|trigger)'
END
my @described = map { s/`//gr } $guide =~ /^\| (`(?:erlang_bridge\.)?\w+\(.*?\)` \| `.*?`) \|/mg;
s/ \| / / for @described;
is(join("\n", sort @described), join("\n", sort split /\n/, $catalogue), '[erl-A8] the guide has each function as it is');

my $promises = $node->safe_psql('postgres', 'SELECT oid::regproc, provolatile, proparallel FROM functions ORDER BY 1');
for (split /\n/, $promises)
{
	my ($name, $volatile, $parallel) = split /\|/;
	# Restricted as all that talks to the bridge; unsafe what writes, or leaves something to be done at commit.
	my $expected =
		$name =~ /^erlang_(en|de)code$/ ? 'i s'
	  : $name =~ /permitted$/ ? 's r'
	  : $name =~ /node_|grant|revoke|cast|send|table_changed|refuse_others/ ? 'v u'
	  : 'v r';
	is("$volatile $parallel", $expected, "[erl-A8] $name: its volatility and parallel safety");
}
is($node->safe_psql('postgres', 'SELECT oid::regproc FROM functions WHERE proisstrict AND pronargs > 0 AND NOT (pronargs = 3 AND provolatile = $$s$$)'),
	'', '[erl-A8] an argument that is NULL is an error, not a silent NULL');
is($node->safe_psql('postgres', 'SELECT oid::regproc::text FROM functions WHERE comment IS NULL UNION ALL
	SELECT oid::regclass::text FROM relations WHERE relkind IN ($$v$$, $$r$$) AND obj_description(oid, $$pg_class$$) IS NULL'),
	'', '[erl-A8] all is commented');

# ---- SQL in the catalogue --------------------------------------------------------------------------
is($node->safe_psql('postgres', <<'END'), '', '[erl-F10] no function of SQL puts statements together, or looks names up by the search_path');
SELECT oid::regproc FROM functions WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
   AND (prosrc ~* '\mexecute\M|\mformat\M|\|\|' OR prosqlbody IS NULL AND proconfig::text !~ 'search_path=pg_catalog')
END
is($node->safe_psql('postgres', <<'END'), '', '[erl-F10] what has its owner\'s rights, or runs statements, has a fixed search_path');
SELECT oid::regproc FROM functions WHERE (prosecdef OR oid::regproc::text ~ 'node_|grant|revoke')
   AND proconfig::text IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'
END

# ---- views and settings ----------------------------------------------------------------------------
my $names = $node->safe_psql('postgres', <<'END');
LOAD 'erlang_bridge';
SELECT attname FROM pg_attribute JOIN relations r ON r.oid = attrelid WHERE relkind = 'v' AND attnum > 0
UNION SELECT name FROM pg_settings WHERE name LIKE 'erlang_bridge.%' AND name <> 'erlang_bridge.fault' ORDER BY 1
END
my @missing = grep { $guide !~ /`\Q$_\E`/ } split /\n/, $names;
is("@missing", '', '[erl-A8] the guide names each column and setting');

$node->stop;
done_testing();
