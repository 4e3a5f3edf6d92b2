#include "pg/compat_settings.hpp"

#include "pg/settings.hpp"
#include "pgcrew/guc.hpp"

namespace pgcrew::bgjob::pg_background::settings {
namespace {

namespace limits = bgjob::settings;

int variables[3]; // read by name only: they may be the real pg_background's

constexpr IntSetting all[] = {
    {.name = "pg_background.max_workers",
     .help = "Sets how many background jobs one session may have that it did not detach.",
     .variable = &variables[0],
     .boot = 16,
     .min = 1,
     .max = 1000},
    {.name = "pg_background.default_queue_size",
     .help = "Sets the shared memory for a job's rows when the call names none.",
     .variable = &variables[1],
     .boot = 65536,
     .min = limits::min_queue_size,
     .max = limits::max_queue_size,
     .flags = GUC_UNIT_BYTE},
    {.name = "pg_background.worker_timeout",
     .help = "Sets how long a background job may run; 0 means no limit of its own.",
     .variable = &variables[2],
     .flags = GUC_UNIT_MS},
};

bool defined(const char *name) {
    return call([&] {
        return GetConfigOption(name, true, false) != nullptr &&
               (GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER) == 0;
    });
}

int value_of(const IntSetting &setting) {
    const char *text = call([&] { return GetConfigOption(setting.name, false, false); });
    return std::stoi(text);
}

} // namespace

void define() {
    for (const IntSetting &setting : all)
        if (!defined(setting.name))
            define_int(setting);
}

int max_workers() { return value_of(all[0]); }
int default_queue_size() { return value_of(all[1]); }
int worker_timeout() { return value_of(all[2]); }

} // namespace pgcrew::bgjob::pg_background::settings
