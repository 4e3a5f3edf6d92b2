// Properties over random documents and random terms.
#include "catch.hpp"
#include "core/etf/float_text.hpp"
#include "json_text.hpp"
#include "otp_terms.hpp"
#include "pgcrew/error.hpp"
#include "random_terms.hpp"
#include "terms.hpp"

#include <set>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

constexpr int cases = 10000;

class RandomDocument {
  public:
    // Without tags a document is to come back as it was.
    RandomDocument(std::uint32_t seed, bool with_tags) : random_(seed), with_tags_(with_tags) {}
    std::string value(int depth) {
        switch (random_() % (depth > 0 ? 8 : 5)) {
        case 0:
            return random_() % 2 == 0 ? "null" : random_() % 2 == 0 ? "true" : "false";
        case 1:
            return integer();
        case 2:
            return float_text(random_double(random_));
        case 3:
        case 4:
            return Json(string()).dump();
        case 5:
        case 6:
            return array(depth);
        default:
            return object(depth);
        }
    }

  private:
    std::string integer() {
        std::string digits(1, static_cast<char>('1' + random_() % 9));
        const std::size_t size = random_() % 4 != 0 ? 1 + random_() % 20 : random_() % 200;
        while (digits.size() < size)
            digits += static_cast<char>('0' + random_() % 10);
        return random_() % 9 == 0 ? "0" : random_() % 2 == 0 ? digits : "-" + digits;
    }
    std::string string() {
        static const char *const special[] = {"$atom", "$$atom", "$pid", "show", "$",
                                              "$what", "$$what", "$bin", "true", ""};
        return random_() % 3 == 0 ? special[random_() % std::size(special)]
                                  : random_text(random_, random_() % 12);
    }
    std::string array(int depth) {
        std::string text = "[";
        for (std::size_t left = random_() % 5; left > 0; --left)
            text += value(depth - 1) + (left > 1 ? "," : "");
        return text + "]";
    }
    std::string object(int depth) {
        std::set<std::string> keys;
        for (std::size_t left = random_() % 5; left > 0; --left)
            keys.insert(string());
        if (!with_tags_ && (keys.contains("show") || keys.size() == 1))
            keys = {"a", "b", string() + "!"};
        std::string text = "{";
        for (const std::string &key : keys)
            text += (text.size() > 1 ? "," : "") + Json(key).dump() + ":" + value(depth - 1);
        return text + "}";
    }
    std::mt19937 random_;
    const bool with_tags_;
};

} // namespace

TEST_CASE("JSON to a term to JSON is the identity [erl-B2]") {
    const std::uint32_t seed = 1986;
    INFO("seed " << seed);
    RandomDocument documents(seed, false);
    int containers = 0;
    for (int i = 0; i < cases; ++i) {
        const std::string json = documents.value(5);
        containers += json.size() > 2 && (json[0] == '[' || json[0] == '{') ? 1 : 0;
        const std::string term = term_of(json);
        for (const ConversionOptions &options : {ConversionOptions(), exact_options()}) {
            const std::string back = json_of(term, options);
            if (back != json)
                FAIL(json << "\n" << back);
        }
    }
    CHECK(containers > cases / 5);
}

TEST_CASE("documents with keys that look like tags: refused, or a term that comes back [erl-B6]") {
    const std::uint32_t seed = 1987;
    INFO("seed " << seed);
    RandomDocument documents(seed, true);
    int accepted = 0;
    for (int i = 0; i < cases; ++i) {
        const std::string json = documents.value(4);
        std::string term;
        try {
            term = term_of(json, exact_options());
        } catch (const Error &e) {
            if (e.state() != sqlstate::invalid_parameter_value)
                FAIL(json << "\n" << e.what());
            continue;
        }
        ++accepted;
        const std::string exact = json_of(term, exact_options());
        if (text_of_external(term_of(exact, exact_options())) != text_of_external(term))
            FAIL(json << "\n" << exact);
        // In natural form atoms are gone; but data is not mistaken for a tag either.
        const std::string natural = json_of(term);
        if (json_of(term_of(natural)) != natural)
            FAIL(json << "\n" << natural);
    }
    CHECK(accepted > cases / 2);
}

TEST_CASE("a term to JSON to a term is the identity in exact form [erl-B1] [erl-B5]") {
    const std::uint32_t seed = 1988;
    INFO("seed " << seed);
    RandomTerms terms(seed);
    for (int i = 0; i < cases; ++i) {
        const std::string term = "\x83" + terms.term(5);
        const std::string text = text_of_external(term);
        const std::string json = json_of(term, exact_options());
        if (text_of_external(term_of(json, exact_options())) != text)
            FAIL(to_hex_dump(term) << "\n" << json << "\n" << text);
    }
}

TEST_CASE("a term in natural form is JSON that a parser sees as it was meant [erl-B6]") {
    const std::uint32_t seed = 1989;
    INFO("seed " << seed);
    RandomTerms terms(seed);
    ConversionOptions options;
    for (int i = 0; i < cases; ++i) {
        options.charlists = i % 2 == 0;
        const std::string term = "\x83" + terms.term(5);
        const std::string json = json_of(term, options);
        JsonText seen;
        json_tree(json).play(seen);
        if (seen.text() != json)
            FAIL(to_hex_dump(term) << "\n" << json << "\n" << seen.text());
    }
}

TEST_CASE("terms of OTP come back from exact form [erl-B1] [erl-B3] [erl-B5]") {
    for (const OtpTerm &term : otp_terms) {
        INFO(term.name);
        const std::string bytes = from_hex_dump(term.hex);
        TermWriter writer; // without a detour by text, which nlohmann would have to hold
        writer.version();
        const ConversionOptions options = exact_options();
        JsonToTerm sink(writer, options);
        external_to_json(bytes, sink, options);
        sink.finish();
        CHECK(text_of_external(writer.bytes()) == text_of_external(bytes));
    }
}

TEST_CASE("integers of up to 100,000 digits are numbers both ways [erl-B3]") {
    const ConversionOptions options;
    for (const std::size_t size : {1, 18, 19, 20, 21, 310, 5000, 100000, 131072})
        for (const char *sign : {"", "-"}) {
            std::string digits = sign;
            for (std::size_t i = 0; i < size; ++i)
                digits += static_cast<char>('1' + i % 9);
            TermWriter writer;
            writer.version();
            JsonToTerm sink(writer, options);
            sink.number(digits);
            sink.finish();
            CHECK((json_of(writer.bytes()) == digits));
        }
}

TEST_CASE("what was read within the limits can be sent within them [erl-B8]") {
    const auto deep = [](std::string_view open, std::string_view close) {
        std::string hex = "83";
        for (int i = 0; i < 1000; ++i)
            hex += open;
        hex += "6101";
        for (int i = 0; i < 1000; ++i)
            hex += close;
        return from_hex_dump(hex);
    };
    const ConversionOptions options = exact_options();
    for (const std::string &term :
         {deep("6801", ""), deep("6c00000001", "6a"), deep("6c00000001", "7700"),
          deep("74000000016101", ""), deep("74000000016d0000000161", "")}) {
        TermWriter writer;
        writer.version();
        JsonToTerm sink(writer, options);
        external_to_json(term, sink, options);
        sink.finish();
        CHECK((text_of_external(writer.bytes()) == text_of_external(term)));
    }
}
