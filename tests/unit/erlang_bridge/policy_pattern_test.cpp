#include "catch.hpp"
#include "core/policy/pattern.hpp"

#include <chrono>
#include <functional>
#include <string>

using namespace pgcrew::erlang_bridge;

namespace {

// By definition, and slowly.
bool matches_slowly(std::string_view pattern, std::string_view text) {
    if (pattern.empty())
        return text.empty();
    if (pattern.front() == '*')
        return matches_slowly(pattern.substr(1), text) ||
               (!text.empty() && matches_slowly(pattern, text.substr(1)));
    return !text.empty() && text.front() == pattern.front() &&
           matches_slowly(pattern.substr(1), text.substr(1));
}

// All texts of these letters up to a length.
void for_each_text(std::string_view letters, std::size_t longest,
                   const std::function<void(const std::string &)> &f,
                   const std::string &so_far = {}) {
    f(so_far);
    if (so_far.size() < longest)
        for (const char c : letters)
            for_each_text(letters, longest, f, so_far + c);
}

} // namespace

TEST_CASE("a star stands for any run of characters", "[policy]") {
    CHECK(matches("*", ""));
    CHECK(matches("*", "anything"));
    CHECK(matches("app@*", "app@host"));
    CHECK(matches("*@10.0.0.*", "app@10.0.0.7"));
    CHECK(matches("a*b*c", "abbc"));
    CHECK(matches("**", ""));
    CHECK_FALSE(matches("", "a"));
    CHECK_FALSE(matches("app", "application"));
    CHECK_FALSE(matches("app@*", "app"));
    CHECK_FALSE(matches("ab*ba", "aba")); // head and tail must not overlap
    CHECK_FALSE(matches("a?", "ab"));
    CHECK_FALSE(matches("[a-z]", "a"));
}

TEST_CASE("every small pattern matches what it should", "[policy]") {
    for_each_text("ab*", 5, [](const std::string &pattern) {
        for_each_text("ab", 5, [&](const std::string &text) {
            if (matches(pattern, text) != matches_slowly(pattern, text))
                FAIL("\"" << pattern << "\" and \"" << text << "\"");
        });
    });
}

TEST_CASE("no pattern is slow", "[policy]") {
    std::string pattern;
    for (int i = 0; i < 120; ++i)
        pattern += "*a";
    const std::string text(255, 'a');
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i)
        REQUIRE_FALSE(matches(pattern + "*b", text)); // exponential with a way back
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("patterns of nodes", "[policy]") {
    for (const char *good :
         {"app@host", "*", "app@*", "*@host", "*@10.*", "app*", "a@::1", "*@fe80::*"})
        CHECK(valid_node_pattern(good));
    for (const char *bad :
         {"", "app", "app@", "a@b@*", "app@*; x", "app *", "*\n", "äpp@*", "app@127.1"})
        CHECK_FALSE(valid_node_pattern(bad));
    CHECK(valid_node_pattern(std::string(254, 'a') + "*"));
    CHECK_FALSE(valid_node_pattern(std::string(255, 'a') + "*"));
}

TEST_CASE("a list of nodes", "[policy]") {
    CHECK(valid_node_list(""));
    CHECK(valid_node_list(" , ,"));
    CHECK(valid_node_list("app@host, *@10.0.0.*"));
    CHECK_FALSE(valid_node_list("app@host other@host"));
    CHECK_FALSE(valid_node_list("app@host, app"));

    const std::string_view list = " app@host ,,\t*@10.0.0.* ";
    CHECK(matches_any(list, "app@host"));
    CHECK(matches_any(list, "web@10.0.0.1"));
    CHECK_FALSE(matches_any(list, "web@host"));
    CHECK_FALSE(matches_any(list, "app@host2"));
    CHECK_FALSE(matches_any(list, ""));
    CHECK_FALSE(matches_any("", "app@host"));
    CHECK(matches_any("*", "app@host"));
}
