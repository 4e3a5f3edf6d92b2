// Where the value of max_wal_size in force comes from.
#pragma once
#include "pg/shared.hpp"

namespace pgcrew::walrus {

SettingOrigin origin_of_max_wal_size();

// A source that a line in a configuration file does not reach: the command line.
bool beyond_files(const SettingOrigin &) noexcept;

// The line that ALTER SYSTEM wrote is the one in force.
bool set_by_alter_system(const SettingOrigin &) noexcept;
} // namespace pgcrew::walrus
