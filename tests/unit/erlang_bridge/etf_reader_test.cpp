#include "catch.hpp"
#include "otp_terms.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

#include <string>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

std::string read_hex(std::string_view hex) { return text_of_term(from_hex_dump(hex)); }

// The detail of the protocol error that the term is.
std::string refusal(std::string_view hex) {
    try {
        return "accepted: " + read_hex(hex);
    } catch (const Error &e) {
        if (e.state() != sqlstate::protocol_violation)
            throw;
        return e.detail();
    }
}

const std::string node = "7703614062"; // the atom a@b
const std::string unique(32, 'a');

// A fun of module m with so many variables, its size made wrong by so much.
std::string fun(int count, const std::string &variables, int wrong = 0) {
    char size[9], free[9];
    const std::string creator = "58" + node + "0000002a0000000700000001";
    std::snprintf(free, sizeof free, "%08x", static_cast<unsigned>(count));
    const std::string rest =
        "01" + unique + "00000000" + free + "77016d" + "6101" + "6200000002" + creator + variables;
    std::snprintf(size, sizeof size, "%08x",
                  static_cast<unsigned>(static_cast<int>(rest.size() / 2) + 4 + wrong));
    return "70" + std::string(size) + rest;
}

} // namespace

TEST_CASE("atoms of all four encodings [erl-B1] [erl-B4]") {
    CHECK(read_hex("6400026f6b") == "'ok'");
    CHECK(read_hex("73026f6b") == "'ok'");
    CHECK(read_hex("7600026f6b") == "'ok'");
    CHECK(read_hex("77026f6b") == "'ok'");
    CHECK(read_hex("7700") == "''");
    CHECK(read_hex("640001e9") == "'\u00e9'");
    CHECK(read_hex("7301ff") == "'\u00ff'");
    CHECK(read_hex("7703e29883") == "'\u2603'");
}

TEST_CASE("an atom that is not UTF-8 or too long is a protocol error [erl-B4]") {
    CHECK(refusal("7701e9") == "At byte 3 of 3: the atom at byte 0 is not UTF-8.");
    CHECK(refusal("760002c328") == "At byte 5 of 5: the atom at byte 0 is not UTF-8.");
    CHECK(refusal("7703eda080") == "At byte 5 of 5: the atom at byte 0 is not UTF-8.");
    std::string longest, too_long;
    for (int i = 0; i < 256; ++i)
        (i < 255 ? longest : too_long) += "c3a9";
    CHECK(read_hex("7601fe" + longest).size() == 2 + 510);
    CHECK(refusal("760200" + longest + too_long) ==
          "At byte 515 of 515: the atom at byte 0 has more than 255 characters.");
    CHECK(refusal("640100" + std::string(512, '6')) ==
          "At byte 259 of 259: the atom at byte 0 has more than 255 characters.");
}

TEST_CASE("integers of every encoding and at every border [erl-B3]") {
    CHECK(read_hex("6100") == "0");
    CHECK(read_hex("61ff") == "255");
    CHECK(read_hex("6200000100") == "256");
    CHECK(read_hex("627fffffff") == "2147483647");
    CHECK(read_hex("6280000000") == "-2147483648");
    CHECK(read_hex("6e0400000000"
                   "80") == "2147483648");
    CHECK(read_hex("6e0800ffffffffffffff7f") == "9223372036854775807");
    CHECK(read_hex("6e08010000000000000080") == "-9223372036854775808");
    CHECK(read_hex("6e08000000000000000080") == "big:0x8000000000000000");
    CHECK(read_hex("6e08010100000000000080") == "big:-0x8000000000000001");
    CHECK(read_hex("6e0800ffffffffffffffff") == "big:0xffffffffffffffff");
    CHECK(read_hex("6e0900000000000000000001") == "big:0x010000000000000000");
    CHECK(read_hex("6f0000000900000000000000000001") == "big:0x010000000000000000");
}

TEST_CASE("an integer that is longer than it need be is the same integer [erl-B3]") {
    CHECK(read_hex("6e0000") == "0");
    CHECK(read_hex("6e0001") == "0");
    CHECK(read_hex("6e020105"
                   "00") == "-5");
    CHECK(read_hex("6f00000001"
                   "00"
                   "05") == "5");
    CHECK(read_hex("6e0c00ffffffffffffffff00000000") == "big:0xffffffffffffffff");
    CHECK(refusal("6e010205") == "At byte 3 of 4: the sign of an integer is neither 0 nor 1.");
    CHECK(refusal("6fffffffff00") == "At byte 6 of 6: the term ends too early.");
}

TEST_CASE("floats of both encodings [erl-B1]") {
    CHECK(read_hex("463ff8000000000000") == "float:0x1.8p+0");
    CHECK(read_hex("468000000000000000") == "float:-0x0p+0");
    CHECK(read_hex("63" + to_hex_dump("1.50000000000000000000e+00") + "0000000000") ==
          "float:0x1.8p+0");
    CHECK(read_hex("63" + to_hex_dump("-1.50000000000000000000e-01") + "00000000") ==
          "float:-0x1.3333333333333p-3");
    CHECK(refusal("467ff0000000000000") == "At byte 9 of 9: a float is not finite.");
    CHECK(refusal("467ff8000000000001") == "At byte 9 of 9: a float is not finite.");
    CHECK(refusal("63" + to_hex_dump("inf") + std::string(56, '0')) ==
          "At byte 32 of 32: a float is not finite.");
    CHECK(refusal("63" + to_hex_dump("1.5x") + std::string(54, '0')) ==
          "At byte 32 of 32: the text of a float is not a number.");
    CHECK(refusal("63" + std::string(62, '0')) ==
          "At byte 32 of 32: the text of a float is not a number.");
}

TEST_CASE("binaries and bit strings [erl-B1] [erl-B5]") {
    CHECK(read_hex("6d00000003610062") == "<<610062>>");
    CHECK(read_hex("4d0000000103a0") == "bits:4d0000000103a0");
    CHECK(read_hex("4d0000000103bf") == "bits:4d0000000103a0");
    CHECK(read_hex("4d0000000208fff0") == "<<fff0>>");
    CHECK(read_hex("4d0000000000") == "<<>>");
    CHECK(refusal("4d0000000109ff") ==
          "At byte 6 of 7: the last byte of a bit string cannot have 9 bits.");
    CHECK(refusal("4d0000000100ff") ==
          "At byte 6 of 7: the last byte of a bit string cannot have 0 bits.");
    CHECK(refusal("4d0000000001") ==
          "At byte 6 of 6: the last byte of a bit string cannot have 1 bits.");
}

TEST_CASE("lists, however they are encoded [erl-B1] [erl-B5]") {
    CHECK(read_hex("6a") == "[]");
    CHECK(read_hex("6b00026869") == "[104,105]");
    CHECK(read_hex("6b0000") == "[]");
    CHECK(read_hex("6c00000002616861696a") == "[104,105]");
    CHECK(read_hex("6c0000000161617702"
                   "6f6b") == "[97|'ok']");
    CHECK(read_hex("6c0000000161"
                   "68"
                   "6c00000001"
                   "6169"
                   "6a") == "[104,105]");
    CHECK(read_hex("6c0000000161"
                   "68"
                   "6b000269"
                   "6a") == "[104,105,106]");
    CHECK(read_hex("6c0000000161"
                   "68"
                   "6c00000000"
                   "6c00000001"
                   "6169"
                   "7700") == "[104,105|'']");
    CHECK(read_hex("6c00000000"
                   "6a") == "[]");
    CHECK(read_hex("6c00000000"
                   "6105") == "5");
    CHECK(read_hex("6c0000000161"
                   "01"
                   "6801"
                   "6a") == "[1|{1:[]}]");
}

TEST_CASE("tuples and maps [erl-B1]") {
    CHECK(read_hex("6800") == "{0:}");
    CHECK(read_hex("6802"
                   "6101"
                   "6a") == "{2:1,[]}");
    CHECK(read_hex("6900000002"
                   "6101"
                   "6102") == "{2:1,2}");
    CHECK(read_hex("7400000000") == "#{0:}");
    CHECK(read_hex("7400000001"
                   "6101"
                   "6102") == "#{1:1,2}");
}

TEST_CASE("pids, ports and references of every release [erl-B5]") {
    CHECK(read_hex("67" + node + "0000002a0000000702") == "<a@b.42.7>/2");
    CHECK(read_hex("58" + node + "0000002a00000007fedcba98") == "<a@b.42.7>/4275878552");
    CHECK(read_hex("66" + node + "0000000503") == "#Port<a@b.5>/3");
    CHECK(read_hex("59" + node + "0000000500000003") == "#Port<a@b.5>/3");
    CHECK(read_hex("78" + node + "ffffffffffffffff00000003") ==
          "#Port<a@b.18446744073709551615>/3");
    CHECK(read_hex("65" + node + "0000000501") == "#Ref<a@b.5>/1");
    CHECK(read_hex("720003" + node + "01000000010000000200000003") == "#Ref<a@b.3.2.1>/1");
    CHECK(read_hex("5a0003" + node + "00000009000000010000000200000003") == "#Ref<a@b.3.2.1>/9");
    CHECK(read_hex("5a0005" + node + "000000090000000100000002000000030000000400000005") ==
          "#Ref<a@b.5.4.3.2.1>/9");
    CHECK(refusal("5a0006" + node + "00") == "At byte 3 of 9: a reference has 6 words.");
    CHECK(refusal("5a0000" + node + "00000000") == "At byte 3 of 12: a reference has 0 words.");
    CHECK(refusal("58"
                  "6101"
                  "0000002a00000007fedcba98") ==
          "At byte 1 of 15: something else stands where an atom belongs.");
}

TEST_CASE("exported funs [erl-B5]") {
    CHECK(read_hex("71" + node + "77016661ff") == "fun a@b:f/255");
    CHECK(refusal("71" + node + "7701666200000001") ==
          "At byte 9 of 14: the arity of a fun is not a small integer.");
}

TEST_CASE("funs: their variables are checked, and reported to who asks [erl-B5]") {
    const std::string shown = "fun(m." + unique + ".0 by <a@b.42.7>:5)";
    CHECK(read_hex(fun(1, "6105")) == shown);
    CHECK(read_hex("6802" + fun(1, "6105") + "6101") == "{2:" + shown + ",1}");
    CHECK(refusal(fun(1, "6105", 1)) == "At byte 5 of 60: the size of a fun reaches over the end.");
    CHECK(refusal(fun(1, "6105", -1)) ==
          "At byte 60 of 60: a fun does not end where its size says.");
    CHECK(refusal(fun(1, "6105", -56)) ==
          "At byte 5 of 60: the size of a fun reaches over the end.");
    CHECK(refusal(fun(3, "6105")) ==
          "At byte 58 of 60: more elements are announced than can follow.");
    CHECK(refusal(fun(1, "50ff")) == "At byte 58 of 60: compressed terms are not accepted.");
    TermVisitor silent; // it does not ask: they are checked still
    CHECK_THROWS_AS(read_whole_term(from_hex_dump(fun(1, "50ff")), silent), Error);
}

TEST_CASE("what follows a fun is reported, though its variables were not wanted") {
    class Watch final : public TermVisitor {
      public:
        std::string seen;
        void integer(std::int64_t value) override { seen += std::to_string(value) + " "; }
        bool begin_fun(const Fun &) override {
            seen += "fun ";
            return false;
        }
        void end_fun() override { seen += "end "; }
    } watch;
    const std::string outer = fun(2, fun(1, "6105") + "6106");
    read_whole_term(from_hex_dump("6803"
                                  "6101" +
                                  outer + "6102"),
                    watch);
    CHECK(watch.seen == "1 fun 2 ");
}

TEST_CASE("version bytes stand at the beginning and nowhere else") {
    CHECK(text_of_external(from_hex_dump("836105")) == "5");
    CHECK_THROWS_AS(text_of_external(from_hex_dump("826105")), Error);
    CHECK_THROWS_AS(text_of_external(from_hex_dump("6105")), Error);
    CHECK_THROWS_AS(text_of_external(from_hex_dump("83610500")), Error);
    CHECK_THROWS_AS(text_of_external(""), Error);
    CHECK(refusal("6801"
                  "83"
                  "6105") == "At byte 2 of 5: no term begins with 131.");
    CHECK(refusal("61056106") == "At byte 2 of 4: the term has ended, but bytes follow.");
    TermText text;
    CHECK(read_external(from_hex_dump("8361056106"), text) == 3);
    CHECK(text.text() == "5");
}

TEST_CASE("compressed terms are refused with a hint") {
    try {
        read_hex("50000000fa789c");
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::protocol_violation);
        CHECK(e.detail() == "At byte 0 of 7: compressed terms are not accepted.");
        CHECK(e.hint() == "Send the result of term_to_binary/1 without the option compressed.");
    }
}

TEST_CASE("every other tag is refused") {
    const std::string known = "FMPXYZabcdefghijklmnopqrstvwx";
    for (int tag = 0; tag < 256; ++tag)
        if (known.find(static_cast<char>(tag)) == std::string::npos) {
            const std::string term(64, static_cast<char>(tag));
            INFO(tag);
            CHECK_THROWS_WITH(text_of_term(term), "invalid Erlang term");
        }
}

TEST_CASE("the elements of a tuple, each by its bytes") {
    const std::string tuple = from_hex_dump("6803"
                                            "6101"
                                            "6c00000001616161"
                                            "05"
                                            "7701"
                                            "78");
    const auto elements = tuple_elements(tuple, 3);
    REQUIRE(elements.size() == 3);
    CHECK(to_hex_dump(elements[0]) == "6101");
    CHECK(to_hex_dump(elements[1]) == "6c0000000161616105");
    CHECK(to_hex_dump(elements[2]) == "770178");
    CHECK(tuple_elements(tuple, 2).empty());
    CHECK(tuple_elements(from_hex_dump("6105"), 9).empty());
    CHECK(tuple_elements(from_hex_dump("6900000001"
                                       "6a"),
                         9)
              .size() == 1);
    CHECK_THROWS_AS(tuple_elements(from_hex_dump("6802"
                                                 "6101"),
                                   9),
                    Error);
}

TEST_CASE("limits of depth and size are exact [erl-B8]") {
    const auto nested = [](int depth) {
        std::string hex;
        for (int i = 0; i < depth; ++i)
            hex += "6801";
        return from_hex_dump(hex + "6a");
    };
    TermVisitor nobody;
    CHECK(read_term(nested(1000), nobody) == 2001);
    try {
        read_term(nested(1001), nobody);
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::statement_too_complex);
        CHECK(e.detail() == "At byte 2002: the limit is 1000 levels.");
    }
    const Limits limits{10, 100};
    CHECK(read_term(from_hex_dump("6d0000005f" + std::string(190, '0')), nobody, limits) == 100);
    try {
        read_term(from_hex_dump("6d00000060" + std::string(192, '0')), nobody, limits);
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::program_limit_exceeded);
        CHECK(e.detail() == "It has 101 bytes, the limit is 100.");
    }
}

TEST_CASE("chains of lists by their tails need no depth [erl-B8]") {
    std::string hex;
    for (int i = 0; i < 5000; ++i)
        hex += "6c000000016101";
    const std::string text = read_hex(hex + "6a");
    CHECK(text.size() == 2 + 2 * 5000 - 1);
}
