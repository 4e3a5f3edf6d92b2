#include "pgcrew/guc.hpp"

namespace pgcrew {

void define_bool(const BoolSetting &s) {
    call([&] {
        DefineCustomBoolVariable(s.name, s.help, s.long_help, s.variable, s.boot, s.context,
                                 s.flags, s.check, s.assign, nullptr);
    });
}

void define_int(const IntSetting &s) {
    call([&] {
        DefineCustomIntVariable(s.name, s.help, s.long_help, s.variable, s.boot, s.min, s.max,
                                s.context, s.flags, s.check, s.assign, nullptr);
    });
}

void define_real(const RealSetting &s) {
    call([&] {
        DefineCustomRealVariable(s.name, s.help, s.long_help, s.variable, s.boot, s.min, s.max,
                                 s.context, s.flags, s.check, s.assign, nullptr);
    });
}

void define_string(const StringSetting &s) {
    call([&] {
        DefineCustomStringVariable(s.name, s.help, s.long_help, s.variable, s.boot, s.context,
                                   s.flags, s.check, s.assign, nullptr);
    });
}

void define_enum(const EnumSetting &s) {
    call([&] {
        DefineCustomEnumVariable(s.name, s.help, s.long_help, s.variable, s.boot, s.options,
                                 s.context, s.flags, s.check, s.assign, nullptr);
    });
}

void reserve_prefix(const char *prefix) {
    call([&] { MarkGUCPrefixReserved(prefix); });
}
} // namespace pgcrew
