# 50 times the server ends without warning, under load.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crashes;
use Test::More;

crash_test(50, 120, 'stop', 'kill postmaster', 'kill worker', 'stop', 'kill postmaster', 'kill dispatcher');
done_testing();
