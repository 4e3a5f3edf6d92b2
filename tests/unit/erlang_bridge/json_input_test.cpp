// JSON as terms: the one input form, its tags and its options.
#include "catch.hpp"
#include "json_text.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

std::string term(std::string_view json, const ConversionOptions &options = exact_options()) {
    return text_of_external(term_of(json, options));
}

std::string bytes_of(std::string_view json) { return to_hex_dump(term_of(json)).substr(2); }

// Message and detail of the error 22023 that the document is.
std::string refusal(std::string_view json, const ConversionOptions &options = exact_options()) {
    try {
        return "accepted: " + term(json, options);
    } catch (const Error &e) {
        if (e.state() != sqlstate::invalid_parameter_value)
            throw;
        return e.what() + std::string(": ") + e.detail();
    }
}

ConversionOptions with(std::string_view name, std::string_view value) {
    ConversionOptions options;
    REQUIRE(set_option(options, name, value));
    return options;
}

} // namespace

TEST_CASE("plain JSON [erl-B1] [erl-B2]") {
    CHECK(term("null") == "'null'");
    CHECK(term("true") == "'true'");
    CHECK(term("false") == "'false'");
    CHECK(term("\"text\"") == "<<74657874>>");
    CHECK(term("[]") == "[]");
    CHECK(term("[1,[2],\"\"]") == "[1,[2],<<>>]");
    CHECK(term("{}") == "#{0:}");
    CHECK(term(R"({"a":1})") == "#{1:<<61>>,1}");
    CHECK(term(R"({"a":1,"b":{"c":[]}})") == "#{2:<<61>>,1,<<62>>,#{1:<<63>>,[]}}");
    CHECK(bytes_of("[1]") == "6c0000000161016a");
    CHECK(bytes_of("{\"a\":[]}") == "74000000016d00000001616a");
}

TEST_CASE("numbers with a fraction are floats, without one integers [erl-B2] [erl-B3]") {
    CHECK(term("0") == "0");
    CHECK(term("-1") == "-1");
    CHECK(term("9223372036854775807") == "9223372036854775807");
    CHECK(term("-9223372036854775808") == "-9223372036854775808");
    CHECK(term("9223372036854775808") == "big:0x8000000000000000");
    CHECK(term("-9223372036854775809") == "big:-0x8000000000000001");
    CHECK(term("18446744073709551616") == "big:0x010000000000000000");
    CHECK(term("1.0") == "float:0x1p+0");
    CHECK(term("-0.0") == "float:-0x0p+0");
    CHECK(term("1e2") == "100");
    CHECK(term("1.5e1") == "15");
    CHECK(term("1.25e1") == "float:0x1.9p+3");
    CHECK(term("5e-1") == "float:0x1p-1");
}

TEST_CASE("tags [erl-B1] [erl-B5]") {
    CHECK(term(R"({"$atom":"ok"})") == "'ok'");
    CHECK(term(R"({"$atom":""})") == "''");
    CHECK(term(R"({"$atom":{"$bin":"YQBi"}})") == std::string("'a\0b'", 5));
    CHECK(term(R"({"$int":"-0xff"})") == "-255");
    CHECK(term(R"({"$int":"0x10000000000000000"})") == "big:0x010000000000000000");
    CHECK(term(R"({"$float":"-0.0"})") == "float:-0x0p+0");
    CHECK(term(R"({"$float":"1"})") == "float:0x1p+0");
    CHECK(term(R"({"$bin":"AP8="})") == "<<00ff>>");
    CHECK(term(R"({"$bin":""})") == "<<>>");
    CHECK(term(R"({"$bits":["/w==",3]})") == "bits:4d0000000103e0");
    CHECK(term(R"({"$str":"h€"})") == "[104,8364]");
    CHECK(term(R"({"$str":""})") == "[]");
    CHECK(term(R"({"$cons":[[1,2],3]})") == "[1,2|3]");
    CHECK(term(R"({"$cons":[[1],[2]]})") == "[1,2]");
    CHECK(term(R"({"$cons":[[1],{"$cons":[[2],{"$tuple":[]}]}]})") == "[1,2|{0:}]");
    CHECK(term(R"({"$tuple":[]})") == "{0:}");
    CHECK(term(R"({"$tuple":[1,{"$tuple":["x"]}]})") == "{2:1,{1:<<78>>}}");
    CHECK(term(R"({"$map":[]})") == "#{0:}");
    CHECK(term(R"({"$map":[[1,2],[{"$map":[[{},[]]]},{"$atom":"x"}]]})") ==
          "#{2:1,2,#{1:#{0:},[]},'x'}");
    CHECK(term(R"({"$fun":"lists:map/2"})") == "fun lists:map/2");
    CHECK(term(R"({"$fun":"m:a:b/c/255"})") == "fun m:a:b/c/255");
    CHECK(term(R"({"$fun":"g3F3A2E6YncBY2EC"})") == "fun a:b:c/2");
}

TEST_CASE("pids, ports and references, with or without what is for people [erl-B5]") {
    const std::string pid = R"("$pid":"g1h3A2FAYgAAACoAAAAHAAAAAQ==")";
    const std::string port = R"("$port":"g3h3A2FAYgAAAQAAAAAFAAAAAw==")";
    const std::string ref = R"("$ref":"g1oAAncDYUBiAAAACQAAAAEAAAAC")";
    const std::string show = R"("show":"anything")";
    for (const std::string &members : {pid, pid + "," + show, show + "," + pid})
        CHECK(term("{" + members + "}") == "<a@b.42.7>/1");
    for (const std::string &members : {port, port + "," + show, show + "," + port})
        CHECK(term("{" + members + "}") == "#Port<a@b.1099511627781>/3");
    for (const std::string &members : {ref, ref + "," + show, show + "," + ref})
        CHECK(term("{" + members + "}") == "#Ref<a@b.2.1>/9");
    CHECK(term("[{" + show + "," + pid + "},{" + ref + "}]") == "[<a@b.42.7>/1,#Ref<a@b.2.1>/9]");
    // An old form is sent as a new one.
    CHECK(to_hex_dump(term_of(R"({"$pid":"g2dkAANhQGIAAAAqAAAABwI="})", exact_options())) ==
          "835877036140620000002a0000000700000002");
}

TEST_CASE("pids and their like are sent only where their node is known [erl-B5]") {
    ConversionOptions options;
    options.knows_node = [](std::string_view node) { return node == "a@b"; };
    const std::string pid = R"({"$pid":"g1h3A2FAYgAAACoAAAAHAAAAAQ=="})";
    CHECK(term(pid, options) == "<a@b.42.7>/1");
    CHECK(refusal(R"([1,{"$pid":"g1h3A2FAYwAAACoAAAAHAAAAAQ=="}])", options) ==
          "pid belongs to an unknown node: The node is \"a@c\".");
    CHECK(refusal(pid, ConversionOptions()) ==
          "pid belongs to an unknown node: The node is \"a@b\".");
}

TEST_CASE("what only looks like a tag is data [erl-B6]") {
    CHECK(term("\"$atom\"") == "<<2461746f6d>>");
    CHECK(term(R"({"$what":1})") == "#{1:<<2477686174>>,1}");
    CHECK(term(R"({"$":1})") == "#{1:<<24>>,1}");
    CHECK(term(R"({"$atom":"x","y":1})") == "#{2:<<2461746f6d>>,<<78>>,<<79>>,1}");
    CHECK(term(R"({"y":1,"$atom":"x"})") == "#{2:<<79>>,1,<<2461746f6d>>,<<78>>}");
    CHECK(term(R"({"$$atom":"x"})") == "#{1:<<2461746f6d>>,<<78>>}");
    CHECK(term(R"({"$$what":"x"})") == "#{1:<<242477686174>>,<<78>>}");
    CHECK(term(R"({"$$$atom":"x"})") == "#{1:<<24242461746f6d>>,<<78>>}");
    CHECK(term(R"({"$$atom":"x","y":1})") == "#{2:<<242461746f6d>>,<<78>>,<<79>>,1}");
    CHECK(term(R"({"show":"x"})") == "#{1:<<73686f77>>,<<78>>}");
    CHECK(term(R"({"show":"x","y":1})") == "#{2:<<73686f77>>,<<78>>,<<79>>,1}");
    CHECK(term(R"({"y":1,"show":"x"})") == "#{2:<<79>>,1,<<73686f77>>,<<78>>}");
    CHECK(term(R"({"show":[1],"$pid":"x"})") == "#{2:<<73686f77>>,[1],<<24706964>>,<<78>>}");
    CHECK(term(R"({"$pid":{},"show":"x"})") == "#{2:<<24706964>>,#{0:},<<73686f77>>,<<78>>}");
    CHECK(term(R"({"$pid":"x","show":[1]})") == "#{2:<<24706964>>,<<78>>,<<73686f77>>,[1]}");
    CHECK(term(R"({"$pid":"x","show":{"a":{}}})") ==
          "#{2:<<24706964>>,<<78>>,<<73686f77>>,#{1:<<61>>,#{0:}}}");
    CHECK(term(R"({"$pid":"x","$ref":"y"})") == "#{2:<<24706964>>,<<78>>,<<24726566>>,<<79>>}");
    CHECK(term(R"({"$fun":"x","show":"y"})") == "#{2:<<2466756e>>,<<78>>,<<73686f77>>,<<79>>}");
    CHECK(term(R"({"show":"x","$fun":"y"})") == "#{2:<<73686f77>>,<<78>>,<<2466756e>>,<<79>>}");
    CHECK(term(R"({"$map":[["$atom","x"]]})") == "#{1:<<2461746f6d>>,<<78>>}");
}

TEST_CASE("a tag with another value than its own is an error that says what it must be [erl-B6]") {
    const auto tagged = [](std::string_view tag, std::string_view value) {
        return refusal("{\"$" + std::string(tag) + "\":" + std::string(value) + "}");
    };
    CHECK(tagged("atom", "1") == "invalid value of \"$atom\": It must be a string of at most 255 "
                                 "characters, or {\"$bin\":...} of its UTF-8 bytes.");
    const std::string values[] = {"null",
                                  "true",
                                  "1",
                                  "1.5",
                                  "\"\"",
                                  "\"a\"",
                                  "\"=\"",
                                  "[]",
                                  "[1]",
                                  "[[],1]",
                                  "[1,1]",
                                  "[[1]]",
                                  "{}",
                                  "{\"a\":1}",
                                  "{\"$atom\":\"x\"}",
                                  "{\"a\":1,\"b\":2}"};
    const std::pair<std::string, std::string> accepted[] = {
        {"atom", "\"\""}, {"atom", "\"a\""},   {"atom", "\"=\""},  {"bin", "\"\""},
        {"str", "\"\""},  {"str", "\"a\""},    {"str", "\"=\""},   {"tuple", "[]"},
        {"tuple", "[1]"}, {"tuple", "[[],1]"}, {"tuple", "[1,1]"}, {"tuple", "[[1]]"},
        {"map", "[]"}};
    for (const char *tag : {"atom", "int", "float", "bin", "bits", "str", "cons", "tuple", "map",
                            "pid", "port", "ref", "fun"})
        for (const std::string &value : values) {
            INFO(tag << " " << value);
            const bool right = std::count(std::begin(accepted), std::end(accepted),
                                          std::pair(std::string(tag), value)) > 0;
            CHECK((tagged(tag, value).substr(0, 8) == "accepted") == right);
        }
    for (const char *bad :
         {R"({"$int":"12"})",
          R"({"$bin":"Zg"})",
          R"({"$bin":"Zg==\n"})",
          R"({"$bits":["",1]})",
          R"({"$bits":["/w==",0]})",
          R"({"$bits":["/w==",8]})",
          R"({"$bits":["/w==","3"]})",
          R"({"$bits":["/w=",3]})",
          R"({"$bits":[3,"/w=="]})",
          R"({"$bits":["/w==",3.0]})",
          R"({"$bits":["/w==","/w=="]})",
          R"({"$bits":["/w==",[]]})",
          R"({"$cons":[[],1]})",
          R"({"$cons":[[1],2,3]})",
          R"({"$cons":[{"$str":"a"},1]})",
          R"({"$map":[[1]]})",
          R"({"$map":[[1,2,3]]})",
          R"({"$map":[{"a":1}]})",
          R"({"$map":["ab"]})",
          R"({"$map":[[1,2],null]})",
          R"({"$fun":"f/1"})",
          R"({"$fun":"m:f"})",
          R"({"$fun":"m:f/256"})",
          R"({"$fun":"m:f/-1"})",
          R"({"$fun":"m:f/"})",
          R"({"$fun":"m:f/1x"})",
          R"({"$fun":"m/f:1"})",
          R"({"$fun":"g2EF"})",
          R"({"$pid":"g2EF"})",
          R"({"$pid":"g1oAAncDYUBiAAAACQAAAAEAAAAC"})",
          R"({"$pid":"g1h3A2FAYgAAACoAAAAHAAAAAQ==","show":"","x":1,"y":{"$pid":1}})",
          R"({"$atom":{"$bin":1}})",
          R"({"$atom":{"$bin":"/w=="}})",
          R"({"$atom":{"$str":"a"}})"}) {
        INFO(bad);
        CHECK(refusal(bad).substr(0, 8) != "accepted");
    }
    // A pid within a list is no pid.
    CHECK(refusal(R"({"$pid":"g2wAAAABWHcDYUBiAAAAKgAAAAcAAAABag=="})").substr(0, 23) ==
          "invalid value of \"$pid\"");
}

TEST_CASE("an atom has at most 255 characters [erl-B4]") {
    std::string text;
    for (int i = 0; i < 255; ++i)
        text += "é";
    CHECK(term("{\"$atom\":\"" + text + "\"}") == "'" + text + "'");
    CHECK(refusal("{\"$atom\":\"" + text + "x\"}") ==
          "atom is too long: It has 256 characters, the limit is 255.");
}

TEST_CASE("a map has no key twice, in whatever order or form it is written") {
    const char *pairs[][2] = {
        {"1", "1"},
        {"\"a\"", "\"a\""},
        {"[]", "{\"$str\":\"\"}"},
        {"[97]", "{\"$str\":\"a\"}"},
        {"{}", "{\"$map\":[]}"},
        {"1.0", "1.00"},
        {"0.0", "-0.0"},
        {"5", "{\"$int\":\"0x005\"}"},
        {R"({"a":1,"b":2})", R"({"b":2,"a":1})"},
        {R"([{"a":1,"b":{"$tuple":[]}}])", R"([{"$map":[["b",{"$tuple":[]}],["a",1]]}])"},
        {R"({"$cons":[[1],[2]]})", "[1,2]"},
        {R"({"$cons":[[1],{"$cons":[[2],3]}]})", R"({"$cons":[[1,2],3]})"},
        {R"({"$bits":["/w==",3]})", R"({"$bits":["4A==",3]})"},
        {R"({"$pid":"g1h3A2FAYgAAACoAAAAHAAAAAQ=="})", R"({"$pid":"g2dkAANhQGIAAAAqAAAABwE="})"},
        {R"({"$fun":"m:f/1"})", R"({"$fun":"g3F3AW13AWZhAQ=="})"},
        {R"({"$atom":"true"})", "true"}};
    for (const auto &[first, second] : pairs) {
        const std::string one = first, other = second;
        INFO(one << " " << other);
        CHECK(refusal(R"({"$map":[[)" + one + R"(,1],[)" + other + ",2]]}") ==
              "duplicate key in an Erlang map: ");
    }
    for (const auto &[one, other] : {std::pair<std::string, std::string>{"1", "1.0"},
                                     {"\"a\"", R"({"$atom":"a"})"},
                                     {"[1]", R"({"$tuple":[1]})"},
                                     {"[[1],2]", "[1,[2]]"},
                                     {"[[],[]]", "[[[]]]"},
                                     {R"({"$cons":[[1],2]})", "[1,2]"},
                                     {R"({"a":1,"b":2})", R"({"a":2,"b":1})"},
                                     {"\"a\"", R"({"$bits":["YQ==",7]})"},
                                     {"[]", "{}"}}) {
        INFO(one << " " << other);
        CHECK(refusal(R"({"$map":[[)" + one + R"(,1],[)" + other + ",2]]}").substr(0, 8) ==
              "accepted");
    }
    CHECK(refusal(R"([{"x":{"$map":[[{"$map":[[1,1],[1,2]]},0]]}}])") ==
          "duplicate key in an Erlang map: ");
}

TEST_CASE("option keys: at most 64 different atoms a call [erl-B1]") {
    const ConversionOptions options = with("keys", "atoms?");
    CHECK(term(R"({"a":{"b":1}})", options) == "#{1:'a',#{1:'b',1}}");
    CHECK(term(R"({"show":"x","b":1})", options) == "#{2:'show',<<78>>,'b',1}");
    const auto objects = [](int count) {
        std::string json = "[";
        for (int repeat = 0; repeat < 2; ++repeat)
            for (int i = 0; i < count; ++i)
                json += "{\"k" + std::to_string(i) + "\":1},";
        return json + "0]";
    };
    CHECK(refusal(objects(64), options).substr(0, 8) == "accepted");
    CHECK(refusal(objects(65), options) ==
          "too many different keys to be atoms: At most 64 are made atoms in one call.");
    CHECK(refusal("{\"" + std::string(256, 'k') + "\":1}", options).substr(0, 16) ==
          "atom is too long");
    CHECK(term(objects(65), with("keys", "binaries")).size() > 1000);
}

TEST_CASE("options strings, numbers and null") {
    CHECK(term(R"(["hi","",{"k":"v"}])", with("strings", "charlist")) ==
          "[[104,105],[],#{1:<<6b>>,[118]}]");
    CHECK(term(R"("hi")", with("strings", "binary")) == "<<6869>>");
    CHECK(term("null", with("null", "nil")) == "'nil'");
    CHECK(term("null", with("null", "undefined")) == "'undefined'");
    CHECK(term("null", with("null", "null")) == "'null'");
    CHECK(term("0.1", with("numbers", "strict")) == "float:0x1.999999999999ap-4");
    CHECK(term("0.12345678901234567890", with("numbers", "float")) == "float:0x1.f9add3746f65fp-4");
    try {
        term("0.12345678901234567890", with("numbers", "strict"));
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::numeric_value_out_of_range);
    }
}

TEST_CASE("options that are none of ours, and values that no option has") {
    ConversionOptions options;
    CHECK_FALSE(set_option(options, "idempotent", "true"));
    CHECK_FALSE(set_option(options, "", ""));
    CHECK(set_option(options, "form", "exact"));
    CHECK(options.form == JsonForm::Exact);
    CHECK(set_option(options, "form", "natural"));
    CHECK(options.form == JsonForm::Natural);
    try {
        set_option(options, "keys", "atoms");
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::invalid_parameter_value);
        CHECK(std::string(e.what()) == "invalid value of option \"keys\"");
        CHECK(e.hint() == "Known values are \"binaries\", \"atoms?\".");
    }
}

TEST_CASE("limits of depth and size on the way out [erl-B8]") {
    const auto nested = [](std::string_view open, std::string_view close, int depth) {
        std::string json;
        for (int i = 0; i < depth; ++i)
            json += open;
        json += "0";
        for (int i = 0; i < depth; ++i)
            json += close;
        return json;
    };
    for (const auto &[open, close] :
         {std::pair("[", "]"), std::pair("{\"a\":", "}"), std::pair("{\"$tuple\":[", "]}"),
          std::pair("{\"$map\":[[0,", "]]}"), std::pair("{\"$cons\":[[", "],0]}"),
          std::pair("{\"show\":", ",\"$pid\":\"\"}")}) {
        INFO(open);
        const Limits limits{100, 100000};
        CHECK_NOTHROW(term_of(nested(open, close, 100), exact_options(), limits));
        try {
            term_of(nested(open, close, 101), exact_options(), limits);
            FAIL("accepted");
        } catch (const Error &e) {
            CHECK(e.state() == sqlstate::statement_too_complex);
        }
    }
    try {
        term_of("[\"" + std::string(100, 'x') + "\"]", {}, Limits{10, 100});
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::program_limit_exceeded);
    }
}

TEST_CASE("a producer whose sizes are wrong is found out before bytes leave") {
    const ConversionOptions options;
    const auto state = [&](void (*play)(JsonSink &)) {
        TermWriter writer;
        JsonToTerm sink(writer, options);
        try {
            play(sink);
            sink.finish();
        } catch (const Error &e) {
            return e.state();
        }
        return SqlState("00000");
    };
    CHECK(state([](JsonSink &s) { s.null(); }) == SqlState("00000"));
    CHECK(state([](JsonSink &) {}) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.null(), s.null(); }) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_array(1), s.end_array(); }) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_array(1), s.null(), s.null(), s.end_array(); }) ==
          sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_array(1), s.null(); }) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_object(2), s.key("a"), s.null(), s.end_object(); }) ==
          sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_object(1), s.null(), s.end_object(); }) ==
          sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.key("a"); }) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.begin_array(1), s.key("a"); }) == sqlstate::internal_error);
    CHECK(state([](JsonSink &s) { s.end_array(); }) == sqlstate::internal_error);
}
