#include "catch.hpp"
#include "core/job_state.hpp"

#include <array>
#include <set>
#include <string>

using pgcrew::bgjob::finished;
using pgcrew::bgjob::JobState;
using pgcrew::bgjob::may_follow;
using pgcrew::bgjob::name;

namespace {

constexpr std::array all{JobState::Queued,    JobState::Starting, JobState::Running,
                         JobState::Succeeded, JobState::Failed,   JobState::Cancelled,
                         JobState::Lost};

} // namespace

TEST_CASE("every state has a word of its own", "[job_state]") {
    std::set<std::string> words;
    for (const JobState state : all)
        words.insert(name(state));
    CHECK(words == std::set<std::string>{"queued", "starting", "running", "succeeded", "failed",
                                         "cancelled", "lost"});
}

TEST_CASE("a finished job stays as it is", "[job_state]") {
    for (const JobState from : all)
        for (const JobState to : all)
            if (finished(from))
                CHECK_FALSE(may_follow(from, to));
}

TEST_CASE("only a job that a worker has can succeed or be lost", "[job_state]") {
    CHECK_FALSE(may_follow(JobState::Queued, JobState::Succeeded));
    CHECK_FALSE(may_follow(JobState::Queued, JobState::Lost));
    CHECK_FALSE(may_follow(JobState::Queued, JobState::Running));
    CHECK_FALSE(may_follow(JobState::Starting, JobState::Succeeded));
    CHECK(may_follow(JobState::Running, JobState::Lost));
}

TEST_CASE("the only step back is that of a job whose worker went before it ran", "[job_state]") {
    for (const JobState from : all)
        for (const JobState to : all)
            if (to <= from && may_follow(from, to)) {
                CHECK(from == JobState::Starting);
                CHECK(to == JobState::Queued);
            }
}

TEST_CASE("every unfinished job can fail and be cancelled", "[job_state]") {
    for (const JobState from : {JobState::Queued, JobState::Running}) {
        CHECK(may_follow(from, JobState::Failed));
        CHECK(may_follow(from, JobState::Cancelled));
    }
}

TEST_CASE("the way of a job that succeeds is whole", "[job_state]") {
    CHECK(may_follow(JobState::Queued, JobState::Starting));
    CHECK(may_follow(JobState::Starting, JobState::Running));
    CHECK(may_follow(JobState::Running, JobState::Succeeded));
    CHECK(finished(JobState::Succeeded));
    CHECK_FALSE(finished(JobState::Running));
}
