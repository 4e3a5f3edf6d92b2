// Terms as JSON: the table of the mapping, row by row, in both forms.
#include "catch.hpp"
#include "json_text.hpp"
#include "otp_terms.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

std::string natural(std::string_view hex) { return json_of("\x83" + from_hex_dump(hex)); }
std::string exact(std::string_view hex) {
    return json_of("\x83" + from_hex_dump(hex), exact_options());
}
std::string both(std::string_view hex) {
    const std::string one = natural(hex), other = exact(hex);
    return one == other ? one : one + " and " + other;
}

std::string charlists(std::string_view hex, JsonForm form = JsonForm::Natural) {
    ConversionOptions options;
    options.charlists = true;
    options.form = form;
    return json_of("\x83" + from_hex_dump(hex), options);
}

std::string atom(std::string_view text) {
    TermWriter writer;
    writer.atom(text);
    return to_hex_dump(writer.bytes());
}
std::string binary(std::string_view text) {
    TermWriter writer;
    writer.binary(text);
    return to_hex_dump(writer.bytes());
}
std::string map(std::initializer_list<std::string> parts) {
    TermWriter writer;
    writer.map(parts.size() / 2);
    std::string hex = to_hex_dump(writer.bytes());
    for (const std::string &part : parts)
        hex += part;
    return hex;
}

const std::string one = "6101";

} // namespace

TEST_CASE("atoms [erl-B1]") {
    CHECK(both(atom("true")) == "true");
    CHECK(both(atom("false")) == "false");
    CHECK(both(atom("null")) == "null");
    CHECK(natural(atom("undefined")) == "null");
    CHECK(natural(atom("nil")) == "null");
    CHECK(exact(atom("undefined")) == R"({"$atom":"undefined"})");
    CHECK(exact(atom("nil")) == R"({"$atom":"nil"})");
    CHECK(natural(atom("ok")) == R"("ok")");
    CHECK(exact(atom("ok")) == R"({"$atom":"ok"})");
    CHECK(natural("640001e9") == "\"\u00e9\"");
    CHECK(both("7703610062") == R"({"$atom":{"$bin":"YQBi"}})");
}

TEST_CASE("numbers [erl-B1] [erl-B3]") {
    CHECK(both("6105") == "5");
    CHECK(both("62ffffffff") == "-1");
    CHECK(both("6e0900000000000000000001") == "18446744073709551616");
    CHECK(both("463ff0000000000000") == "1.0");
    CHECK(natural("468000000000000000") == "-0.0");
    CHECK(exact("468000000000000000") == R"({"$float":"-0.0"})");
    CHECK(both("460000000000000000") == "0.0");
}

TEST_CASE("an integer with more digits than numeric has becomes hexadecimal [erl-B3]") {
    const auto json = [](std::string_view digits, bool negative) {
        TermWriter writer;
        writer.version();
        writer.big_integer({negative, magnitude_of_decimal(digits)});
        return json_of(writer.bytes());
    };
    const std::string most(131072, '9');
    CHECK(json(most, false) == most);
    CHECK(json(most, true) == "-" + most);
    CHECK(json("1" + std::string(131072, '0'), false).substr(0, 12) == R"({"$int":"0x0)");
    CHECK(json("1" + std::string(131072, '0'), true).substr(0, 12) == R"({"$int":"-0x)");
}

TEST_CASE("binaries are text only if jsonb can hold it [erl-B4]") {
    CHECK(both(binary("h\u00e9llo")) == "\"h\u00e9llo\"");
    CHECK(both(binary("")) == R"("")");
    CHECK(both("6d00000003610062") == R"({"$bin":"YQBi"})");
    CHECK(both("6d00000001e9") == R"({"$bin":"6Q=="})");
    CHECK(both("4d0000000103bf") == R"({"$bits":["oA==",3]})");
}

TEST_CASE("lists and tuples [erl-B1] [erl-B5]") {
    CHECK(both("6a") == "[]");
    CHECK(both("6b00026869") == "[104,105]");
    CHECK(both("6c000000026168" + atom("true") + "6a") == "[104,true]");
    CHECK(both("6c00000001616861"
               "02") == R"({"$cons":[[104],2]})");
    CHECK(both("6c0000000161016c0000000161026103") == R"({"$cons":[[1,2],3]})");
    CHECK(both("6c0000000161016b00020203"
               "") == "[1,2,3]");
    CHECK(both("6c0000000161016c000000016102"
               "6a") == "[1,2]");
    CHECK(natural("680261016800") == "[1,[]]");
    CHECK(exact("680261016800") == R"({"$tuple":[1,{"$tuple":[]}]})");
}

TEST_CASE("a list of printable characters is a string if asked for") {
    CHECK(natural("6b00026869") == "[104,105]");
    CHECK(charlists("6b00026869") == R"("hi")");
    CHECK(charlists("6c00000002"
                    "6168"
                    "62000020ac"
                    "6a") == "\"h\u20ac\"");
    CHECK(charlists("6c00000001"
                    "6168"
                    "6b00016a"
                    "") == R"("hj")");
    CHECK(charlists("6b00026800") == "[104,0]");
    CHECK(charlists("6b000268"
                    "80") == "[104,128]");
    CHECK(charlists("6c00000002"
                    "6168"
                    "6a"
                    "6a") == "[104,[]]");
    CHECK(charlists("6c00000001"
                    "6168"
                    "6169") == R"({"$cons":[[104],105]})");
    CHECK(charlists("6c00000001"
                    "620000d800"
                    "6a") == "[55296]");
    CHECK(charlists("6c00000001"
                    "6200110000"
                    "6a") == "[1114112]");
    CHECK(charlists("6a") == "[]");
    CHECK(charlists("6b00026869", JsonForm::Exact) == "[104,105]");
}

TEST_CASE("maps [erl-B1]") {
    CHECK(both("7400000000") == "{}");
    CHECK(both(map({binary("a"), one, binary("b"), map({binary("c"), one})})) ==
          R"({"a":1,"b":{"c":1}})");
    CHECK(natural(map({atom("a"), one, binary("b"), one})) == R"({"a":1,"b":1})");
    CHECK(exact(map({atom("a"), one, binary("b"), one})) ==
          R"({"$map":[[{"$atom":"a"},1],["b",1]]})");
    CHECK(natural(map({atom("true"), one})) == R"({"true":1})");
    CHECK(natural(map({atom("a"), one, binary("a"), "6102"})) == R"({"$map":[["a",1],["a",2]]})");
    CHECK(both(map({one, one})) == R"({"$map":[[1,1]]})");
    CHECK(both(map({"6a", "6a", "7400000000", one})) == R"({"$map":[[[],[]],[{},1]]})");
    CHECK(both(map({map({one, one}), map({one, one})})) ==
          R"({"$map":[[{"$map":[[1,1]]},{"$map":[[1,1]]}]]})");
    CHECK(both(map({"6d00000001e9", one})) == R"({"$map":[[{"$bin":"6Q=="},1]]})");
    CHECK(natural(map({"770100", one})) == R"({"$map":[[{"$atom":{"$bin":"AA=="}},1]]})");
}

TEST_CASE("keys that a peer sends twice are both shown, in no object [erl-F9]") {
    CHECK(both(map({binary("a"), one, binary("a"), "6102"})) == R"({"$map":[["a",1],["a",2]]})");
}

TEST_CASE("what a user stored under a key with $ is not taken for a tag [erl-B6]") {
    for (const char *tag : {"atom", "int", "float", "bin", "bits", "str", "cons", "tuple", "map",
                            "pid", "port", "ref", "fun"}) {
        const std::string key = std::string("$") + tag;
        INFO(key);
        CHECK(both(map({binary(key), one})) == R"({"$map":[[")" + key + R"(",1]]})");
        CHECK(both(map({binary("$" + key), one})) == R"({"$map":[["$)" + key + R"(",1]]})");
        CHECK(natural(map({atom(key), one})) == R"({"$map":[[")" + key + R"(",1]]})");
        // With another key beside it there is no danger.
        CHECK(both(map({binary(key), one, binary("x"), one})) == R"({")" + key + R"(":1,"x":1})");
    }
    CHECK(both(binary("$atom")) == R"("$atom")");
    CHECK(both(map({binary("$"), one})) == R"({"$":1})");
    CHECK(both(map({binary("$what"), one})) == R"({"$what":1})");
    CHECK(both(map({binary("$$what"), one})) == R"({"$$what":1})");
    CHECK(both(map({binary("$$$atom"), one})) == R"({"$$$atom":1})");
    CHECK(both(map({binary("atom"), one})) == R"({"atom":1})");
    for (const char *key : {"$pid", "$port", "$ref"})
        CHECK(both(map({binary("show"), one, binary(key), one})) ==
              R"({"$map":[["show",1],[")" + std::string(key) + R"(",1]]})");
    CHECK(both(map({binary("$fun"), one, binary("show"), one})) == R"({"$fun":1,"show":1})");
    CHECK(both(map({binary("$pid"), one, binary("show"), one, binary("x"), one})) ==
          R"({"$pid":1,"show":1,"x":1})");
}

TEST_CASE("pids, ports and references say what they are [erl-B5]") {
    const std::string node = atom("a@b");
    CHECK(both("58" + node + "0000002a0000000700000001") ==
          R"({"$pid":"g1h3A2FAYgAAACoAAAAHAAAAAQ==","show":"<a@b.42.7>"})");
    CHECK(both("78" + node + "000001000000000500000003") ==
          R"({"$port":"g3h3A2FAYgAAAQAAAAAFAAAAAw==","show":"#Port<a@b.1099511627781>"})");
    CHECK(both("5a0002" + node + "000000090000000100000002") ==
          R"({"$ref":"g1oAAncDYUBiAAAACQAAAAEAAAAC","show":"#Ref<a@b.2.1>"})");
    CHECK(both("58"
               "7703610062"
               "0000002a0000000700000001") == R"({"$pid":"g1h3A2EAYgAAACoAAAAHAAAAAQ=="})");
}

TEST_CASE("funs [erl-B5]") {
    CHECK(both("71" + atom("lists") + atom("map") + "6102") == R"({"$fun":"lists:map/2"})");
    CHECK(both("71" + atom("m") + atom("a:b/c") + "6102") == R"({"$fun":"m:a:b/c/2"})");
    CHECK(both("71" + atom("a:b") + atom("c") + "6102") == R"({"$fun":"g3F3A2E6YncBY2EC"})");
    CHECK(both("71" + atom("a") + "770100" + "6102") == R"({"$fun":"g3F3AWF3AQBhAg=="})");
}

TEST_CASE("whatever OTP sends comes out as JSON in which a parser sees the same") {
    for (const OtpTerm &term : otp_terms)
        for (const ConversionOptions &options : {ConversionOptions(), exact_options()}) {
            INFO(term.name);
            const std::string text = json_of(from_hex_dump(term.hex), options);
            if (text.size() > 400 && text.find_first_not_of("-0123456789") == std::string::npos)
                continue; // a number that this parser cannot hold
            JsonText seen;
            json_tree(text).play(seen);
            CHECK(seen.text() == text);
        }
}

TEST_CASE("bytes that are no term give the sink nothing [erl-F9]") {
    JsonText sink;
    const std::string cut = from_hex_dump("836c0000000261016d00000005616263");
    CHECK_THROWS_AS(external_to_json(cut, sink), Error);
    CHECK(sink.text().empty());
    CHECK_THROWS_AS(term_to_json(std::string_view(cut).substr(1), sink), Error);
    term_to_json(from_hex_dump("6105"), sink);
    CHECK(sink.text() == "5");
}
