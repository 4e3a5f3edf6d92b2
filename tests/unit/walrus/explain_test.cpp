#include "catch.hpp"
#include "core/events.hpp"
#include "core/explain.hpp"

#include <climits>
#include <string>

using namespace pgcrew::walrus;

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t gigabyte = 1024 * megabyte;

Decision forced() {
    return {.action = Action::Increase,
            .reason = Reason::Forced,
            .current_mb = 1024,
            .target_mb = 3600,
            .want_mb = 3600,
            .recommended_mb = 3600,
            .cap_mb = 4096,
            .limit = Limit::Max,
            .full_window = true,
            .window_us = 300 * second,
            .demand = 1536 * megabyte,
            .trigger = 512 * megabyte,
            .forced = 3};
}

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

const Advice *find(const std::vector<Advice> &list, const std::string &setting) {
    for (const Advice &a : list)
        if (setting == a.setting)
            return &a;
    return nullptr;
}

} // namespace

TEST_CASE("sizes are short", "[explain]") {
    CHECK(pretty_bytes(0) == "0 bytes");
    CHECK(pretty_bytes(1023) == "1023 bytes");
    CHECK(pretty_bytes(1024) == "1 kB");
    CHECK(pretty_bytes(640 * megabyte) == "640 MB");
    CHECK(pretty_bytes(1536 * megabyte) == "1.5 GB");
    CHECK(pretty_bytes(1024 * megabyte - 1) == "1 GB");
    CHECK(pretty_bytes(12345 * megabyte) == "12.1 GB");
    CHECK(pretty_bytes(LLONG_MAX) == "8388608 TB");
}

TEST_CASE("an increase is told with its figures", "[explain]") {
    CHECK(sentence(forced()) == "WAL forced 3 checkpoints in the last 5 min; 1.5 GB of WAL per "
                                "checkpoint_timeout needs 3.5 GB");
    Decision d = forced();
    d.forced = 1;
    d.want_mb = 11264;
    d.full_window = false;
    d.window_us = 45 * second;
    CHECK(sentence(d) == "WAL forced 1 checkpoint in the last 45 s; 1.5 GB of WAL expected per "
                         "checkpoint_timeout needs 11 GB, of which walrus.max allows 4 GB");
    d = forced();
    d.reason = Reason::HighUtilisation;
    d.demand = 500 * megabyte;
    CHECK(sentence(d) ==
          "500 MB of WAL per checkpoint_timeout comes close to the 512 MB that force a "
          "checkpoint; it needs 3.5 GB");
}

TEST_CASE("every decision is a sentence, and every name a word", "[explain]") {
    for (int action = 0; action <= static_cast<int>(Action::Skipped); ++action)
        for (int reason = 0; reason <= static_cast<int>(Reason::Advised); ++reason) {
            Decision d = forced();
            d.action = static_cast<Action>(action);
            d.reason = static_cast<Reason>(reason);
            CHECK(sentence(d).size() > 20);
            CHECK_FALSE(std::string(name(d.action)).empty());
            CHECK_FALSE(std::string(name(d.reason)).empty());
        }
    CHECK(std::string(name(Action::Skipped)) == "skipped");
    CHECK(std::string(name(Reason::Enough)) == "enough");
    CHECK(std::string(name(Reason::Advised)) == "advised");
    CHECK(std::string(name(Limit::Recovery)) == "recovery");
}

TEST_CASE("what would unbind a limit is told, and only when it binds", "[explain]") {
    Decision d = forced();
    CHECK(unbind(d, {}, {}).empty());
    d.want_mb = 11264;
    CHECK(unbind(d, {}, {}) == "Set walrus.max to 11GB or more.");
    d.limit = Limit::Recovery;
    CHECK(unbind(d, {.recovery_s = 60}, {.replay_rate = 64 * megabyte}) ==
          "Raise walrus.recovery_budget from 60 s to 176 s.");
    d.limit = Limit::Disk;
    CHECK(has(unbind(d, {}, {.wal_used = gigabyte}), "larger disk"));
    CHECK(has(unbind(d, {}, {.wal_used = 9 * gigabyte, .wal_retained = 8 * gigabyte}),
              "8 GB of WAL are kept"));
}

TEST_CASE("advice on walrus.max names what the disk allows", "[explain]") {
    Decision d = forced();
    d.want_mb = 11264;
    const Environment env{.disk_free = 100 * gigabyte, .own_filesystem = true};
    const auto list = advice({.decision = d, .environment = env});
    const Advice *a = find(list, "walrus.max");
    REQUIRE(a != nullptr);
    CHECK(a->value == "11GB");
    CHECK(a->why == "the demand needs 11 GB, walrus.max is 4 GB, the disk allows 60 GB");
    CHECK(advice({.decision = forced(), .environment = env}).empty());
}

TEST_CASE("many images ask for rarer checkpoints and for compression", "[explain]") {
    Decision d = forced();
    d.forced = 0;
    d.demand = d.trigger / 2;
    d.full_window = false;
    CHECK(find(advice({.decision = d, .image_share = 0.6}), "checkpoint_timeout") == nullptr);
    d.full_window = true; // now it is known that they come by time
    const auto list = advice({.decision = d, .image_share = 0.6});
    REQUIRE(find(list, "checkpoint_timeout") != nullptr);
    CHECK(find(list, "checkpoint_timeout")->value == "10min");
    REQUIRE(find(list, "wal_compression") != nullptr);
    CHECK(find(advice({.decision = d, .image_share = 0.6, .wal_compression = true}),
               "wal_compression") == nullptr);
    // forced checkpoints are the first thing to cure
    CHECK(find(advice({.decision = forced(), .image_share = 0.6}), "checkpoint_timeout") ==
          nullptr);
    CHECK(advice({.decision = d, .image_share = 0.2}).empty());
}

TEST_CASE("retained WAL and a low min_wal_size are told", "[explain]") {
    Decision d = forced();
    d.forced = 0;
    d.current_mb = 8192;
    d.peak = 2 * gigabyte;
    d.demand = 100 * megabyte;
    const auto list = advice({.decision = d,
                              .environment = {.wal_retained = 30 * gigabyte},
                              .retained_fills_disk = true});
    REQUIRE(find(list, "min_wal_size") != nullptr);
    CHECK(find(list, "min_wal_size")->value == "2GB");
    REQUIRE(find(list, "max_slot_wal_keep_size") != nullptr);
    CHECK(has(find(list, "max_slot_wal_keep_size")->why, "30 GB"));
}

TEST_CASE("every event is a sentence, with the names of the history table", "[explain]") {
    for (int kind = 0; kind <= static_cast<int>(EventKind::Reset); ++kind) {
        const Event event{.kind = static_cast<EventKind>(kind),
                          .old_mb = 1024,
                          .new_mb = 3600,
                          .decision = forced()};
        CHECK(sentence(event).size() > 20);
    }
    CHECK(std::string(name(EventKind::DryRun)) == "dry_run");
    CHECK(has(sentence(Event{.old_mb = 1024, .new_mb = 3600, .decision = forced()}),
              "raised max_wal_size from 1 GB to 3.5 GB: WAL forced 3 checkpoints"));
}
