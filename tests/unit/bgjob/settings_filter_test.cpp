#include "catch.hpp"
#include "core/settings_filter.hpp"

#include <cstring>
#include <stdexcept>
#include <vector>

using pgcrew::bgjob::filter_settings;

namespace {

struct Setting {
    std::string name, value, file;
};

// The layout of the server's serialize_variable().
std::string entry(const Setting &setting) {
    std::string bytes;
    for (const std::string *text : {&setting.name, &setting.value, &setting.file})
        bytes.append(*text).push_back('\0');
    const auto number = [&bytes](int n) {
        bytes.append(reinterpret_cast<const char *>(&n), sizeof n);
    };
    if (!setting.file.empty())
        number(42); // line
    number(7);      // source
    number(6);      // context
    number(10);     // role
    return bytes;
}

std::string serialised(const std::vector<Setting> &settings) {
    std::string entries;
    for (const Setting &setting : settings)
        entries += entry(setting);
    const std::size_t length = entries.size();
    return std::string(reinterpret_cast<const char *>(&length), sizeof length) + entries;
}

} // namespace

TEST_CASE("ordinary settings pass unchanged", "[settings_filter]") {
    const std::string all = serialised(
        {{"work_mem", "4096", ""}, {"search_path", "a, b", "/etc/x.conf"}, {"app.empty", "", ""}});
    CHECK(filter_settings(all, "joe") == all);
}

TEST_CASE("what belongs to one transaction or session stays behind", "[settings_filter]") {
    for (const char *name :
         {"role", "is_superuser", "transaction_isolation", "transaction_read_only",
          "transaction_deferrable", "seed", "in_hot_standby"}) {
        INFO(name);
        const std::string all =
            serialised({{"a.first", "1", "f"}, {name, "on", "f"}, {"z.last", "2", ""}});
        CHECK(filter_settings(all, "joe") ==
              serialised({{"a.first", "1", "f"}, {"z.last", "2", ""}}));
    }
}

TEST_CASE("a name that only begins like one left out passes", "[settings_filter]") {
    const std::string all = serialised({{"role_of_app", "x", ""}, {"seeds", "y", ""}});
    CHECK(filter_settings(all, "joe") == all);
}

TEST_CASE("the session's user becomes the job's role", "[settings_filter]") {
    const std::string all =
        serialised({{"session_authorization", "postgres", ""}, {"work_mem", "64", ""}});
    CHECK(filter_settings(all, "a role of length") ==
          serialised({{"session_authorization", "a role of length", ""}, {"work_mem", "64", ""}}));
}

TEST_CASE("an empty set stays empty", "[settings_filter]") {
    CHECK(filter_settings(serialised({}), "joe") == serialised({}));
}

TEST_CASE("bytes after the stated length are not looked at", "[settings_filter]") {
    const std::string all = serialised({{"work_mem", "64", ""}});
    CHECK(filter_settings(all + std::string(100, '\x7f'), "joe") == all);
}

TEST_CASE("a set that is cut off anywhere is refused", "[settings_filter]") {
    const std::string all = serialised({{"work_mem", "64", "postgresql.conf"}, {"a.b", "1", ""}});
    const std::size_t entries = all.size() - sizeof(std::size_t);
    for (std::size_t kept = 0; kept < all.size(); ++kept)
        CHECK_THROWS_AS(filter_settings(all.substr(0, kept), "joe"), std::invalid_argument);
    // The length agrees, but the last entry ends too early.
    const std::size_t first = entry({"work_mem", "64", "postgresql.conf"}).size();
    for (std::size_t length = 1; length < entries; ++length) {
        if (length == first)
            continue;
        std::string cut = all.substr(0, sizeof length + length);
        std::memcpy(cut.data(), &length, sizeof length);
        CHECK_THROWS_AS(filter_settings(cut, "joe"), std::invalid_argument);
    }
}
