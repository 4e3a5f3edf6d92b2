// What the writer writes, held against OTP's own bytes and against libei, which decodes and encodes
// independently of us.
#include "catch.hpp"
#include "otp_terms.hpp"
#include "pgcrew/error.hpp"
#include "terms.hpp"

#include <ei.h>
#include <limits>
#include <random>
#include <vector>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

// Writes what is read. Lists come in one piece here.
class Copy final : public TermVisitor {
  public:
    TermWriter out;
    void atom(std::string_view text) override { out.atom(text); }
    void integer(std::int64_t value) override { out.integer(value); }
    void big_integer(const BigInteger &value) override { out.big_integer(value); }
    void floating(double value) override { out.floating(value); }
    void binary(std::string_view bytes) override { out.binary(bytes); }
    void bit_string(const BitString &bits) override { out.bit_string(bits); }
    void pid(const Pid &pid) override { out.pid(pid); }
    void port(const Port &port) override { out.port(port); }
    void reference(const Reference &reference) override { out.reference(reference); }
    void export_fun(const Export &fun) override { out.export_fun(fun); }
    bool begin_fun(const Fun &fun) override {
        out.raw(fun.raw);
        return false;
    }
    void begin_list(std::size_t size) override {
        if (size > 0)
            out.list(size);
        improper_.push_back(false);
    }
    void tail() override { improper_.back() = true; }
    void end_list() override {
        if (!improper_.back())
            out.nil();
        improper_.pop_back();
    }
    void begin_tuple(std::size_t size) override { out.tuple(size); }
    void begin_map(std::size_t pairs) override { out.map(pairs); }

  private:
    std::vector<bool> improper_;
};

std::string hex_of(void (*write)(TermWriter &)) {
    TermWriter writer;
    write(writer);
    return to_hex_dump(writer.bytes());
}

struct EiBuffer {
    ei_x_buff x{};
    EiBuffer() { ei_x_new(&x); }
    ~EiBuffer() { ei_x_free(&x); }
    EiBuffer(const EiBuffer &) = delete;
    std::string hex() const { return to_hex_dump({x.buff, static_cast<std::size_t>(x.index)}); }
};

} // namespace

TEST_CASE("terms of OTP are written as they were read [erl-B1]") {
    for (const OtpTerm &term : otp_terms) {
        INFO(term.name);
        Copy copy;
        copy.out.version();
        read_whole_external(from_hex_dump(term.hex), copy);
        CHECK(text_of_external(copy.out.bytes()) == text_of_external(from_hex_dump(term.hex)));
    }
}

TEST_CASE("the forms are those that OTP sends") {
    CHECK(hex_of([](TermWriter &w) { w.version(); }) == "83");
    CHECK(hex_of([](TermWriter &w) { w.atom("ok"); }) == "77026f6b");
    CHECK(hex_of([](TermWriter &w) { w.boolean(true); }) == "770474727565");
    CHECK(hex_of([](TermWriter &w) { w.integer(255); }) == "61ff");
    CHECK(hex_of([](TermWriter &w) { w.integer(256); }) == "6200000100");
    CHECK(hex_of([](TermWriter &w) { w.integer(-1); }) == "62ffffffff");
    CHECK(hex_of([](TermWriter &w) { w.integer(2147483648); }) == "6e040000000080");
    CHECK(hex_of([](TermWriter &w) { w.integer(std::numeric_limits<std::int64_t>::min()); }) ==
          "6e08010000000000000080");
    CHECK(hex_of([](TermWriter &w) { w.floating(1.5); }) == "463ff8000000000000");
    CHECK(hex_of([](TermWriter &w) { w.binary("ab"); }) == "6d000000026162");
    CHECK(hex_of([](TermWriter &w) { w.bit_string({"\xFF", 3}); }) == "4d0000000103e0");
    CHECK(hex_of([](TermWriter &w) { w.nil(); }) == "6a");
    CHECK(hex_of([](TermWriter &w) { w.list(2); }) == "6c00000002");
    CHECK(hex_of([](TermWriter &w) { w.tuple(255); }) == "68ff");
    CHECK(hex_of([](TermWriter &w) { w.tuple(256); }) == "6900000100");
    CHECK(hex_of([](TermWriter &w) { w.map(1); }) == "7400000001");
    CHECK(hex_of([](TermWriter &w) {
              w.pid({"a@b", 1, 2, 3, {}});
          }) == "58770361406200000001"
                "00000002"
                "00000003");
    CHECK(hex_of([](TermWriter &w) {
              w.port({"a@b", 0xFFFFFFFF, 3, {}});
          }) == "597703614062ffffffff00000003");
    CHECK(hex_of([](TermWriter &w) {
              w.port({"a@b", 0x100000000, 3, {}});
          }) == "787703614062000000010000000000000003");
    CHECK(hex_of([](TermWriter &w) {
              w.reference({"a@b", 9, {1, 2, 3, 4, 5}, 5, {}});
          }) == "5a0005770361406200000009"
                "0000000100000002000000030000000400000005");
    CHECK(hex_of([](TermWriter &w) { w.export_fun({"m", "f", 2, {}}); }) == "7177016d7701666102");
}

TEST_CASE("integers of every size are normalised [erl-B3]") {
    const auto big = [](bool negative, const std::string &magnitude) {
        TermWriter writer;
        writer.big_integer({negative, magnitude});
        return to_hex_dump(writer.bytes());
    };
    CHECK(big(false, "") == "6100");
    CHECK(big(true, std::string(3, '\0')) == "6100");
    CHECK(big(true, from_hex_dump("050000")) == "62fffffffb");
    CHECK(big(true, from_hex_dump("0000000000000080")) == "6e08010000000000000080");
    CHECK(big(false, from_hex_dump("0000000000000080")) == "6e08000000000000000080");
    CHECK(big(false, from_hex_dump("ffffffffffffff7f00")) == "6e0800ffffffffffffff7f");
    CHECK(big(false, std::string(255, '\1')).substr(0, 8) == "6eff0001");
    CHECK(big(true, std::string(256, '\1')).substr(0, 14) == "6f000001000101");
}

TEST_CASE("atoms have at most 255 characters and are UTF-8 [erl-B4]") {
    std::string characters;
    for (int i = 0; i < 255; ++i)
        characters += "\U0001F600";
    TermWriter writer;
    writer.atom(characters);
    CHECK(to_hex_dump(writer.bytes()).substr(0, 6) == "7603fc");
    CHECK_THROWS_WITH(writer.atom(characters + "x"), "atom is too long");
    CHECK_THROWS_WITH(writer.atom(std::string(256, 'x')), "atom is too long");
    CHECK_THROWS_WITH(writer.atom("\xE9"), "atom is not valid UTF-8");
}

TEST_CASE("numbers that are not finite are refused") {
    TermWriter writer;
    CHECK_THROWS_AS(writer.floating(std::numeric_limits<double>::infinity()), Error);
    CHECK_THROWS_AS(writer.floating(std::numeric_limits<double>::quiet_NaN()), Error);
    CHECK(writer.bytes().empty());
}

TEST_CASE("a term grows up to the limit and no further [erl-B8]") {
    TermWriter writer(Limits{1000, 20});
    writer.binary("0123456789ABCDE");
    CHECK(writer.bytes().size() == 20);
    try {
        writer.nil();
        FAIL("accepted");
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::program_limit_exceeded);
        CHECK(e.detail() == "The limit is 20 bytes.");
    }
}

TEST_CASE("libei writes the same bytes") {
    const std::int64_t numbers[] = {// not 28 to 32 bits, which ei makes big integers
                                    0,
                                    1,
                                    255,
                                    256,
                                    -1,
                                    (1 << 27) - 1,
                                    2147483648,
                                    -2147483649,
                                    std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min() + 1};
    EiBuffer ei;
    TermWriter writer;
    for (const std::int64_t n : numbers) {
        ei_x_encode_longlong(&ei.x, n);
        writer.integer(n);
    }
    for (const double d : {0.0, -0.0, 1.5, 1e308, 5e-324}) {
        ei_x_encode_double(&ei.x, d);
        writer.floating(d);
    }
    ei_x_encode_atom_as(&ei.x, "h\u00e9llo", ERLANG_UTF8, ERLANG_UTF8);
    writer.atom("h\u00e9llo");
    ei_x_encode_binary(&ei.x, "bytes", 5);
    writer.binary("bytes");
    ei_x_encode_bitstring(&ei.x, "\xA5\xF0", 0, 12);
    writer.bit_string({"\xA5\xF0", 4});
    for (const int size : {0, 1, 255, 256}) {
        ei_x_encode_tuple_header(&ei.x, size);
        writer.tuple(static_cast<std::size_t>(size));
    }
    ei_x_encode_list_header(&ei.x, 3);
    writer.list(3);
    ei_x_encode_map_header(&ei.x, 2);
    writer.map(2);
    ei_x_encode_empty_list(&ei.x);
    writer.nil();
    erlang_pid pid{"a@b", 1, 2, 77};
    ei_x_encode_pid(&ei.x, &pid);
    writer.pid({"a@b", 1, 2, 77, {}});
    erlang_ref reference{"a@b", 3, {9, 8, 7}, 77};
    ei_x_encode_ref(&ei.x, &reference);
    writer.reference({"a@b", 77, {9, 8, 7}, 3, {}});
    CHECK(to_hex_dump(writer.bytes()) == ei.hex());
}

TEST_CASE("libei reads what is written") {
    TermWriter writer;
    writer.tuple(4);
    writer.integer(std::numeric_limits<std::int64_t>::min());
    writer.port({"a@b", 0x100000000, 3, {}});
    writer.reference({"a@b", 9, {1, 2, 3, 4, 5}, 5, {}});
    writer.export_fun({"m", "f", 2, {}});
    int index = 0, arity = 0;
    const char *bytes = writer.bytes().data();
    REQUIRE(ei_decode_tuple_header(bytes, &index, &arity) == 0);
    CHECK(arity == 4);
    EI_LONGLONG number = 0;
    REQUIRE(ei_decode_longlong(bytes, &index, &number) == 0);
    CHECK(number == std::numeric_limits<std::int64_t>::min());
    erlang_port port{};
    REQUIRE(ei_decode_port(bytes, &index, &port) == 0);
    CHECK(port.id == 0x100000000);
    erlang_ref reference{};
    REQUIRE(ei_decode_ref(bytes, &index, &reference) == 0);
    CHECK(reference.len == 5);
    CHECK(reference.n[4] == 5);
    erlang_fun fun{};
    REQUIRE(ei_decode_fun(bytes, &index, &fun) == 0);
    CHECK(std::string(fun.module) == "m");
    CHECK(fun.arity == 2);
    free_fun(&fun);
    CHECK(static_cast<std::size_t>(index) == writer.bytes().size());
}
