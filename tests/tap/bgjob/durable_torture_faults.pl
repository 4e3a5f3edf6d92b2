# At each fault point of durable jobs three crashes, three errors and three halts, under load.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blows;
use Crashes;
use Test::More;

my @points = fault_points();
crash_test(9 * @points, 120, map { ("crash $_", "error $_", "hold $_") } @points);
done_testing();
