#include "catch.hpp"
#include "core/fairness.hpp"

#include <map>

using pgcrew::bgjob::Demand;
using pgcrew::bgjob::gives_way;
using pgcrew::bgjob::neediest;

TEST_CASE("nobody is served when nobody waits", "[fairness]") {
    CHECK(neediest({}) == -1);
    CHECK(neediest({{.workers = 1, .role_workers = 1}}) == -1);
}

TEST_CASE("the role with the fewest workers comes first, whatever its queue", "[fairness]") {
    const Demand many{.unserved = 1000, .workers = 3, .role_workers = 3, .waiting_since = 1};
    const Demand one{.unserved = 1, .workers = 0, .role_workers = 0, .waiting_since = 2};
    CHECK(neediest({many, one}) == 1);
    CHECK(neediest({one, many}) == 0);
}

TEST_CASE("of one role, the crew with the fewest workers comes first", "[fairness]") {
    const Demand here{.unserved = 5, .workers = 2, .role_workers = 3, .waiting_since = 1};
    const Demand there{.unserved = 5, .workers = 1, .role_workers = 3, .waiting_since = 2};
    CHECK(neediest({here, there}) == 1);
}

TEST_CASE("among equals the one that has waited longest comes first", "[fairness]") {
    const Demand later{.unserved = 1, .waiting_since = 20};
    const Demand earlier{.unserved = 1, .waiting_since = 10};
    CHECK(neediest({later, earlier}) == 1);
    CHECK(neediest({earlier, later}) == 0);
}

TEST_CASE("[pgbg-31] a crew at its limit is passed over", "[fairness]") {
    const Demand full{.unserved = 9, .workers = 2, .role_workers = 2, .max_workers = 2};
    const Demand other{.unserved = 1, .workers = 5, .role_workers = 5};
    CHECK(neediest({full, other}) == 1);
    CHECK(neediest({full}) == -1);
}

TEST_CASE("slots are shared evenly whatever the lengths of the queues", "[fairness]") {
    std::vector<Demand> crews{{.unserved = 1000}, {.unserved = 3}, {.unserved = 50}};
    for (int slot = 0; slot < 9; ++slot) {
        const int chosen = neediest(crews);
        REQUIRE(chosen >= 0);
        Demand &crew = crews[static_cast<std::size_t>(chosen)];
        --crew.unserved;
        ++crew.workers;
        ++crew.role_workers;
    }
    CHECK(crews[0].workers == 3);
    CHECK(crews[1].workers == 3);
    CHECK(crews[2].workers == 3);
}

TEST_CASE("a role with jobs in two databases gets no second share", "[fairness]") {
    // Crews 0 and 1 belong to one role, crew 2 to another.
    std::vector<Demand> crews{{.unserved = 100}, {.unserved = 100}, {.unserved = 100}};
    for (int slot = 0; slot < 8; ++slot) {
        const int chosen = neediest(crews);
        Demand &crew = crews[static_cast<std::size_t>(chosen)];
        ++crew.workers;
        if (chosen < 2) {
            ++crews[0].role_workers;
            ++crews[1].role_workers;
        } else {
            ++crew.role_workers;
        }
    }
    CHECK(crews[0].workers == 2);
    CHECK(crews[1].workers == 2);
    CHECK(crews[2].workers == 4);
}

TEST_CASE("a worker gives way only to a crew that is worse off", "[fairness]") {
    CHECK(gives_way(3, 3, 0, 0, false));
    CHECK(gives_way(3, 1, 1, 1, false));
    CHECK(gives_way(1, 1, 0, 0, false));
    CHECK_FALSE(gives_way(1, 1, 1, 1, false));
    CHECK_FALSE(gives_way(1, 1, 2, 0, false));
    // Within one role only the crews count.
    CHECK(gives_way(4, 3, 4, 1, true));
    CHECK_FALSE(gives_way(4, 2, 4, 2, true));
}

TEST_CASE("slots do not go back and forth between two crews that have one each", "[fairness]") {
    // Each such change costs the start of a process. A crew with nothing has to get something.
    for (int own = 1; own < 6; ++own)
        for (int starving = 1; starving < 6; ++starving)
            if (gives_way(own, own, starving, starving, false))
                CHECK_FALSE(gives_way(starving + 1, starving + 1, own - 1, own - 1, false));
}
