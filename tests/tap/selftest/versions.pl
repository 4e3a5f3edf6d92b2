# What only some of the supported majors have.
use strict;
use warnings;
use PgCrew;
use Test::More;

my $node = new_node(extensions => ['selftest']);
my $major = $node->safe_psql('postgres', 'SHOW server_version_num') / 10000;

SKIP:
{
	skip 'intervals are finite before 17', 1 if $major < 17;
	is($node->safe_psql('postgres',
			"SELECT selftest.interval_ms('infinity'), selftest.interval_ms('-infinity')"),
		'9223372036854775807|-9223372036854775808', 'infinite intervals');
}
SKIP:
{
	skip 'modules have no name before 18', 1 if $major < 18;
	is($node->safe_psql('postgres', "LOAD 'selftest'; SELECT module_name, version"
			  . " FROM pg_get_loaded_modules() WHERE file_name LIKE 'selftest%'"),
		'selftest|1.0', 'the module tells its name and version');
}
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'selftest'"),
	'1', 'the module is there');
$node->stop;
done_testing();
