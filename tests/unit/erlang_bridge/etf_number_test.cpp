#include "catch.hpp"
#include "core/etf/float_text.hpp"
#include "core/etf/integer_text.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

// The remainders by a few primes tell numbers apart without any of the arithmetic that is tested.
constexpr std::uint64_t primes[] = {4294967291, 4294967279, 998244353};

std::uint64_t decimal_remainder(std::string_view digits, std::uint64_t prime) {
    std::uint64_t rest = 0;
    for (const char c : digits)
        rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % prime;
    return rest;
}

std::uint64_t magnitude_remainder(std::string_view bytes, std::uint64_t prime) {
    std::uint64_t rest = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        rest = (rest * 256 + static_cast<std::uint8_t>(bytes[i])) % prime;
    return rest;
}

void check_both_ways(const std::string &digits) {
    const std::string magnitude = magnitude_of_decimal(digits);
    for (const std::uint64_t prime : primes)
        if (magnitude_remainder(magnitude, prime) != decimal_remainder(digits, prime))
            FAIL("other bytes than those of " << digits.substr(0, 60));
    if (to_decimal({false, magnitude}) != digits || to_decimal({true, magnitude}) != "-" + digits)
        FAIL("other digits than " << digits.substr(0, 60));
}

SqlState state_of(std::string_view number, bool strict = false) {
    try {
        float_of(number, strict);
    } catch (const Error &e) {
        return e.state();
    }
    return SqlState("00000");
}

} // namespace

TEST_CASE("integers of 1 to 100,000 digits survive both ways [erl-B3]") {
    const std::uint32_t seed = 31;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto digits = [&](std::size_t size) {
        std::string text(1, static_cast<char>('1' + random() % 9));
        while (text.size() < size)
            text += static_cast<char>('0' + random() % 10);
        return text;
    };
    for (std::size_t size = 1; size <= 400; ++size)
        check_both_ways(digits(size));
    for (const std::size_t size : {1000, 4096, 9999, 32768, 100000})
        check_both_ways(digits(size));
    for (const std::size_t size : {1, 8, 9, 10, 18, 19, 20, 27, 500, 100000}) {
        check_both_ways("1" + std::string(size, '0'));
        check_both_ways(std::string(size, '9'));
    }
}

TEST_CASE("integers at the borders of words [erl-B3]") {
    CHECK(to_decimal({false, ""}) == "0");
    CHECK(to_decimal({false, std::string(8, '\xFF')}) == "18446744073709551615");
    CHECK(to_decimal({true, std::string(8, '\0') + "\1"}) == "-18446744073709551616");
    CHECK(to_decimal({false, from_hex_dump("0000000000000080")}) == "9223372036854775808");
    CHECK(magnitude_of_decimal("0").empty());
    CHECK(magnitude_of_decimal("000").empty());
    CHECK(to_hex_dump(magnitude_of_decimal("256")) == "0001");
    CHECK(to_hex_dump(magnitude_of_decimal("18446744073709551616")) == "000000000000000001");
}

TEST_CASE("hexadecimal integers") {
    CHECK(to_hex({true, "\x1F\x02"}) == "-0x021f");
    CHECK(from_hex("-0x21f")->magnitude == "\x1F\x02");
    CHECK(from_hex("-0x21f")->negative);
    CHECK(from_hex("0xAbCdEf")->magnitude == "\xEF\xCD\xAB");
    CHECK(from_hex("0x0000")->magnitude.empty());
    for (const char *bad :
         {"", "-", "0x", "-0x", "1f", "0xg", "0x1 ", " 0x1", "0X1", "--0x1", "0x-1", "+0x1"}) {
        INFO(bad);
        CHECK_FALSE(from_hex(bad));
    }
}

TEST_CASE("a float has the fewest digits, always a fraction and never an exponent [erl-B2]") {
    CHECK(float_text(0.0) == "0.0");
    CHECK(float_text(-0.0) == "-0.0");
    CHECK(float_text(1.0) == "1.0");
    CHECK(float_text(-1.5) == "-1.5");
    CHECK(float_text(0.1) == "0.1");
    CHECK(float_text(123.456) == "123.456");
    CHECK(float_text(100.0) == "100.0");
    CHECK(float_text(1e22) == "10000000000000000000000.0");
    CHECK(float_text(1e23) == "100000000000000000000000.0");
    CHECK(float_text(9007199254740993.0) == "9007199254740992.0");
    CHECK(float_text(1e-7) == "0.0000001");
    CHECK(float_text(1.25e-3) == "0.00125");
    CHECK(float_text(1e308).size() == 309 + 2);
    CHECK(float_text(std::numeric_limits<double>::denorm_min()) ==
          "0." + std::string(323, '0') + "5");
}

TEST_CASE("any float is read back from its text [erl-B2]") {
    const std::uint32_t seed = 32;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20000; ++i) {
        const auto value = std::bit_cast<double>(random());
        if (!std::isfinite(value))
            continue;
        const std::string text = float_text(value);
        if (std::bit_cast<std::uint64_t>(float_of(text, true)) !=
                std::bit_cast<std::uint64_t>(value) ||
            std::strtod(text.c_str(), nullptr) != value || text.find('.') == std::string::npos)
            FAIL(text);
    }
}

TEST_CASE("numbers of JSON are taken apart as jsonb does") {
    const auto shape = [](std::string_view text) {
        const Decimal d = parse_decimal(text);
        return (d.negative ? "-" : "") + d.digits + "/" + std::to_string(d.fraction);
    };
    CHECK(shape("0") == "/0");
    CHECK(shape("-12") == "-12/0");
    CHECK(shape("1.50") == "150/2");
    CHECK(shape("0.001") == "1/3");
    CHECK(shape("1e3") == "1000/0");
    CHECK(shape("1.5e3") == "1500/0");
    CHECK(shape("1.5E+1") == "15/0");
    CHECK(shape("1.25e1") == "125/1");
    CHECK(shape("15e-3") == "15/3");
    CHECK(shape("0e5") == "/0");
    CHECK(shape("0e999999999999") == "/0");
    CHECK(parse_decimal("1e131071").digits.size() == 131072);
    for (const char *bad : {"", "-", ".", "1.", ".5", "1e", "e5", "1e+", "1e5x", "+1", "0x1", "1 ",
                            "inf", "nan", "1e+-5"}) {
        INFO(bad);
        CHECK_THROWS_WITH(parse_decimal(bad), "invalid number");
    }
    for (const char *large :
         {"1e131072", "1e999999999999", "1e-131073", "1e-99999999999999999999"}) {
        INFO(large);
        CHECK_THROWS_WITH(parse_decimal(large), "number is too long");
    }
}

TEST_CASE("a decimal that no float holds") {
    CHECK(float_of("0.1234567890123456789", false) == 0.1234567890123456789);
    CHECK(state_of("0.1234567890123456789", true) == sqlstate::numeric_value_out_of_range);
    CHECK(float_of("1.10", true) == 1.1);
    CHECK(float_of("-0.00", true) == 0.0);
    CHECK(float_of("9007199254740993.5", false) == 9007199254740994.0);
    CHECK(state_of("9007199254740993.5", true) == sqlstate::numeric_value_out_of_range);
    CHECK(state_of("1" + std::string(309, '0') + ".5") == sqlstate::numeric_value_out_of_range);
    const std::string tiny = "0." + std::string(400, '0') + "1";
    CHECK(float_of(tiny, false) == 0.0);
    CHECK(std::signbit(float_of("-" + tiny, false)));
    CHECK(state_of(tiny, true) == sqlstate::numeric_value_out_of_range);
    CHECK(state_of("nan") == sqlstate::invalid_parameter_value);
}
