# Some blows for every day; many are in durable_torture and those beside it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crashes;
use Test::More;

crash_test(8, 120, 'kill worker', 'end worker', 'stop', 'end all workers', 'kill dispatcher', 'kill postmaster', 'end dispatcher', 'kill worker');
done_testing();
