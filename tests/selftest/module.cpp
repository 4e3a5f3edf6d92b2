// A module for tests only: each SQL function drives one promise of the common layer, and the
// regression and TAP tests look at what the server shows afterwards.
#include "pgcrew/compat.hpp"
#include "pgcrew/guc.hpp"
#include "probe.hpp"

#include <stdexcept>

extern "C" {
#include <utils/fmgrprotos.h>
}

PGCREW_MODULE_MAGIC("selftest");

namespace selftest {

int naptime = 0;
int worker_action = Nothing;

namespace {
enum FailInit { Never, WithException, WithServerError };
int fail_init = Never;
bool flag = false;
bool register_worker = false;
double ratio = 0;
char *label = nullptr;

constexpr config_enum_entry fail_init_options[] = {{"never", Never, false},
                                                   {"exception", WithException, false},
                                                   {"server error", WithServerError, false},
                                                   {nullptr, 0, false}};
constexpr config_enum_entry worker_action_options[] = {{"nothing", Nothing, false},
                                                       {"throw", Throw, false},
                                                       {"server failure", ServerFailure, false},
                                                       {"rollback", Rollback, false},
                                                       {"return", Return, false},
                                                       {nullptr, 0, false}};

bool check_label(char **value, void **, GucSource) {
    if (*value == nullptr || std::strcmp(*value, "wrong") != 0)
        return true;
    GUC_check_errdetail("It is wrong.");
    return false;
}

void define_settings() {
    pgcrew::define_int({.name = "selftest.naptime",
                        .help = "Sleep of the worker in milliseconds.",
                        .variable = &naptime,
                        .boot = 10000,
                        .min = 1,
                        .max = 1000000,
                        .context = PGC_SIGHUP,
                        .flags = GUC_UNIT_MS});
    pgcrew::define_enum({.name = "selftest.worker_action",
                         .help = "What the worker does when it wakes.",
                         .variable = &worker_action,
                         .boot = Nothing,
                         .options = worker_action_options,
                         .context = PGC_SIGHUP});
    pgcrew::define_enum({.name = "selftest.fail_init",
                         .help = "How loading the module fails.",
                         .variable = &fail_init,
                         .boot = Never,
                         .options = fail_init_options});
    pgcrew::define_bool({.name = "selftest.flag", .help = "A boolean.", .variable = &flag});
    pgcrew::define_real(
        {.name = "selftest.ratio", .help = "A number.", .variable = &ratio, .boot = 0.5, .max = 1});
    pgcrew::define_string({.name = "selftest.label",
                           .help = "A text.",
                           .variable = &label,
                           .boot = "none",
                           .check = pgcrew::callback<&check_label>});
    pgcrew::define_bool({.name = "selftest.register_worker",
                         .help = "Register a worker while preloading.",
                         .variable = &register_worker});
    pgcrew::reserve_prefix("selftest");
}

void init() {
    define_settings();
    request_shared_state();
    if (fail_init == WithException)
        throw std::runtime_error("initialisation failed on purpose");
    if (fail_init == WithServerError)
        pgcrew::call([] { divide_by_zero(); });
    if (register_worker && process_shared_preload_libraries_in_progress)
        register_at_preload();
    wait_at_gate();
}
} // namespace

Datum divide_by_zero() { return DirectFunctionCall2(int4div, Int32GetDatum(1), Int32GetDatum(0)); }

} // namespace selftest

void _PG_init() { pgcrew::enter(selftest::init); }
