# The history: written by a short-lived helper, in order, and whatever hinders it the sizing goes on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PgCrew;
use Test::More;
use Walrus;

my $node = walrus_node(conf => "walrus.database = 'own'", extensions => []);
my $start_over = sub {
	configure($node, "walrus.mode = 'off'");
	$node->safe_psql('postgres', 'SELECT walrus.restore()');
	configure($node, "walrus.mode = 'auto'");
};
my $rows = sub { $node->safe_psql('own', "SELECT count(*) FROM walrus.history WHERE action = '$_[0]'") };
my $events = sub { $node->safe_psql('postgres', "SELECT count(*) FROM walrus.events WHERE action = '$_[0]'") };
my $until_recorded = sub {
	my ($action) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	poll_until(sub { $rows->($action) >= $events->($action) }, "all of '$action' are in the history");
};
$node->safe_psql('postgres', 'CREATE EXTENSION walrus');
$node->safe_psql('postgres', 'CREATE DATABASE own');
$node->safe_psql('own', 'CREATE EXTENSION walrus');

# Objects in public that look like what the helper calls, first in everybody's search_path.
$node->safe_psql('own', <<'END');
CREATE TABLE public.caught (by name);
GRANT INSERT ON public.caught TO PUBLIC;
CREATE FUNCTION public.trap(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO public.caught VALUES (current_user); RETURN true; END$$;
CREATE OPERATOR public.<= (FUNCTION = public.trap, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE FUNCTION public.trap(timestamptz, interval) RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO public.caught VALUES (current_user); RETURN now(); END$$;
CREATE OPERATOR public.- (FUNCTION = public.trap, LEFTARG = timestamptz, RIGHTARG = interval);
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO public.caught VALUES (current_user); RETURN pg_catalog.now(); END$$;
CREATE FUNCTION public.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO public.caught VALUES (current_user); RETURN NULL; END$$;
ALTER DATABASE own SET search_path = public, pg_catalog;
END
is($node->safe_psql('own', "SELECT now() <= now(); DELETE FROM public.caught RETURNING 1"), "t\n1\n1\n1", 'the trap works for others');

# A change is recorded, and told on the channel.
my $listener = session($node, dbname => 'own');
$listener->query_safe('LISTEN walrus_events');
grow_beyond($node, 64);
$until_recorded->('increase');
is($node->safe_psql('own', 'SELECT count(*) FROM public.caught'), 0, '[walrus-52] [walrus-D15] the helper calls nothing in public');
is($node->safe_psql('own', 'SELECT old_size_mb FROM walrus.history ORDER BY id LIMIT 1'), 64, 'the history has it');
my $told = '';
poll_until(sub { $told .= $listener->query('SELECT 1'); $told =~ /Asynchronous notification "walrus_events" with payload/ }, 'a notification');
like($told, qr/payload "\{.*"action": ?"increase".*"old_size_mb": ?64.*\}"/, 'NOTIFY has the event as JSON');
$listener->quit;
my $log = -s $node->logfile;

# The table is locked: the sizing does not wait for it.
my $locker = session($node, dbname => 'own');
$locker->query_safe('BEGIN; LOCK TABLE walrus.history IN ACCESS EXCLUSIVE MODE');
$start_over->();
grow_beyond($node, 64);
pass('[walrus-49] with a locked table the sizing goes on');
poll_until(sub { count_in_log($node, qr/WARNING:  pg_walrus: could not write the history in database "own"$/m, $log) },
	'[walrus-49] a warning');
$locker->query_safe('COMMIT');
$locker->quit;
$until_recorded->('increase');
pass('[walrus-49] and the events are recorded when it is free');
is(count_in_log($node, qr/WARNING:  pg_walrus/, $log), 1, '[walrus-49] there was one warning');

# What is old goes.
configure($node, 'walrus.history_retention_days = 0');
is($node->safe_psql('own', 'SELECT walrus.cleanup_history() > 0'), 't', 'cleanup_history() deletes what is too old');
is($node->safe_psql('own', 'SELECT count(*) FROM walrus.history'), 0, 'with a retention of 0 days all of it');
configure($node, 'walrus.history_retention_days = 7');

# No extension: that is no failure.
$log = -s $node->logfile;
$node->safe_psql('own', 'DROP EXTENSION walrus');
$start_over->();
grow_beyond($node, 64);
$node->safe_psql('own', 'CREATE EXTENSION walrus');
$start_over->();
grow_beyond($node, 64);
poll_until(sub { $rows->('increase') >= 1 }, '[walrus-49] without the extension the sizing goes on, with it again rows are written');
is(count_in_log($node, qr/WARNING|ERROR|FATAL/, $log), 0, '[walrus-49] [walrus-D16] without any complaint');

# No database: nobody holds on to it, and one warning is enough.
poll_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE datname = 'own'") eq '0' }, 'nobody is connected');
is((psql_error($node, 'DROP DATABASE own'))[0], '', '[walrus-49] [walrus-D18] the database may be dropped');
$start_over->();
grow_beyond($node, 64);
poll_until(sub { count_in_log($node, qr/FATAL:  database "own" does not exist/, $log) >= 2 }, 'it is tried again');
is(count_in_log($node, qr/WARNING:  pg_walrus: could not write the history in database "own"$/m, $log), 1, '[walrus-49] without the database: one warning');
is(status($node, 'standing'), 'active', '[walrus-49] and the sizing goes on');
$node->stop;
done_testing();
