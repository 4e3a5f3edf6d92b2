# 60 times workers end, and those who look after them, under load.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crashes;
use Test::More;

crash_test(60, 120,
	'kill worker', 'end worker', 'end all workers', 'kill worker', 'end dispatcher',
	'end worker', 'kill supervisor', 'kill worker', 'end all workers', 'end supervisor');
done_testing();
