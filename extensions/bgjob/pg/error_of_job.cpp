#include "pg/error_of_job.hpp"

#include "pg/queue.hpp"

#include <climits>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {
namespace {

// Longer texts are cut: an error must fit into shared memory even when little is left.
constexpr int longest_field = 65536; // bytes

std::string field(const ServerErrorData::Text &text) {
    if (!text)
        return {};
    const int kept = call([&] {
        return pg_mbcliplen(text->data(), static_cast<int>(Min(text->size(), INT_MAX)),
                            longest_field);
    });
    return text->substr(0, static_cast<std::size_t>(kept));
}

ErrorFields fields_of(const ServerErrorData &data) {
    ErrorFields f;
    f.sqlstate = data.state.packed();
    f.position = data.cursorpos;
    f.internal_position = data.internalpos;
    f.message = field(data.message);
    f.detail = field(data.detail);
    f.hint = field(data.hint);
    f.context = field(data.context);
    f.internal_query = field(data.internalquery);
    f.schema_name = field(data.schema_name);
    f.table_name = field(data.table_name);
    f.column_name = field(data.column_name);
    f.datatype_name = field(data.datatype_name);
    f.constraint_name = field(data.constraint_name);
    return f;
}

} // namespace

PackedError::PackedError(const ServerErrorData *error) {
    if (error == nullptr)
        return;
    sqlstate_ = error->state.packed();
    const std::string bytes = pack_error(fields_of(*error));
    size_ = bytes.size();
    at_ = try_allocate(size_);
    if (at_ == InvalidDsaPointer)
        return; // the SQLSTATE has to do
    call([&] { memcpy(address<char>(at_), bytes.data(), size_); });
}

PackedError::~PackedError() { discard(at_); }

void PackedError::move_into(Job &job) noexcept {
    job.sqlstate = sqlstate_;
    job.error = std::exchange(at_, InvalidDsaPointer);
    job.error_size = static_cast<uint32>(job.error == InvalidDsaPointer ? 0 : size_);
}

ServerErrorData describe(const Error &error) {
    ServerErrorData data;
    data.state = error.state();
    data.message = error.what();
    if (!error.detail().empty())
        data.detail = error.detail();
    if (!error.hint().empty())
        data.hint = error.hint();
    return data;
}

Error cancelled_before_it_ran() {
    return Error(sqlstate::query_canceled, "job was cancelled before it ran");
}

ErrorFields error_of(const Job &job) {
    ErrorFields fields;
    fields.sqlstate = job.sqlstate;
    if (job.error != InvalidDsaPointer) {
        const char *bytes = call([&] { return address<char>(job.error); });
        fields = unpack_error({bytes, job.error_size});
    } else if (job.sqlstate != 0) {
        fields.message = "out of shared memory for the error message";
    }
    if (job.sqlstate != 0 && fields.message.empty())
        fields.message = "unknown error";
    return fields;
}

std::string message_of_error(const Job &job) {
    return job.sqlstate == 0 ? std::string() : error_of(job).message;
}

namespace {

// Ends the job if `applies` to it; true if it did.
template <class F>
bool finish_if(JobId id, JobState how, const Error &error, const char *context, F applies) {
    ServerErrorData data = describe(error);
    if (context != nullptr)
        data.context = context;
    PackedError packed(&data);
    Remains remains{};
    bool gone;
    {
        Locked locked(LW_EXCLUSIVE);
        Job *job = locked.find_working(id);
        if (job == nullptr || !applies(*job))
            return false;
        packed.move_into(*job);
        gone = finish(locked, *job, how);
        if (gone)
            remains = take_out(locked, job);
    }
    if (gone)
        give_back(remains);
    return true;
}

bool is_queued(const Job &job) { return job.state == JobState::Queued; }

} // namespace

void finish_with_error(JobId id, JobState how, const Error &error, const char *context) {
    finish_if(id, how, error, context, [](const Job &job) { return !finished(job.state); });
}

void fail_queued_job(JobId id, const Error &error) {
    finish_if(id, JobState::Failed, error, nullptr, is_queued);
}

bool cancel_queued_job(JobId id) {
    return finish_if(id, JobState::Cancelled, cancelled_before_it_ran(), nullptr, is_queued);
}

} // namespace pgcrew::bgjob
