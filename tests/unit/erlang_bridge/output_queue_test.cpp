#include "catch.hpp"
#include "core/link/output_queue.hpp"

#include <array>
#include <string>

using pgcrew::erlang_bridge::OutputQueue;
using namespace std::string_literals;

namespace {

std::string all_of(const OutputQueue &queue) {
    std::array<std::string_view, 16> parts;
    std::string bytes;
    const std::size_t count = queue.peek(parts);
    for (std::size_t i = 0; i < count; ++i)
        bytes += parts.at(i);
    return bytes;
}

const std::string tick(4, '\0');

} // namespace

TEST_CASE("frames go out in order whatever the socket takes at once", "[link]") {
    for (std::size_t step = 1; step < 20; ++step) {
        OutputQueue queue;
        queue.push("first frame");
        queue.push("second one");
        std::string out;
        while (!queue.empty()) {
            const std::string part = all_of(queue).substr(0, step);
            queue.written(part.size());
            out += part;
            CHECK(queue.bytes() == 21 - out.size());
        }
        CHECK(out == "first framesecond one");
    }
}

TEST_CASE("a tick comes between two frames, never within one", "[link]") {
    OutputQueue queue;
    queue.push("first", 1);
    queue.push("second", 2);
    SECTION("before all if nothing of the first is out") {
        queue.push_tick();
        CHECK(all_of(queue) == tick + "firstsecond");
    }
    SECTION("behind the frame that is under way") {
        queue.written(2);
        queue.push_tick();
        CHECK(all_of(queue) == "rst" + tick + "second");
    }
    CHECK(queue.bytes() == all_of(queue).size());
}

TEST_CASE("[erl-F9] small frames that nobody takes back lie together", "[link]") {
    OutputQueue queue;
    std::string expected;
    for (int i = 0; i < 10000; ++i) {
        queue.push(std::string(40, static_cast<char>('a' + i % 26)));
        expected += std::string(40, static_cast<char>('a' + i % 26));
    }
    std::array<std::string_view, 64> parts;
    const std::size_t count = queue.peek(parts);
    CHECK(count < 30);
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
        bytes += parts.at(i);
    CHECK(bytes == expected);
    queue.push("mine", 1);
    queue.push("next");
    CHECK(queue.take_back(1));
    CHECK(queue.bytes() == expected.size() + 4);
}

TEST_CASE("a peer that ticks for ever gets one tick at a time", "[link]") {
    OutputQueue queue;
    for (int i = 0; i < 1000; ++i)
        queue.push_tick();
    CHECK(queue.bytes() == 4);
    queue.written(2);
    queue.push_tick();
    CHECK(queue.bytes() == 2);
    queue.written(2);
    queue.push_tick();
    CHECK(queue.bytes() == 4);
}

TEST_CASE("a frame of which nothing is out can be taken back", "[link]") {
    OutputQueue queue;
    queue.push("first", 1);
    queue.push("second", 2);
    queue.push("third", 3);
    queue.written(1);
    CHECK_FALSE(queue.unsent(1));
    CHECK(queue.unsent(2));
    CHECK_FALSE(queue.take_back(1));
    CHECK(queue.take_back(2));
    CHECK_FALSE(queue.take_back(2));
    CHECK_FALSE(queue.unsent(2));
    CHECK(all_of(queue) == "irstthird");
    CHECK(queue.bytes() == 9);
    queue.written(9);
    CHECK(queue.empty());
    CHECK_FALSE(queue.unsent(3));
}

TEST_CASE("a cleared queue is as new", "[link]") {
    OutputQueue queue;
    queue.push("first", 1);
    queue.push_tick();
    queue.written(5);
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    queue.push_tick();
    CHECK(all_of(queue) == tick);
}
