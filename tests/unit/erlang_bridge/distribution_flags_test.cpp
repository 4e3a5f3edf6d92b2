#include "catch.hpp"
#include "core/link/distribution_flags.hpp"

using namespace pgcrew::erlang_bridge;

TEST_CASE("flags have the names of the protocol") {
    using Names = std::vector<std::string>;
    CHECK(names_of_flags(0).empty());
    CHECK(names_of_flags(flag::handshake_23 | flag::extended_references) ==
          Names{"extended_references", "handshake_23"});
    CHECK(names_of_flags(flag::v4_nc | flag::name_me | flag::mandatory_25_digest) ==
          Names{"mandatory_25_digest", "name_me", "v4_nc"});
    CHECK(names_of_flags(1) == Names{"published"});
}

TEST_CASE("flags nobody has named yet are shown as bits") {
    CHECK(names_of_flags(std::uint64_t{1} << 63U | 0x8000) ==
          std::vector<std::string>{"0x8000", "0x8000000000000000"});
    CHECK(names_of_flags(~std::uint64_t{0}).size() == 64);
}
