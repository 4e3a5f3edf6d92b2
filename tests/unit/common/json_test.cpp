#include "error_of.hpp"
#include "pgcrew/json.hpp"

using namespace pgcrew;

namespace {
std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
}
} // namespace

TEST_CASE("JSON there and back", "[json]") {
    for (const char *text : {"null", "true", "-1", "0.5", "\"\"", "[]", "{}",
                             R"({"a":[1,2,{"b":null}],"c":"x\n\"y\""})", "18446744073709551615"})
        CHECK(dump_json(parse_json(text)) == text);
}

TEST_CASE("wrong JSON names the position", "[json]") {
    const Error e = error_of([] { (void)parse_json(R"({"a": nope})"); });
    CHECK(e.state() == sqlstate::invalid_text_representation);
    CHECK(e.detail() == "The text is wrong at byte 8 of 11.");
    for (const char *text :
         {"", "{", "[1,]", "01", "\"", "\"\\", "{\"a\"}", "1 2", "\"\xff\"", "]"})
        CHECK(error_of([&] { (void)parse_json(text); }).state() ==
              sqlstate::invalid_text_representation);
}

TEST_CASE("a number beyond all bounds is refused", "[json]") {
    CHECK(error_of([] { (void)parse_json("1e999"); }).state() ==
          sqlstate::invalid_text_representation);
}

TEST_CASE("nesting has a limit", "[json]") {
    CHECK(dump_json(parse_json(nested(max_json_depth))) == nested(max_json_depth));
    CHECK(error_of([] { (void)parse_json(nested(max_json_depth + 1)); }).state() ==
          sqlstate::statement_too_complex);
    CHECK(error_of([] { (void)parse_json(std::string(1000000, '[')); }).state() ==
          sqlstate::statement_too_complex);
}

TEST_CASE("brackets in strings and siblings do not nest", "[json]") {
    const std::string brackets(2000, '[');
    CHECK(parse_json("\"" + brackets + "\"").get<std::string>() == brackets);
    CHECK(parse_json(R"("\"[" )").get<std::string>() == "\"[");
    std::string siblings = "[0";
    for (int i = 0; i < 2000; ++i)
        siblings += ",[]";
    CHECK(parse_json(siblings + "]").size() == 2001);
}

TEST_CASE("text that is not UTF-8 cannot be written", "[json]") {
    CHECK(error_of([] { (void)dump_json(Json("\xff")); }).state() ==
          sqlstate::character_not_in_repertoire);
}
