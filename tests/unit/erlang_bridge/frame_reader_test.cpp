#include "catch.hpp"
#include "core/link/frame_reader.hpp"
#include "scripted_peer.hpp"

#include <string>
#include <vector>

using namespace pgcrew::erlang_bridge;
using Found = FrameReader::Found;

namespace {

// Frames in what is fed in pieces of that size; "" for a tick, "!" for a frame too long.
std::vector<std::string> frames_of(std::string_view stream, std::size_t step,
                                   std::size_t max_frame = 1000000) {
    FrameReader reader(max_frame);
    std::vector<std::string> frames;
    while (!stream.empty()) {
        const auto room = reader.room();
        REQUIRE_FALSE(room.empty());
        const std::string_view part = stream.substr(0, std::min(step, room.size()));
        part.copy(room.data(), part.size());
        reader.received(part.size());
        stream.remove_prefix(part.size());
        for (;;) {
            const auto [found, frame] = reader.next();
            if (found == Found::Nothing)
                break;
            frames.emplace_back(found == Found::TooLong ? "!" : frame);
            if (found == Found::TooLong)
                return frames;
        }
    }
    return frames;
}

} // namespace

TEST_CASE("frames are found however the stream is split", "[link]") {
    const std::vector<std::string> frames{"a", "", std::string(300, 'b'), "", "", "cc"};
    std::string stream;
    for (const std::string &frame : frames)
        stream += peer::frame(frame);
    for (std::size_t step = 1; step <= stream.size(); ++step)
        CHECK(frames_of(stream, step) == frames);
}

TEST_CASE("large frames among small ones come whole", "[link]") {
    std::vector<std::string> frames;
    std::string stream;
    for (std::size_t i = 0; i < 200; ++i) {
        frames.emplace_back(i % 10 == 0 ? i * 1000 : i, static_cast<char>(i));
        stream += peer::frame(frames.back());
    }
    for (const std::size_t step : {1000U, 4096U, 65536U, 1000000U})
        CHECK(frames_of(stream, step) == frames);
}

TEST_CASE("[erl-B8] a frame beyond the limit is refused at its length", "[link]") {
    CHECK(frames_of(peer::frame(std::string(100, 'x')), 1, 100).size() == 1);
    for (const char *length : {"\0\0\0\x65", "\x7F\xFF\xFF\xFF", "\x80\0\0\0", "\xFF\xFF\xFF\xFF"})
        CHECK(frames_of(std::string(length, 4), 1, 100) == std::vector<std::string>{"!"});
}

TEST_CASE("[erl-F9] the buffer is never larger than a frame may be, and shrinks again", "[link]") {
    constexpr std::size_t limit = 10000000;
    FrameReader reader(limit);
    const auto feed = [&reader](std::string_view bytes) {
        std::size_t most = 0;
        while (!bytes.empty()) {
            const auto room = reader.room();
            const std::string_view part = bytes.substr(0, room.size());
            part.copy(room.data(), part.size());
            reader.received(part.size());
            bytes.remove_prefix(part.size());
            most = std::max(most, reader.capacity());
            while (reader.next().what == Found::Frame)
                ;
        }
        return most;
    };
    const std::size_t usual = feed(peer::frame("small"));
    CHECK(usual <= 65536);
    CHECK(feed(peer::frame(std::string(limit, 'x'))) <= limit + 4);
    reader.room();
    CHECK(reader.capacity() == usual);
    CHECK(feed(std::string("\xFF\xFF\xFF\xFF", 4)) <= usual);
    reader.room();
    CHECK(reader.capacity() <= limit + 4);
}
