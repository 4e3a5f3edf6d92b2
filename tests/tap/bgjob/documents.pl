# The guide has the chapters that users of background jobs look for, and names all there is to name.
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my ($guide, $companion) = map { slurp_file("$FindBin::Bin/../../../docs/$_.md") } qw(bgjob bgjob_duroxide);
my @headings = $guide =~ /^#+ +(.*)$/mg;

sub has_chapter
{
	my ($pattern, $what) = @_;
	ok((grep { $_ =~ $pattern } @headings), $what);
}

has_chapter(qr/security|privilege/i, '[pgbg-23] a chapter on security');
has_chapter(qr/limit/i, '[pgbg-23] a chapter on limits');
has_chapter(qr/trouble/i, '[pgbg-23] a chapter on troubleshooting');
has_chapter(qr/compatib|version/i, '[pgbg-23] a chapter on compatibility');
has_chapter(qr/windows/i, '[pgbg-21] notes on Windows');
like($guide, qr/windows.*statement_timeout|statement_timeout.*windows/is, '[pgbg-21] which name statement_timeout as the way out');

my $node = new_node(extensions => ['bgjob']);
my $names = $node->safe_psql('postgres', <<'END');
LOAD 'bgjob';
SELECT proname FROM pg_proc WHERE pronamespace = 'bgjob'::regnamespace
   AND obj_description(oid, 'pg_proc') !~ '^behind|planner support'
UNION SELECT relname FROM pg_class WHERE relnamespace = 'bgjob'::regnamespace AND relkind = 'v'
UNION SELECT name FROM pg_settings WHERE name LIKE 'bgjob.%' AND name <> 'bgjob.fault' ORDER BY 1
END
like(/duroxide/ ? $companion : $guide, qr/\b\Q$_\E\b/, "the guide names $_") for split /\n/, $names;

$node->stop;
done_testing();
