#include "catch.hpp"
#include "core/causes.hpp"
#include "core/sizing.hpp"

#include <string>

using namespace pgcrew::walrus;

namespace {

constexpr const char *format_15 = "checkpoint starting:%s%s%s%s%s%s%s%s";
constexpr const char *format_19 = "checkpoint starting:%s";

Cause cause(const char *format, const std::string &message) {
    const auto start = checkpoint_start(format, message);
    REQUIRE(start.has_value());
    CHECK_FALSE(start->restartpoint);
    return start->cause;
}

} // namespace

TEST_CASE("[walrus-D1] the cause of a checkpoint is read from its flags", "[causes]") {
    CHECK(cause(format_15, "checkpoint starting: wal") == Cause::Wal);
    CHECK(cause(format_15, "checkpoint starting: immediate force wait wal") == Cause::Wal);
    CHECK(cause(format_15, "checkpoint starting: time") == Cause::Time);
    CHECK(cause(format_15, "checkpoint starting: immediate force wait") == Cause::Other);
    CHECK(cause(format_15, "checkpoint starting: shutdown immediate") == Cause::Other);
    CHECK(cause(format_15, "checkpoint starting: end-of-recovery immediate wait") == Cause::Other);
    CHECK(cause(format_15, "checkpoint starting: force wait flush-all") == Cause::Other);
    CHECK(cause(format_19, "checkpoint starting: fast force wait") == Cause::Other);
    CHECK(cause(format_19, "checkpoint starting: wal time") == Cause::Wal);
    CHECK(cause(format_19, "checkpoint starting:") == Cause::Other);
}

TEST_CASE("a translated message has the same flags", "[causes]") {
    CHECK(cause(format_15, "Checkpoint beginnt: wal") == Cause::Wal);
    CHECK(cause(format_15, "Checkpoint beginnt: time") == Cause::Time);
}

TEST_CASE("a flag is a whole word", "[causes]") {
    CHECK(cause(format_15, "checkpoint starting: wallaby") == Cause::Other);
    CHECK(cause(format_15, "checkpoint starting: narwal overtime") == Cause::Other);
    CHECK(cause(format_15, "checkpoint starting: wallaby wal") == Cause::Wal);
}

TEST_CASE("restartpoints are told apart, other messages ignored", "[causes]") {
    const auto start =
        checkpoint_start("restartpoint starting:%s%s%s%s%s%s%s%s", "restartpoint starting: wal");
    REQUIRE(start.has_value());
    CHECK(start->restartpoint);
    CHECK(start->cause == Cause::Wal);
    CHECK_FALSE(
        checkpoint_start("checkpoint complete: wrote %d buffers", "checkpoint complete: wal")
            .has_value());
    CHECK_FALSE(checkpoint_start("", "checkpoint starting: wal").has_value());
    CHECK_FALSE(checkpoint_start("%s", "checkpoint starting: wal").has_value());
}

TEST_CASE("redo tells where it was and how long it took", "[causes]") {
    CHECK(redo_starts_at("redo starts at %X/%X", "redo starts at A/1B0000F8") == 0xA1B0000F8ULL);
    CHECK(redo_starts_at("redo starts at %X/%08X", "Redo beginnt bei 0/001000FF") == 0x1000FFULL);
    CHECK_FALSE(redo_starts_at("redo starts at %X/%X", "redo starts at nowhere").has_value());
    CHECK_FALSE(redo_starts_at("redo is not required", "redo starts at 0/1").has_value());
    const auto done = redo_done(
        "redo done at %X/%X system usage: %s",
        "redo done at 0/5000028 system usage: CPU: user: 0.01 s, system: 0.00 s, elapsed: 12.05 s");
    REQUIRE(done.has_value());
    CHECK(done->at == 0x5000028ULL);
    CHECK(done->elapsed_us == 12'050'000);
    for (const char *broken :
         {"redo done at 0/5000028", "redo done at 0/5000028 elapsed: 12 s",
          "redo done at 0/5000028 elapsed: 1.5 s", "redo done at elapsed: 12.05 s",
          "redo done at 0/5000028 elapsed: 99999999999999.05 s", ""})
        CHECK_FALSE(redo_done("redo done at %X/%X system usage: %s", broken).has_value());
}

TEST_CASE("without the log, the distance between redo points tells the cause", "[causes]") {
    const std::int64_t trigger = trigger_bytes(1024, {16, 0.9});
    CHECK(forced_by_wal(trigger, trigger, 16));
    CHECK(forced_by_wal(trigger - 16 * megabyte, trigger, 16));
    CHECK_FALSE(forced_by_wal(trigger - 17 * megabyte, trigger, 16));
    CHECK_FALSE(forced_by_wal(0, trigger_bytes(32, {16, 0.9}), 16));
}
