// Which jobs are due, by seeks in the index of bgjob.job: a group is the jobs of one queue and
// priority, in the order of due_at and id.
#pragma once
#include "pg/durable/job_table.hpp"

#include <compare>

namespace pgcrew::bgjob {

struct DueGroup {
    int32 queue;
    int16 priority;

    friend bool operator==(const DueGroup &, const DueGroup &) = default;
    // In the order of the index: higher priorities first.
    friend bool operator<(const DueGroup &a, const DueGroup &b) noexcept {
        return a.queue != b.queue ? a.queue < b.queue : a.priority > b.priority;
    }
};

// A place in a group; jobs are asked for that come after it.
struct DuePlace {
    TimestampTz due_at;
    int64 id;

    // clang-tidy takes a zero in what the compiler makes of it for a pointer.
    friend auto operator<=>(const DuePlace &,
                            const DuePlace &) = default; // NOLINT(modernize-use-nullptr)
};
inline constexpr DuePlace begin_of_group{DT_NOBEGIN, 0};

struct DueJob {
    DuePlace place;
    Oid role;
    bool may_run; // as its state says
    bool workflow;
};

class DueJobs : NoCopy {
  public:
    DueJobs();
    ~DueJobs();

    // The groups that the index knows of, those too that have only dead entries: finding that out
    // could take long.
    std::vector<DueGroup> groups() const;

    // At most so many of a group after one place and up to the other one, both in the past.
    std::vector<DueJob> between(DueGroup group, DuePlace after, DuePlace to,
                                std::size_t most) const;

    // When the first job of the group will be due; nullopt if there is none.
    std::optional<TimestampTz> next(DueGroup group, TimestampTz now) const;

  private:
    PrivateTable table_{"job"};
    Relation index_;
};

} // namespace pgcrew::bgjob
