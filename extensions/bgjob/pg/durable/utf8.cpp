#include "pg/durable/utf8.hpp"

#include "pgcrew/boundary.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {
namespace {

std::string converted(const std::string &text, char *(*convert)(const char *, int, int)) {
    if (text.empty() || call([] { return GetDatabaseEncoding(); }) == PG_UTF8)
        return text;
    return call([&] { return convert(text.c_str(), static_cast<int>(text.size()), PG_UTF8); });
}

} // namespace

std::string to_utf8(const std::string &text) { return converted(text, pg_server_to_any); }
std::string from_utf8(const std::string &text) { return converted(text, pg_any_to_server); }

} // namespace pgcrew::bgjob
