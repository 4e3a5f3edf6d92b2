# The quick starts of the guide and of the README, as they are printed, on a fresh cluster each.
use strict;
use warnings;
use FindBin;
use PgCrew;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::Bin/../../..";

# blocks($file, $heading): language and text of the fenced blocks below a heading, up to the next one of its level.
sub blocks
{
	my ($file, $heading) = @_;
	my ($level, $chapter) = slurp_file("$root/$file") =~ /^(#+) \Q$heading\E\n(.*?)(?=^\1 |\z)/ms
	  or return;
	return $chapter =~ /^```(sh|sql)\n(.*?)^```$/msg;
}

# run_block($node, $language, $text): as who reads it would; what it prints, and whether it worked.
sub run_block
{
	my ($node, $language, $text) = @_;
	my ($in, $out) = map { $node->basedir . "/block.$_" } 'in', 'out';
	unlink $in;
	append_to_file($in, $text);
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres', PGDATA => $node->data_dir);
	my $program = $language eq 'sh' ? 'sh -e' : 'psql -XAt -v ON_ERROR_STOP=1';
	# To a file: a server that is started here keeps what it was given.
	my $worked = system("$program <'$in' >'$out' 2>&1") == 0;
	$node->_update_pid(1) if $language eq 'sh';
	my $printed = slurp_file($out);
	diag($printed) unless $worked;
	return ($worked, $printed);
}

for my $place ([ 'docs/walrus.md', 'Start' ], [ 'README.md', 'walrus' ])
{
	my ($file, $heading) = @$place;
	my @blocks = blocks($file, $heading);
	ok(@blocks >= 4, "[walrus-31] $file has a quick start") or next;
	(my $name = $file) =~ s/\W/_/g;
	my $node = new_node(name => $name);
	my $printed = '';
	while (my ($language, $text) = splice(@blocks, 0, 2))
	{
		my ($worked, $output) = run_block($node, $language, $text);
		ok($worked, "[walrus-31] $file: " . ($text =~ /(.*)/)[0]);
		$printed .= $output;
		poll_sql($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'pg_walrus'") if $language eq 'sh';
		# Where there is no worker, there is nothing to see.
		poll_sql($node, 'SELECT action IS NOT NULL FROM walrus.why') if $text =~ /CREATE EXTENSION/;
	}
	like($printed, qr/^hold\|.*\|(active|advising)$/m, "[walrus-31] $file: what it does and why");
	like($printed, qr/^checkpoint\|time\|/m, "[walrus-31] $file: why checkpoints began");
	is($node->safe_psql('postgres', 'SHOW walrus.max'), '16GB', "[walrus-31] $file: the largest size is as set");
	poll_sql($node, "SELECT standing = 'advising' FROM walrus.why");
	$node->stop;
}

done_testing();
