// What the made-up next version of each module has more.
#include "pgcrew/boundary.hpp"

#define DEFINE_FUNCTION(name) PGCREW_FUNCTION(name)
DEFINE_FUNCTION(PGCREW_IS_NEXT) { return BoolGetDatum(true); }
