#include "catch.hpp"
#include "pgcrew/sqlstate.hpp"

using pgcrew::SqlState;

TEST_CASE("a SQLSTATE survives packing", "[sqlstate]") {
    for (const char *text : {"00000", "22012", "57014", "XX000", "ZZZZZ", "0A000"}) {
        char five[6];
        std::char_traits<char>::copy(five, text, 6);
        CHECK(SqlState(five).text() == text);
    }
}

TEST_CASE("the packed form is the server's", "[sqlstate]") {
    STATIC_REQUIRE(pgcrew::sqlstate::query_canceled.packed() == 67371461);
    STATIC_REQUIRE(SqlState(2600) == pgcrew::sqlstate::internal_error);
    STATIC_REQUIRE(SqlState("00000").packed() == 0);
}
