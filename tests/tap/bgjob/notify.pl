# [pgbg-22] NOTIFY of a job is delivered when it commits, detached or not, and never when it is cancelled.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Jobs;
use PgCrew;
use Test::More;

my $node = new_node(conf => "shared_preload_libraries = 'bgjob'", extensions => ['bgjob']);
my $psql = session($node);
my $listener = session($node);
$psql->query_safe('CREATE TABLE t (i int)');
$listener->query_safe('LISTEN news');

# What the listener heard since the last call. A notification comes in its own time: after the
# others comes this one, of ours.
sub heard
{
	$psql->query_safe("NOTIFY news, 'end'");
	my $said = '';
	poll_until(sub { ($said .= $listener->query_safe('SELECT 1')) =~ /payload "end"/ }, 'a notification');
	return join ' ', grep { $_ ne 'end' } $said =~ /notification "news" with payload "(\w+)"/g;
}

my $job = launch($psql, "'NOTIFY news, ''kept''; SELECT 1'");
$psql->query_safe("SELECT bgjob.wait($job)");
is(heard(), 'kept', '[pgbg-22] NOTIFY of a job is delivered');

$job = launch($psql, "'SELECT pg_sleep(0.3); INSERT INTO t VALUES (1); NOTIFY news, ''detached'''");
$psql->query_safe("SELECT bgjob.detach($job)");
poll_sql($node, 'SELECT count(*) FROM t', 1);
is(heard(), 'detached', '[pgbg-22] detach is not cancel: insert and NOTIFY happen');

$job = launch($psql, "'INSERT INTO t VALUES (2); NOTIFY news, ''cancelled''; SELECT pg_sleep(60)'");
poll_sql($node, "SELECT state FROM bgjob.outcome($job)", 'running');
is($psql->query_safe("SELECT bgjob.cancel($job, '30 s')"), 't', 'a running job is cancelled');
$job = launch($psql, "'NOTIFY news, ''after''; SELECT 1'");
$psql->query_safe("SELECT bgjob.wait($job)");
is(heard(), 'after', '[pgbg-22] cancel prevents the NOTIFY');
is($psql->query_safe('SELECT count(*) FROM t'), 1, '[pgbg-22] and the commit');

$job = launch($psql, "'NOTIFY news, ''failed''; SELECT 1/0'");
$psql->query_safe("SELECT bgjob.wait($job)");
$psql->query_safe("SELECT bgjob.wait(h.id, h.cookie) FROM bgjob.submit('NOTIFY news, ''submitted''') h");
is(heard(), 'submitted', 'a failed job notifies nobody, a submitted one does');

$_->quit for $psql, $listener;
$node->stop;
done_testing();
