# Files of rows: where they lie, what limits them, and that they go.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $psql = session($node);
my $large = "'SELECT repeat(''x'', 1000) FROM generate_series(1, 10000)'";

my $job = launch($psql, "$large, 64");
$psql->query_safe("SELECT bgjob.wait($job)");
is(scalar spool_files($node), 1, 'rows past the queue lie in one file');
is($psql->query_safe("SELECT count(*) FROM bgjob.result($job) AS (x text)"), 10000, 'and are read from there');
$psql->query_safe("SELECT bgjob.detach($job)");
is(scalar spool_files($node), 0, 'which goes with the job');

# Detached while it writes.
$job = launch($psql, "'SELECT repeat(''x'', 1000), pg_sleep(i / 5001 * 1) FROM generate_series(1, 5001) i', 64");
poll_sql($node, "SELECT row_count >= 1000 FROM bgjob.outcome($job)");
$psql->query_safe("SELECT bgjob.detach($job)");
wait_until_idle($node);
is(scalar spool_files($node), 0, 'detached while it writes: no file either');

# temp_file_limit is the launcher's, and a job that exceeds it fails alone.
$psql->query_safe("SET temp_file_limit = '1MB'");
$job = launch($psql, "$large, 64");
$psql->query_safe('RESET temp_file_limit');
$psql->query_safe("SELECT bgjob.wait($job)");
is($psql->query_safe("SELECT state, sqlstate FROM bgjob.outcome($job)"), 'failed|53400', 'temp_file_limit holds');
is((psql_error($node, "SELECT * FROM bgjob.result($job) AS (x text)"))[0], '53400', 'result raises it');
$psql->query_safe("SELECT bgjob.detach($job)");
is($psql->query_safe("SELECT count(*) FROM bgjob.run($large)"), 10000, 'the next job is not concerned');
is(scalar spool_files($node), 0, 'nothing is left');

# The limit is for the worker's files together and counts anew for each job.
$psql->query_safe("SET temp_file_limit = '20MB'");
is($psql->query_safe("SELECT count(*) FROM bgjob.run($large)"), 10000, "job $_ within the limit") for 1 .. 4;
$psql->query_safe('RESET temp_file_limit');

# A folder that cannot be written to.
my $folder = $node->data_dir . '/base/pgsql_tmp';
$psql->query_safe('SELECT bgjob.purge()');
chmod 0500, $folder or die "chmod: $!";
$job = launch($psql, "$large, 64");
$psql->query_safe("SELECT bgjob.wait($job)");
is($psql->query_safe("SELECT state, sqlstate FROM bgjob.outcome($job)"), 'failed|42501', 'no place to write: the job fails');
like($psql->query_safe("SELECT message FROM bgjob.outcome($job)"), qr/(could not|cannot) create temporary/, '... with the reason');
chmod 0700, $folder or die "chmod: $!";
is($psql->query_safe("SELECT count(*) FROM bgjob.run($large)"), 10000, 'with a place it works again');

# A file that somebody removed: an error of the reader, not a crash.
$job = launch($psql, "$large, 64");
$psql->query_safe("SELECT bgjob.wait($job)");
unlink spool_files($node);
my ($code) = psql_error($node, "SELECT count(*) FROM bgjob.result($job) AS (x text)");
isnt($code, '', "a file that has gone is an error ($code)");
$psql->query_safe("SELECT bgjob.detach($job)");

# temp_tablespaces of the launcher.
mkdir $node->basedir . '/space' or die "mkdir: $!";
$psql->query_safe("CREATE TABLESPACE space LOCATION '" . $node->basedir . "/space'");
$psql->query_safe('SET temp_tablespaces = space');
$job = launch($psql, "$large, 64");
$psql->query_safe("SELECT bgjob.wait($job)");
is(scalar(grep { -f } glob($node->basedir . '/space/*/pgsql_tmp/*/*')), 1, 'temp_tablespaces says where files lie');
is($psql->query_safe("SELECT count(*) FROM bgjob.result($job) AS (x text)"), 10000, '... and they are read from there');
$psql->query_safe('SELECT bgjob.detach_all()');
is(scalar(grep { -f } glob($node->basedir . '/space/*/pgsql_tmp/*/*')), 0, '... and go from there');

is($psql->query_safe('SELECT lost, retained, shared_memory_bytes FROM bgjob.stats'), '0|0|0', 'no worker died of any of this');
$psql->quit;
$node->stop;
done_testing();
