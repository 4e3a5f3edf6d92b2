#include "pg/setting_origin.hpp"

#include "pgcrew/compat.hpp"

#include <string_view>

namespace pgcrew::walrus {

SettingOrigin origin_of_max_wal_size() {
    SettingOrigin origin{};
    call([&] {
        const compat::Settings all = compat::all_settings();
        for (int i = 0; i < all.count; ++i) {
            const config_generic *setting = all.list[i];
            if (strcmp(setting->name, "max_wal_size") != 0)
                continue;
            put_text(origin.source, GucSource_Names[setting->source]);
            if (setting->sourcefile != nullptr)
                put_text(origin.file, setting->sourcefile);
            origin.line = setting->sourceline;
        }
    });
    return origin;
}

bool beyond_files(const SettingOrigin &origin) noexcept {
    return std::string_view(origin.source) == "command line" ||
           std::string_view(origin.source) == "environment variable";
}

bool set_by_alter_system(const SettingOrigin &origin) noexcept {
    const std::string_view file(origin.file), name(PG_AUTOCONF_FILENAME);
    return file.size() > name.size() && file.substr(file.size() - name.size()) == name &&
           file[file.size() - name.size() - 1] == '/';
}
} // namespace pgcrew::walrus
