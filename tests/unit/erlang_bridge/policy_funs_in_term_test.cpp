#include "catch.hpp"
#include "core/etf/writer.hpp"
#include "core/policy/funs_in_term.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

void put_export(TermWriter &writer, std::string_view module, std::string_view function,
                std::uint8_t arity = 1) {
    writer.export_fun({module, function, arity, {}});
}

std::string u32(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(number >> shift);
    return bytes;
}

// A closure of the module with one free variable.
std::string closure_of(std::string_view module, const std::string &variable) {
    TermWriter names;
    names.atom(module);
    names.integer(0); // old index
    names.integer(0); // old unique
    names.pid({"n@h", 1, 0, 1, {}});
    const std::string body =
        '\1' + std::string(16, 'u') + u32(0) + u32(1) + names.bytes() + variable;
    return 'p' + u32(static_cast<std::uint32_t>(4 + body.size())) + body;
}

} // namespace

TEST_CASE("a term without funs has none", "[policy]") {
    TermWriter writer;
    writer.list(2);
    writer.binary("fun os:cmd/1");
    writer.tuple(2);
    writer.atom("os");
    writer.atom("cmd");
    writer.nil();
    CHECK(funs_in_term(writer.bytes()).empty());
}

TEST_CASE("[erl-F6] funs are found wherever they are, each once", "[policy]") {
    TermWriter writer;
    writer.list(3);
    put_export(writer, "os", "cmd");
    writer.map(1);
    put_export(writer, "a", "key");
    writer.tuple(1);
    put_export(writer, "a", "value");
    writer.list(1);
    put_export(writer, "os", "cmd", 2);
    put_export(writer, "a", "tail");
    writer.nil();
    CHECK(funs_in_term(writer.bytes()) ==
          std::vector<FunName>{{"os", "cmd"}, {"a", "key"}, {"a", "value"}, {"a", "tail"}});
}

TEST_CASE("[erl-F6] closures are found with what they hold", "[policy]") {
    TermWriter variable;
    put_export(variable, "os", "cmd");
    const std::string inner = closure_of("shell", variable.bytes());
    CHECK(funs_in_term(closure_of("erl_eval", inner)) ==
          std::vector<FunName>{{"erl_eval", "-fun-"}, {"shell", "-fun-"}, {"os", "cmd"}});
}

TEST_CASE("there is a bound", "[policy]") {
    const auto term = [](int different) {
        TermWriter writer;
        writer.list(static_cast<std::size_t>(different) * 2);
        for (int i = 0; i < different * 2; ++i)
            put_export(writer, "m", "f" + std::to_string(i / 2));
        writer.nil();
        return writer.take();
    };
    CHECK(funs_in_term(term(64)).size() == 64);
    try {
        funs_in_term(term(65));
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::program_limit_exceeded);
    }
}

TEST_CASE("a term that is none is refused", "[policy]") {
    TermWriter writer;
    put_export(writer, "os", "cmd");
    CHECK_THROWS_AS(funs_in_term(writer.bytes() + "x"), Error);
    CHECK_THROWS_AS(funs_in_term(std::string_view(writer.bytes()).substr(1)), Error);
    CHECK_THROWS_AS(funs_in_term(""), Error);
}
