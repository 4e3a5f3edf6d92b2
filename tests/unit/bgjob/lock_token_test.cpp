#include "catch.hpp"
#include "core/lock_token.hpp"

#include <array>
#include <string>

using namespace pgcrew::bgjob;

namespace {

std::string token_of(std::string_view subject) {
    std::array<unsigned char, token_random_bytes> random{};
    random[0] = 0xab;
    random[15] = 0x07;
    std::string token(token_length(subject), ' ');
    write_token(random, subject, token.data());
    return token;
}

} // namespace

TEST_CASE("a token begins with the random bytes and ends with its subject") {
    CHECK(token_of("order-7") == "ab000000000000000000000000000007:order-7");
    CHECK(token_subject(token_of("order-7")) == "order-7");
    CHECK(token_subject(token_of("")) == "");
    CHECK(token_subject(token_of("a:b\n")) == "a:b\n");
}

TEST_CASE("what is no token has no subject") {
    CHECK_FALSE(token_subject(""));
    CHECK_FALSE(token_subject("lock_83cc7407"));
    CHECK_FALSE(token_subject("ab000000000000000000000000000007"));
    CHECK_FALSE(token_subject("ab000000000000000000000000000007-order-7"));
}

TEST_CASE("the number of a row") {
    CHECK(token_row(token_of("42")) == 42);
    CHECK(token_row(token_of("9223372036854775807")) == 9223372036854775807);
    CHECK_FALSE(token_row(token_of("9223372036854775808")));
    CHECK_FALSE(token_row(token_of("")));
    CHECK_FALSE(token_row(token_of("42x")));
    CHECK_FALSE(token_row(token_of(" 42")));
    CHECK_FALSE(token_row("42"));
}
