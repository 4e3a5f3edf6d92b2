// What the control segment knows of one launched job. Everything here is guarded by
// ControlSegment::lock, but for what its comment exempts.
#pragma once
#include "core/job_state.hpp"
#include "pgcrew/postgres.hpp"

extern "C" {
#include <port/atomics.h>
#include <storage/fileset.h>
#include <utils/dsa.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {

using JobId = int64;

inline constexpr int label_size = 64;             // bytes, with the final zero
inline constexpr int progress_message_size = 256; // bytes, with the final zero
inline constexpr int command_tag_size = 64;       // the server's COMPLETION_TAG_BUFSIZE

// The rows of a job, in the order they came: a chain of blocks in shared memory until
// `memory_limit` bytes are used, then blocks of the same form in a temporary file. A published
// block never changes, so a reader needs the lock only to find it. See spool_writer.cpp.
struct Spool {
    dsa_pointer row_type;    // the columns, see row_type.hpp; set before the first block
    uint32 row_type_size;    // bytes
    dsa_pointer first_block; // SpoolBlock chain
    dsa_pointer last_block;
    uint64 memory_limit; // bytes
    uint64 memory_bytes; // bytes of the blocks in memory
    uint64 file_bytes;   // bytes published in the file
    uint64 rows_published;
    bool has_file;
    FileSet files; // holds the one file, spool_file_name
};

// Text that a worker sends to whoever reads the result: its NOTICEs, each a message of the
// frontend protocol in the server encoding.
struct NoticeLog {
    dsa_pointer first; // Notice chain
    dsa_pointer last;
    uint32 bytes;
    uint32 dropped; // how many did not fit
};

struct Job {
    JobId id; // the key
    int64 cookie;

    JobState state;
    bool keeps_rows; // false: submitted
    bool detached;   // nobody can name it any more; freed when its work ends
    bool cancel_requested;
    bool timed_out;
    Oid database;
    Oid owner;    // the role it runs as
    Oid launcher; // the role of the session that launched it
    int launcher_pid;
    uint64 launcher_session;                // unique in the life of the server
    int worker;                             // slot of its worker, -1 for none
    JobId next_in_queue, previous_in_queue; // 0 for none

    TimestampTz queued_at;
    TimestampTz started_at;  // 0 until then
    TimestampTz finished_at; // 0 until then
    int64 timeout_ms;        // 0 for none
    int32 queue_size;        // bytes

    dsa_pointer request;  // the launching session's settings, then the SQL text
    uint32 settings_size; // bytes
    uint32 sql_size;      // bytes, without a final zero

    char label[label_size];
    char command_tag[command_tag_size];
    pg_atomic_uint64 rows; // counted as they arise; needs no lock
    int sqlstate;          // packed; 0 unless it failed, was cancelled or lost
    dsa_pointer error;     // an error record, see error_record.hpp
    uint32 error_size;     // bytes

    int32 percent; // -1 until something was reported
    TimestampTz progress_at;
    char progress_message[progress_message_size];

    Spool spool;
    NoticeLog notices;
};

} // namespace pgcrew::bgjob
