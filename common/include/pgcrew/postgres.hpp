// The only door to the server headers: every file that talks to the server includes this one
// first, and then others of the server's within extern "C".
#pragma once

// PostgreSQL 15 has an empty PGDLLEXPORT; later majors define the same thing.
#define PGDLLEXPORT __attribute__((visibility("default")))

// C++ headers that use names the server turns into macros come first; so does libintl.h, for a
// server built without NLS makes macros of gettext and its kin.
#include <cstdio>
#include <cstring>
#include <libintl.h>
#include <string>

extern "C" {
// clang-format off
#include <postgres.h>

#include <fmgr.h>
#include <miscadmin.h>
#include <utils/elog.h>
#include <utils/memutils.h>
// clang-format on
}

// port.h redirects these to the server's own versions, which breaks std::snprintf and friends in
// any C++ header that comes later. Min, Max and Abs must stay: newer server headers use them
// inline.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r
