// The temporary file that takes a job's rows when its shared memory is used up.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/error.hpp"

extern "C" {
#include <storage/fd.h>
#include <utils/wait_event.h>
}

namespace pgcrew::bgjob {

inline constexpr const char *spool_file_name = "rows";

// `action` completes "could not ...".
[[noreturn]] inline void throw_spool_file_error(const char *action, int saved_errno) {
    const bool full = saved_errno == ENOSPC;
    throw Error(SqlState(full ? ERRCODE_DISK_FULL : ERRCODE_IO_ERROR),
                std::string("could not ") + action +
                    " temporary file for rows: " + std::strerror(saved_errno),
                {}, full ? "Free disk space, or detach jobs whose rows are no longer needed." : "");
}

} // namespace pgcrew::bgjob
