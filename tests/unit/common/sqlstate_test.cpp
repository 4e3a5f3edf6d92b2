#include "catch.hpp"
#include "pgcrew/error.hpp"

using pgcrew::SqlState;

TEST_CASE("a SQLSTATE survives packing", "[sqlstate]") {
  for (const char *s : {"00000", "22012", "57014", "XX000", "ZZZZZ"}) {
    char five[6];
    std::char_traits<char>::copy(five, s, 6);
    CHECK(SqlState(five).text() == s);
  }
}

TEST_CASE("the packed form is the server's", "[sqlstate]") {
  STATIC_REQUIRE(pgcrew::sqlstate::query_canceled.packed() == 67371461);
}

TEST_CASE("copies of an error share their text", "[error]") {
  const pgcrew::Error a(pgcrew::sqlstate::invalid_parameter_value, "m", "d");
  const pgcrew::Error b = a;
  CHECK(a.what() == b.what());
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<pgcrew::Error>);
}
