# Durable jobs of many kinds under load, while the server and its processes are hit again and again.
# In the end each effect is there once.
package Crashes;

use strict;
use warnings;
use Blows;
use Clients;
use Exporter 'import';
use Flows;
use PgCrew;
use Reckoning;
use Test::More;
use Time::HiRes qw(usleep);
use Workload;

our @EXPORT = qw(crash_test);

# Something is done again since the last blow, and then a little more.
sub _wait_for_work
{
	my ($node) = @_;
	my $before;
	poll_until(sub { defined($before = answer_of($node, 'SELECT last_value FROM attempts')) }, 'the server answers', 30) || return 0;
	return 0 unless poll_sql($node, "SELECT last_value > $before FROM attempts", 't', 30);
	usleep(rand(300_000));
	return 1;
}

sub _show_rest
{
	my ($node) = @_;
	diag(sql($node, 'SELECT id, state, kind, cancel_asked, attempt, due_at, now(), waits_for, message, command FROM bgjob.job LIMIT 20'));
	return;
}

# crash_test($count, $seconds, @blows): so many, one after the other, or more where jobs are slow to
# come, and so long at most for what is left after them.
sub crash_test
{
	my ($count, $seconds, @blows) = @_;
	my $node = durable_node(conf => "restart_after_crash = on\nwal_writer_delay = 10s\nmax_connections = 40\nlog_line_prefix = '%m [%p] %b %e '");
	prepare_workload($node);
	start_clients($node);
	my ($struck, $round, $released) = (0, 0, 0);
	my %how_often;
	my $asked = sub { answer_of($node, 'SELECT count(*) FROM asked') // 0 };
	while ($struck < $count || ($struck < 3 * $count && $asked->() <= 10 * $count))
	{
		_wait_for_work($node) || last;
		my $blow = $blows[ $round++ % @blows ];
		strike($node, $blow) || next;
		++$struck;
		++$how_often{$blow};
		$released += release_jobs($node);
	}
	stop_clients($node, 'asking');
	sql($node, 'INSERT INTO calm VALUES (now())');
	cmp_ok($struck, '>=', $count, 'blows: ' . join(', ', map { "$_ $how_often{$_}" } sort keys %how_often));

	poll_until(sub { $released += release_jobs($node); (answer_of($node, 'SELECT count(*) FROM bgjob.job') // 1) == 0 },
		'every job ends', $seconds) || _show_rest($node);
	stop_clients($node, 'helping');
	note("$released times a job was set aside and released");
	cmp_ok($released, '>', 0, 'jobs were set aside') if $count >= 50;
	cmp_ok($asked->(), '>', 10 * $count, 'there were many');
	reckon($node, $count >= 50);
	$node->stop;
	return;
}

1;
