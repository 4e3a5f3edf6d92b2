# A small load for every day; the large one is load_full.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Load;
use Test::More;

load_test(8, 40);
done_testing();
