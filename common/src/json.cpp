#include "pgcrew/json.hpp"

#include "pgcrew/error.hpp"

namespace pgcrew {
namespace {

// Brackets outside strings; a wrong text is left to the parser.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_json_depth)
                return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}
} // namespace

Json parse_json(std::string_view text) {
    if (too_deep(text))
        throw Error(sqlstate::statement_too_complex, "JSON is nested too deeply",
                    "At most " + std::to_string(max_json_depth) + " levels are accepted.");
    try {
        return Json::parse(text);
    } catch (const Json::parse_error &e) {
        throw Error(sqlstate::invalid_text_representation, "invalid JSON",
                    "The text is wrong at byte " + std::to_string(e.byte) + " of " +
                        std::to_string(text.size()) + ".");
    } catch (const Json::exception &e) { // a number out of range
        throw Error(sqlstate::invalid_text_representation, "invalid JSON", e.what());
    }
}

std::string dump_json(const Json &value) {
    try {
        return value.dump();
    } catch (const Json::exception &e) {
        throw Error(sqlstate::character_not_in_repertoire, "JSON text is not valid UTF-8",
                    e.what());
    }
}
} // namespace pgcrew
