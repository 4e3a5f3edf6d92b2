# 16 sessions with 500 calls each.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Load;
use Test::More;

load_test(16, 500);
done_testing();
