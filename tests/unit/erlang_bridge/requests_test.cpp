#include "catch.hpp"
#include "core/link/requests.hpp"

#include <algorithm>

using namespace pgcrew::erlang_bridge;

TEST_CASE("requests end in the order of their deadlines", "[link]") {
    Requests requests;
    requests.add(1, 300);
    requests.add(2, never);
    requests.add(3, 100);
    requests.add(4, 100);
    CHECK(requests.next_deadline() == 100);
    CHECK_FALSE(requests.expired(99));
    CHECK(requests.expired(100) == RequestId{3});
    requests.erase(3);
    CHECK(requests.expired(100) == RequestId{4});
    requests.give_up(4);
    CHECK_FALSE(requests.expired(299));
    requests.erase(1);
    CHECK(requests.next_deadline() == never);
}

TEST_CASE("a request that was given up is kept and waits for nothing", "[link]") {
    Requests requests;
    requests.add(1, 100);
    requests.add(2, never);
    requests.give_up(1);
    requests.give_up(1);
    requests.give_up(9);
    CHECK(requests.size() == 2);
    CHECK(requests.waiting() == 1);
    REQUIRE(requests.find(1) != nullptr);
    CHECK(requests.find(1)->given_up);
    requests.erase(1);
    CHECK(requests.find(1) == nullptr);
    CHECK(requests.size() == 1);
    CHECK(requests.waiting() == 1);
}

TEST_CASE("all that wait are taken in the order they came", "[link]") {
    Requests requests;
    for (RequestId id = 1; id <= 100; ++id)
        requests.add(id, static_cast<Time>(1000 - id));
    requests.give_up(50);
    const auto all = requests.take_all();
    REQUIRE(all.size() == 99);
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(requests.size() == 0);
    CHECK(requests.waiting() == 0);
    CHECK(requests.next_deadline() == never);
}
