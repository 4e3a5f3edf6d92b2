#include "catch.hpp"
#include "pgcrew/error.hpp"

#include <type_traits>

using namespace pgcrew;

TEST_CASE("an error tells what it was given, and where it was made", "[error]") {
    const Error e(sqlstate::invalid_parameter_value, "message", "Detail.", "Hint.");
    const int line = __LINE__ - 1;
    CHECK(std::string(e.what()) == "message");
    CHECK(e.state() == SqlState("22023"));
    CHECK(e.detail() == "Detail.");
    CHECK(e.hint() == "Hint.");
    CHECK(e.where().line == line);
    CHECK(std::string(e.where().file).ends_with("error_test.cpp"));
}

TEST_CASE("copies of an error share their text and cannot throw", "[error]") {
    const Error a(sqlstate::internal_error, "m");
    const Error b = a;
    CHECK(a.what() == b.what());
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Error>);
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<ServerError>);
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Canceled>);
}

TEST_CASE("a cancel is no error that a retry loop would catch", "[error]") {
    STATIC_REQUIRE(!std::is_base_of_v<std::exception, Canceled>);
    STATIC_REQUIRE(!std::is_base_of_v<ServerError, Canceled>);
}
