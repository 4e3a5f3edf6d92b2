// Settings of a module; called from _PG_init, in designated-initialiser style.
#pragma once
#include "pgcrew/boundary.hpp"

#include <climits>

extern "C" {
#include <utils/guc.h>
}

namespace pgcrew {

// `variable` is a namespace-scope variable; `flags` are GUC_*. Check hooks return false instead of
// throwing: give the server callback<&f>, which turns an exception into an ERROR, only where an
// ERROR is right.
struct BoolSetting {
    const char *name, *help, *long_help = nullptr;
    bool *variable;
    bool boot = false;
    GucContext context = PGC_USERSET;
    int flags = 0;
    GucBoolCheckHook check = nullptr;
    GucBoolAssignHook assign = nullptr;
};

struct IntSetting {
    const char *name, *help, *long_help = nullptr;
    int *variable;
    int boot = 0, min = 0, max = INT_MAX;
    GucContext context = PGC_USERSET;
    int flags = 0;
    GucIntCheckHook check = nullptr;
    GucIntAssignHook assign = nullptr;
};

struct RealSetting {
    const char *name, *help, *long_help = nullptr;
    double *variable;
    double boot = 0, min = 0, max = 1e9;
    GucContext context = PGC_USERSET;
    int flags = 0;
    GucRealCheckHook check = nullptr;
    GucRealAssignHook assign = nullptr;
};

struct StringSetting {
    const char *name, *help, *long_help = nullptr;
    char **variable;
    const char *boot = nullptr;
    GucContext context = PGC_USERSET;
    int flags = 0;
    GucStringCheckHook check = nullptr;
    GucStringAssignHook assign = nullptr;
};

struct EnumSetting {
    const char *name, *help, *long_help = nullptr;
    int *variable;
    int boot = 0;
    const config_enum_entry *options; // static, closed by {nullptr, 0, false}
    GucContext context = PGC_USERSET;
    int flags = 0;
    GucEnumCheckHook check = nullptr;
    GucEnumAssignHook assign = nullptr;
};

void define_bool(const BoolSetting &);
void define_int(const IntSetting &);
void define_real(const RealSetting &);
void define_string(const StringSetting &);
void define_enum(const EnumSetting &);

// No setting "<prefix>.…" but those defined so far may exist; once, after the definitions.
void reserve_prefix(const char *prefix);
} // namespace pgcrew
