#include "core/limits.hpp"
#include "core/names.hpp"
#include "error_of.hpp"

#include <string>

using namespace pgcrew;
using namespace pgcrew::bgjob;

namespace {

Error refusal(const std::string &name) {
    return error_of([&] { check_name("step name", name); });
}

} // namespace

TEST_CASE("ordinary names pass", "[names]") {
    for (const char *name : {"a", "order-7", "send mail", "x\"y'z;--", "\xc3\xa4\xe4\xb8\xad", "0"})
        CHECK_NOTHROW(check_name("job key", name));
    CHECK_NOTHROW(check_name("job key", std::string(255, 'k')));
}

TEST_CASE("a wrong name is told what is wrong with it", "[names]") {
    CHECK(std::string(refusal("").what()) == "step name must not be empty");
    const Error e = refusal(std::string(256, 'x'));
    CHECK(std::string(e.what()) == "step name is too long");
    CHECK(e.detail() == "It has 256 bytes, at most 255 are allowed.");
    CHECK(std::string(refusal("a\tb").what()) == "step name must not contain control characters");
    CHECK(refusal("a\tb").detail() == "Byte 2 is one.");
    for (const char *name : {" a", "a ", " "})
        CHECK(std::string(refusal(name).what()) == "step name must not begin or end with a space");
    CHECK(e.state() == sqlstate::invalid_parameter_value);
}

TEST_CASE("every control character is refused, and nothing else", "[names]") {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string name{'a', static_cast<char>(byte), 'b'};
        if (byte < 0x20 || byte == 0x7f)
            CHECK(refusal(name).state() == sqlstate::invalid_parameter_value);
        else
            CHECK_NOTHROW(check_name("queue name", name));
    }
}
