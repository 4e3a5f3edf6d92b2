#include "core/trace.hpp"

#include "core/duration.hpp"
#include "core/visible_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t label_columns = 32;
constexpr std::size_t most_indent = 20;
constexpr std::size_t time_columns = 13;
constexpr std::size_t message_columns = 120;
constexpr std::string_view cut_off = "... the rest is left out: the drawing is too large\n";

const char *word(TraceKind kind) noexcept {
    constexpr std::array words{"step", "task", "sleep", "signal", "child", "undo"};
    return words.at(static_cast<std::size_t>(kind));
}

bool waits_by_nature(TraceKind kind) noexcept {
    return kind != TraceKind::Step && kind != TraceKind::Undo;
}

// A clock that was set back makes no negative lengths.
std::int64_t length(std::int64_t from, std::int64_t to) noexcept {
    const double us = static_cast<double>(to) - static_cast<double>(from);
    return static_cast<std::int64_t>(std::clamp(us, 0.0, static_cast<double>(longest_duration)));
}

std::string point_in_time(std::int64_t us) {
    using namespace std::chrono;
    constexpr std::int64_t year_9999 = 253'402'300'799LL * 1'000'000;
    const sys_time<microseconds> time{microseconds(std::clamp<std::int64_t>(us, 0, year_9999))};
    const auto midnight = floor<days>(time);
    const year_month_day date{midnight};
    const hh_mm_ss clock{floor<milliseconds>(time - midnight)};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%03d UTC",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()),
                  static_cast<int>(clock.subseconds().count()));
    return text.data();
}

std::string right(const std::string &text, std::size_t columns) {
    return std::string(columns - std::min(columns, text.size()), ' ') + text;
}

// One row of the chart.
class Bar {
  public:
    Bar(std::int64_t start, std::int64_t span, int columns)
        : start_(start), span_(span), cells_(static_cast<std::size_t>(columns), ' ') {}

    // At least one cell, however short the time.
    void fill(std::int64_t from, std::int64_t to, char with) {
        const std::size_t first = cell(std::floor(position(from)));
        const std::size_t last = std::max(first, cell(std::ceil(position(to)) - 1));
        std::fill(cells_.begin() + static_cast<std::ptrdiff_t>(first),
                  cells_.begin() + static_cast<std::ptrdiff_t>(last) + 1, with);
    }
    void mark(std::int64_t at, char with) { cells_[cell(std::ceil(position(at)) - 1)] = with; }
    const std::string &text() const { return cells_; }

  private:
    double position(std::int64_t at) const {
        return (static_cast<double>(at) - static_cast<double>(start_)) *
               static_cast<double>(cells_.size()) / static_cast<double>(span_);
    }
    std::size_t cell(double position) const {
        return static_cast<std::size_t>(
            std::clamp(position, 0.0, static_cast<double>(cells_.size() - 1)));
    }
    std::int64_t start_, span_;
    std::string cells_;
};

// The title of a job: `42 "order-7": ship_order in queue mail, failed`.
std::string title(const TraceJob &job) {
    std::string out = std::to_string(job.id);
    if (!job.key.empty())
        out += " \"" + fit(job.key, message_columns) + '"';
    out += ": " + fit(job.name, message_columns);
    if (!job.queue.empty())
        out += " in queue " + fit(job.queue, message_columns);
    return out + ", " + name(job.state);
}

std::string failure(const std::string &sqlstate, const std::string &message) {
    return fit(sqlstate + (sqlstate.empty() || message.empty() ? "" : " ") + message,
               message_columns);
}

class Drawing {
  public:
    Drawing(const TraceJob &root, const TraceOptions &options)
        : options_(options), columns_(std::clamp(options.columns, 10, 200)),
          start_(root.began.value_or(root.enqueued)),
          span_(std::max<std::int64_t>(1, length(start_, root.ended.value_or(options.now)))) {}

    std::string draw(const TraceJob &root) {
        heading(root);
        line("");
        const std::string to = short_duration(span_);
        line(std::string(label_columns, ' ') + right("begin", time_columns) +
             right("took", time_columns) + " |0" +
             right(to, static_cast<std::size_t>(columns_) - 1) + "|");
        steps(root, 0);
        line("");
        line("# works   . waits   x attempt failed   = child job   > goes on");
        return std::move(out_);
    }

  private:
    void line(const std::string &text) {
        if (full_)
            return;
        if (out_.size() + text.size() + 1 + cut_off.size() > options_.bytes) {
            full_ = true;
            out_ += cut_off.substr(0, options_.bytes - std::min(options_.bytes, out_.size()));
            return;
        }
        out_ += text + '\n';
    }

    void heading(const TraceJob &job) {
        line("job " + title(job));
        if (!job.began) {
            line("enqueued " + point_in_time(job.enqueued) + ", has not begun");
        } else {
            const std::string took = short_duration(length(*job.began, end_of(job.ended)));
            line("began " + point_in_time(*job.began) + " after " +
                 short_duration(length(job.enqueued, *job.began)) +
                 (job.ended ? ", took " + took : ", is " + took + " old"));
        }
        if (!job.sqlstate.empty() || !job.message.empty())
            line("! " + failure(job.sqlstate, job.message));
    }

    void steps(const TraceJob &job, int depth) {
        for (const TraceStep &one : job.steps) {
            if (full_)
                return;
            step(one, depth);
        }
    }

    void step(const TraceStep &step, int depth) {
        std::string label = std::string(word(step.kind)) + " " + step.name;
        if (step.occurrence > 1)
            label += " #" + std::to_string(step.occurrence);
        row(depth, label, step.began, step.ended, bar_of(step), remark(step));
        failures(step, depth);
        if (step.children.empty())
            return;
        if (depth / 2 >= options_.depth) { // each child's steps are two further in
            line(indent(depth + 1) + "... " + std::to_string(step.children.size()) +
                 (step.children.size() == 1 ? " child" : " children") + " not shown");
            return;
        }
        for (const TraceJob &job : step.children) {
            if (full_)
                return;
            child(job, depth + 1);
        }
    }

    void child(const TraceJob &job, int depth) {
        Bar bar(start_, span_, columns_);
        const std::int64_t began = job.began.value_or(job.enqueued);
        if (job.began) {
            bar.fill(began, end_of(job.ended), '=');
            if (!job.ended)
                bar.mark(options_.now, '>');
        }
        row(depth, "job " + std::to_string(job.id) + " " + job.name, began, job.ended, bar,
            name(job.state));
        if (!job.sqlstate.empty() || !job.message.empty())
            line(indent(depth + 1) + "! " + failure(job.sqlstate, job.message));
        steps(job, depth + 1);
    }

    Bar bar_of(const TraceStep &step) const {
        Bar bar(start_, span_, columns_);
        const bool idle = waits_by_nature(step.kind) || !step.attempts.empty();
        bar.fill(step.began, end_of(step.ended), idle ? '.' : '#');
        for (const TraceWait &wait : step.waits)
            bar.fill(wait.began, end_of(wait.ended), '.');
        for (const TraceAttempt &attempt : step.attempts)
            bar.fill(attempt.began, end_of(attempt.ended), '#');
        for (const TraceAttempt &attempt : step.attempts)
            if (!attempt.sqlstate.empty())
                bar.mark(end_of(attempt.ended), 'x');
        if (!step.ended)
            bar.mark(options_.now, '>');
        return bar;
    }

    static std::string remark(const TraceStep &step) {
        std::string out = step.attempts.size() > 1
                              ? std::to_string(step.attempts.size()) + " attempts"
                              : std::string();
        const bool failed = !step.attempts.empty() && !step.attempts.back().sqlstate.empty();
        if (step.ended && failed)
            out += out.empty() ? "failed" : ", failed";
        return out;
    }

    void failures(const TraceStep &step, int depth) {
        const auto failed = [](const TraceAttempt &a) { return !a.sqlstate.empty(); };
        const auto count = static_cast<std::size_t>(
            std::count_if(step.attempts.begin(), step.attempts.end(), failed));
        std::size_t hidden = count - std::min(count, options_.failures);
        if (hidden > 0)
            line(indent(depth + 1) + "! " + std::to_string(hidden) + " earlier " +
                 (hidden == 1 ? "failure" : "failures") + " not shown");
        for (std::size_t i = 0; i < step.attempts.size() && !full_; ++i) {
            const TraceAttempt &one = step.attempts[i];
            if (!failed(one))
                continue;
            if (hidden > 0) {
                --hidden;
                continue;
            }
            line(indent(depth + 1) + "! attempt " + std::to_string(i + 1) + " failed after " +
                 short_duration(length(one.began, end_of(one.ended))) + ": " +
                 failure(one.sqlstate, one.message));
        }
    }

    void row(int depth, const std::string &label, std::int64_t began,
             const std::optional<std::int64_t> &ended, const Bar &bar, const std::string &remark) {
        const std::string front = indent(depth);
        const std::string shown = fit(label, label_columns - front.size());
        const std::size_t used = front.size() + columns_of(shown);
        line(front + shown + std::string(label_columns - used, ' ') +
             right(short_duration(length(start_, began)), time_columns) +
             right(short_duration(length(began, end_of(ended))), time_columns) + " |" + bar.text() +
             "|" + (remark.empty() ? "" : " " + remark));
    }

    // However deep, a part of the name is seen and the bars stand below each other.
    static std::string indent(int depth) {
        std::string spaces(std::min(2 * static_cast<std::size_t>(depth), most_indent), ' ');
        return spaces;
    }
    std::int64_t end_of(const std::optional<std::int64_t> &ended) const {
        return ended.value_or(options_.now);
    }

    const TraceOptions &options_;
    int columns_;
    std::int64_t start_, span_;
    std::string out_;
    bool full_ = false;
};

} // namespace

std::string draw(const TraceJob &job, const TraceOptions &options) {
    return Drawing(job, options).draw(job);
}

} // namespace pgcrew::bgjob
