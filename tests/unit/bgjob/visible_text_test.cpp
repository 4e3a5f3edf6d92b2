#include "catch.hpp"
#include "core/visible_text.hpp"

#include <random>

using namespace pgcrew::bgjob;

TEST_CASE("a text that fits stays as it is", "[visible_text]") {
    for (const char *text : {"", "a", "ship order", "gr\xc3\xbc\xc3\x9f",
                             "\xe4\xb8\xad\xe6\x96\x87", "\xf0\x9f\x9a\xa2", "\"'\\|"})
        CHECK(fit(text, 10) == text);
}

TEST_CASE("a long text is cut between characters", "[visible_text]") {
    CHECK(fit("abcdefghij", 10) == "abcdefghij");
    CHECK(fit("abcdefghijk", 10) == "abcdefg...");
    CHECK(fit("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", 5) == "\xc3\xa4\xc3\xb6...");
    CHECK(fit("\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2", 4) ==
          "\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2");
    CHECK(fit("abcd", 3) == "...");
    CHECK(fit("abcd", 2) == "..");
    CHECK(fit("abcd", 0).empty());
    // An escape counts for what it takes, and is not cut.
    CHECK(fit("abc\ndef", 7) == "abc...");
    CHECK(fit("abc\ndef", 8) == "abc\\ndef");
}

TEST_CASE("what could break the line or its order is shown", "[visible_text]") {
    CHECK(fit("a\nb\tc\rd", 40) == "a\\nb\\tc\\x0dd");
    CHECK(fit(std::string_view("\0\x1b[31m\x7f", 7), 40) == "\\x00\\x1b[31m\\x7f");
    CHECK(fit("\xc2\x85\xc2\x9b", 40) == "\\u0085\\u009b"); // next line, control sequence
    const std::string right_to_left{'\xe2', '\x80', '\xae'};
    CHECK(fit(right_to_left + "abc\xe2\x80\xa8", 40) == "\\u202eabc\\u2028");
    CHECK(fit("\xef\xbb\xbfx", 40) == "\\ufeffx");
}

TEST_CASE("bytes that are not UTF-8 are shown one by one", "[visible_text]") {
    CHECK(fit("gr\xfc\xdf", 40) == "gr\\xfc\\xdf");
    CHECK(fit("\xc3", 40) == "\\xc3");
    CHECK(fit("\xe4\xb8", 40) == "\\xe4\\xb8");
    CHECK(fit("\xc0\x80", 40) == "\\xc0\\x80");                   // overlong
    CHECK(fit("\xe0\x80\x80", 40) == "\\xe0\\x80\\x80");          // overlong
    CHECK(fit("\xed\xa0\x80", 40) == "\\xed\\xa0\\x80");          // half of a pair
    CHECK(fit("\xf4\x90\x80\x80", 40) == "\\xf4\\x90\\x80\\x80"); // beyond the last
    CHECK(fit("\xff\xfe", 40) == "\\xff\\xfe");
}

TEST_CASE("whatever bytes come, they fit and are whole", "[visible_text]") {
    std::mt19937 random(11);
    for (int i = 0; i < 20'000; ++i) {
        std::string text(random() % 40, '\0');
        for (char &c : text)
            c = static_cast<char>(random() % 3 == 0 ? random() % 256 : 0x80 + random() % 0x80);
        const std::size_t columns = random() % 30;
        const std::string shown = fit(text, columns);
        REQUIRE(columns_of(shown) <= columns);
        // It is UTF-8 without controls: to show it again changes nothing.
        REQUIRE(fit(shown, 1000) == shown);
    }
}
