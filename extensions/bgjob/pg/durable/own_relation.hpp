// The extension's own tables, indexes and sequences. A schema named like ours, with relations named
// like ours, can be made by whoever owns a database without the extension: those are not trusted.
#pragma once
#include "pgcrew/boundary.hpp"

namespace pgcrew::bgjob {

// Its OID; invalid if the extension, or that part of it, is not in this database. Server calls.
Oid own_relation(const char *name);

} // namespace pgcrew::bgjob
