// A server to control, second by second: PostgreSQL's checkpoint trigger, spread checkpoints, and
// full-page images, which each page costs once after a checkpoint, so that they saturate.
#pragma once
#include "core/law.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>

namespace walrus_test {
using namespace pgcrew::walrus;

inline constexpr std::int64_t second = 1'000'000;
inline constexpr int day_s = 86400;

// Images of a working set of `images_mb`, of which most are written within `saturation_mb` of WAL.
struct Images {
    double images_mb = 0, saturation_mb = 1;
};

struct Server {
    int timeout_s = 300;
    Geometry geometry{};
    int max_wal_size_mb = 1024;
};

class Plant {
  public:
    Plant(const Server &server, const Images &images)
        : server_(server), images_(images), max_wal_size_(server.max_wal_size_mb) {
        resize(max_wal_size_);
    }

    // One second, which writes `base_mb` of WAL besides images; `command`: somebody says
    // CHECKPOINT.
    void second_passes(double base_mb, bool command = false) {
        ++now_;
        write(base_mb);
        if (active_ && progress() >= server_.geometry.completion_target)
            active_.reset();
        const bool by_wal = wal_mb_ - redo_mb_ >= trigger_mb_;
        if (by_wal)
            pending_ = Cause::Wal;
        else if (command && pending_ != Cause::Wal)
            pending_ = Cause::Command;
        if (command && pending_ == Cause::Command)
            active_.reset(); // it hurries the checkpoint under way
        if (active_)
            return;
        if (pending_ == Cause::Wal)
            ++forced_;
        else if (pending_ == Cause::Command)
            ++commanded_;
        else if (now_ - redo_at_ >= server_.timeout_s)
            ++timed_;
        else
            return;
        begin_checkpoint();
    }

    void resize(int mb) {
        max_wal_size_ = mb;
        segments_ = checkpoint_segments(mb, server_.geometry);
        trigger_mb_ = static_cast<double>(segments_ - 1) * server_.geometry.segment_mb;
    }

    int now() const { return now_; }
    int max_wal_size() const { return max_wal_size_; }
    int forced() const { return forced_; }
    int requested() const { return forced_ + commanded_; }
    double wal_mb() const { return wal_mb_; }
    const Server &server() const { return server_; }

    Sample sample() const {
        return {.at = now_ * second,
                .lsn = bytes(wal_mb_),
                .fpi = static_cast<std::int64_t>(bytes(image_mb_)),
                .forced = static_cast<std::uint64_t>(forced_),
                .timed = static_cast<std::uint64_t>(timed_),
                .other = static_cast<std::uint64_t>(commanded_)};
    }
    Environment environment() const {
        return {.geometry = server_.geometry,
                .timeout_us = server_.timeout_s * second,
                .current_mb = max_wal_size_};
    }

  private:
    enum class Cause { None, Wal, Command };

    static std::uint64_t bytes(double mb) { return static_cast<std::uint64_t>(mb * 1024 * 1024); }

    void write(double base_mb) {
        double images = 0;
        if (images_.images_mb > 0) {
            const double unwritten = images_.images_mb * left_;
            left_ *= std::exp(-base_mb / images_.saturation_mb);
            images = unwritten - images_.images_mb * left_;
        }
        wal_mb_ += base_mb + images;
        image_mb_ += images;
    }

    // Of the checkpoint under way: by time and by WAL, as IsCheckpointOnSchedule() counts it.
    double progress() const {
        const double by_time = static_cast<double>(now_ - *active_) / server_.timeout_s;
        return std::max(by_time, (wal_mb_ - redo_mb_) / (static_cast<double>(segments_) *
                                                         server_.geometry.segment_mb));
    }

    void begin_checkpoint() {
        if (pending_ == Cause::Command)
            active_.reset();
        else
            active_ = now_;
        pending_ = Cause::None;
        redo_mb_ = wal_mb_;
        redo_at_ = now_;
        left_ = 1;
    }

    Server server_;
    Images images_;
    int max_wal_size_, segments_ = 1, now_ = 0;
    double trigger_mb_ = 0, wal_mb_ = 0, image_mb_ = 0, redo_mb_ = 0;
    double left_ = 1; // share of the working set without an image since the last checkpoint
    int redo_at_ = 0, forced_ = 0, timed_ = 0, commanded_ = 0;
    std::optional<int> active_; // when the checkpoint under way began
    Cause pending_ = Cause::None;
};

// walrus's worker on that server.
class Walrus {
  public:
    explicit Walrus(const Config &config) : config_(config) {}

    void tick(Plant &plant) {
        if (plant.now() % std::clamp(plant.server().timeout_s / 10, 2, 10) != 0)
            return;
        decision_ = step(config_, plant.environment(), state_, plant.sample());
        if (!decision_.apply || decision_.target_mb == plant.max_wal_size())
            return;
        plant.resize(decision_.target_mb);
        applied(state_, decision_, plant.now() * second);
        ++changes_;
    }
    int changes() const { return changes_; }
    const Decision &decision() const { return decision_; }
    const State &state() const { return state_; }

  private:
    Config config_;
    State state_;
    Decision decision_;
    int changes_ = 0;
};

// max_wal_size as somebody set it.
struct Fixed {
    void tick(Plant &) {}
    int changes() const { return 0; }
};

struct Trace {
    const char *name;
    double (*base_mb)(int second); // a second, besides images
    Images images;
    int command_every_s; // CHECKPOINT, 0: never
};

inline double diurnal(int t) { return 5.15 - 4.85 * std::cos(2 * M_PI * t / day_s); }

inline const Trace traces[] = {
    {"const 5 MB/s", [](int) { return 5.0; }, {2000, 600}, 0},
    {"marginal 1.6 MB/s", [](int) { return 1.6; }, {300, 200}, 0},
    {"diurnal 0.3-10 MB/s", diurnal, {2000, 600}, 0},
    {"hourly batch", [](int t) { return t % 3600 < 240 ? 40.0 : 0.8; }, {1000, 400}, 0},
    {"nightly batch 2 h",
     [](int t) { return t % day_s >= 2 * 3600 && t % day_s < 4 * 3600 ? 20.0 : 0.5; },
     {2000, 600},
     0},
    {"idle, CHECKPOINT a minute", [](int) { return 0.01; }, {10, 10}, 60},
};

struct Course {
    int forced = 0, forced_last_day = 0;
    int changes = 0, changes_last_day = 0;
    int end_mb = 0, largest_mb = 0;
    int last_forced_s = 0, last_change_s = 0;
    double wal_mb = 0;
};

// `trace` for `days` days under a rule with tick() and changes().
template <typename Rule>
Course follow(const Trace &trace, const Server &server, Rule &&rule, int days) {
    Plant plant(server, trace.images);
    Course course;
    int forced_before = 0, changes_before = 0;
    rule.tick(plant); // the worker looks as soon as it runs
    for (int t = 1; t <= days * day_s; ++t) {
        plant.second_passes(trace.base_mb(t),
                            trace.command_every_s > 0 && t % trace.command_every_s == 0);
        const int changes = rule.changes(), forced = course.forced;
        rule.tick(plant);
        course.forced = plant.forced();
        if (course.forced > forced)
            course.last_forced_s = t;
        if (rule.changes() > changes)
            course.last_change_s = t;
        course.largest_mb = std::max(course.largest_mb, plant.max_wal_size());
        if (t == (days - 1) * day_s) {
            forced_before = plant.forced();
            changes_before = rule.changes();
        }
    }
    course.forced_last_day = course.forced - forced_before;
    course.changes = rule.changes();
    course.changes_last_day = course.changes - changes_before;
    course.end_mb = plant.max_wal_size();
    course.wal_mb = plant.wal_mb();
    return course;
}

} // namespace walrus_test
