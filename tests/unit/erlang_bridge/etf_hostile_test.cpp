// Bytes of a peer that means harm. That nothing is read out of bounds is what the sanitizers see:
// each term lies in a buffer of exactly its size.
#include "catch.hpp"
#include "json_text.hpp"
#include "otp_terms.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

#include <memory>
#include <random>
#include <vector>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

class NullSink final : public JsonSink {
  public:
    void null() override {}
    void boolean(bool) override {}
    void number(std::string_view) override {}
    void string(std::string_view) override {}
    void begin_array(std::size_t) override {}
    void end_array() override {}
    void begin_object(std::size_t) override {}
    void key(std::string_view) override {}
    void end_object() override {}
};

// True if it is a term; no exception but the expected ones passes.
bool survives(std::string_view bytes) {
    const auto copy = std::make_unique<char[]>(bytes.size());
    bytes.copy(copy.get(), bytes.size());
    const std::string_view exact_size(copy.get(), bytes.size());
    try {
        text_of_external(exact_size);
        NullSink sink;
        external_to_json(exact_size, sink);
        external_to_json(exact_size, sink, exact_options());
        return true;
    } catch (const Error &e) {
        if (e.state() != sqlstate::protocol_violation &&
            e.state() != sqlstate::statement_too_complex &&
            e.state() != sqlstate::program_limit_exceeded)
            throw;
        return false;
    }
}

std::vector<std::string> corpus() {
    std::vector<std::string> terms;
    for (const OtpTerm &term : otp_terms)
        terms.push_back(from_hex_dump(term.hex));
    const std::string old_float = "8363" + to_hex_dump("1.50000000000000000000e+00") + "0000000000";
    for (const std::string &hex :
         {std::string("836b000568656c6c6f"), std::string("8372000177016101000000ff"),
          std::string("8365770161000000050f"), std::string("837877016100000000000000050000000a"),
          old_float, std::string("836f0000000a00000000000000000001ff"),
          std::string("836c0000000161016c0000000161026103")})
        terms.push_back(from_hex_dump(hex));
    return terms;
}

} // namespace

TEST_CASE("no term that was cut off is a term [erl-F9]") {
    for (const std::string &term : corpus()) {
        REQUIRE(survives(term));
        for (std::size_t size = 0; size < term.size(); ++size)
            if (survives(std::string_view(term).substr(0, size)))
                FAIL(to_hex_dump(term) << " cut to " << size);
    }
}

TEST_CASE("a term with one wrong bit or byte is read or refused [erl-F9]") {
    for (std::string term : corpus())
        for (char &c : term) {
            const char right = c;
            for (int bit = 0; bit < 8; ++bit) {
                c = static_cast<char>(right ^ (1 << bit));
                survives(term);
            }
            for (const char wrong : {'\0', '\x7F', '\x80', '\xFF'}) {
                c = wrong;
                survives(term);
            }
            c = right;
        }
    SUCCEED();
}

TEST_CASE("random bytes after any tag are read or refused [erl-F9]") {
    const std::uint32_t seed = 20240711;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    int terms = 0;
    for (int i = 0; i < 50000; ++i) {
        std::string bytes = "\x83";
        const std::size_t size = 1 + random() % 16;
        while (bytes.size() < size)
            bytes += random() % 2 == 0 ? static_cast<char>(70 + random() % 51)
                                       : static_cast<char>(random() % 4);
        terms += survives(bytes) ? 1 : 0;
    }
    CHECK(terms > 100); // else the test would show little
}

TEST_CASE("lengths that lie are not believed: nothing of their size is allocated [erl-F9]") {
    for (const char *tag : {"6d", "6c", "69", "74", "6f", "4d", "70"})
        for (const char *length : {"7fffffff", "80000000", "ffffffff", "fffffffe", "00100000"}) {
            INFO(tag << " " << length);
            CHECK_FALSE(
                survives(from_hex_dump(std::string("83") + tag + length + "00016a6a6a6a6a6a")));
        }
    for (const char *hex : {"836bffff61", "8364ffff61", "8376ffff61", "8377ff61", "836eff0001",
                            "8368ff6a", "8373ff61", "835affff770161", "8372ffff770161"})
        CHECK_FALSE(survives(from_hex_dump(hex)));
}

TEST_CASE("a million levels of nesting use no stack [erl-B8] [erl-F9]") {
    const auto repeated = [](std::string_view hex) {
        const std::string one = from_hex_dump(hex);
        std::string all = "\x83";
        for (int i = 0; i < 1000000; ++i)
            all += one;
        return all;
    };
    for (const char *hex :
         {"6c00000001", "6801", "6900000001", "7400000001", "74000000016a", "6c000000016a"}) {
        const std::string term = repeated(hex);
        INFO(hex);
        CHECK_FALSE(survives(term));
        // Also with no limit but the bytes: it ends, and not by a crash.
        TermVisitor nobody;
        CHECK_THROWS_AS(read_whole_external(term, nobody, Limits{10000000, 100000000}), Error);
    }
    CHECK(survives(repeated("6c00000000") + "j")); // headers of lists without elements
    CHECK(survives(repeated("6c000000016a") + "j"));
}

TEST_CASE("what is announced to the sink never exceeds the bytes sent [erl-F9]") {
    class Count final : public TermVisitor {
      public:
        std::size_t most = 0;
        void begin_list(std::size_t size) override { most = std::max(most, size); }
        void more_elements(std::size_t size) override { most = std::max(most, size); }
        void begin_tuple(std::size_t size) override { most = std::max(most, size); }
        void begin_map(std::size_t size) override { most = std::max(most, size); }
    };
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes;
        for (int j = 0; j < 24; ++j)
            bytes += random() % 3 == 0 ? "hijklmt"[random() % 7] : static_cast<char>(random() % 9);
        Count count;
        try {
            read_term(bytes, count);
        } catch (const Error &) {
            CHECK(count.most <= bytes.size());
        }
    }
}
