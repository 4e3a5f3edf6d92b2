#include "catch.hpp"
#include "core/etf/text.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using namespace std::string_literals;

TEST_CASE("UTF-8 is told from what is not, and counted in characters [erl-B4]") {
    CHECK(utf8_length("") == 0);
    CHECK(utf8_length("plain ASCII of more than sixteen bytes") == 38);
    CHECK(utf8_length("h\u00e9\u20ac\U0001F600") == 4);
    CHECK(utf8_length("\xEF\xBF\xBF") == 1);
    CHECK(utf8_length("\xF4\x8F\xBF\xBF") == 1);
    for (const char *bad :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE2\x82", "\xE0\x9F\xBF", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
          "1234567\xE9", "12345678\xE9", "\xC3\x28", "\xE2\x28\xA1"}) {
        INFO(to_base64(bad));
        CHECK_FALSE(utf8_length(bad));
    }
}

TEST_CASE("every character survives UTF-8 both ways") {
    std::string text;
    for (char32_t c = 0; c <= 0x10FFFF; c = c == 0xD7FF ? 0xE000 : c + 1)
        append_utf8(text, c);
    REQUIRE(utf8_length(text) == 0x110000 - 0x800);
    std::string_view rest = text;
    for (char32_t c = 0; c <= 0x10FFFF; c = c == 0xD7FF ? 0xE000 : c + 1)
        if (take_character(rest) != c)
            FAIL("character " << static_cast<std::uint32_t>(c));
    CHECK(rest.empty());
}

TEST_CASE("Latin-1 becomes UTF-8 [erl-B4]") {
    CHECK(latin1_to_utf8("na\xEFve \xFF") == "na\u00efve \u00ff");
}

TEST_CASE("JSON text has no character 0 [erl-B4]") {
    CHECK(is_json_text(""));
    CHECK(is_json_text("\u00e9"));
    CHECK_FALSE(is_json_text("a\0b"s));
    CHECK_FALSE(is_json_text("\xE9"));
}

TEST_CASE("base64 both ways") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("foob") == "Zm9vYg==");
    CHECK(to_base64("\xFB\xFF\xBE") == "+/++");
    std::string bytes;
    for (int i = 0; i < 600; ++i) {
        CHECK(from_base64(to_base64(bytes)) == bytes);
        bytes += static_cast<char>(i * 37);
    }
}

TEST_CASE("base64 that nobody would have written is refused") {
    for (const char *bad : {"Z", "Zg", "Zg=", "Zg==Zg==", "=", "====", "Z===", "Zm 9v", "Zm9v\n",
                            "Zm9-", "Zm9_", "Zh==", "Zm9=", "Zg=g", "\xC3\xA9g=="}) {
        INFO(bad);
        CHECK_FALSE(from_base64(bad));
    }
}

TEST_CASE("a text is looked at block by block, to its last byte") {
    for (std::size_t size = 1; size <= 100; ++size)
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            text[at] = '\0';
            CHECK_FALSE(is_json_text(text));
            CHECK(utf8_length(text) == size);
            text[at] = '\x01';
            CHECK(is_json_text(text));
            text[at] = '\x80';
            CHECK_FALSE(is_json_text(text));
            CHECK_FALSE(utf8_length(text));
            text.replace(at, 1, "\xC3\xA9");
            CHECK(is_json_text(text));
            CHECK(utf8_length(text) == size);
        }
}
