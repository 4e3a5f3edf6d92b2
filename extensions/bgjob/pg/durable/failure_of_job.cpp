#include "pg/durable/failure_of_job.hpp"

#include "core/text_limits.hpp"
#include "pg/clip.hpp"

namespace pgcrew::bgjob {
namespace {

const char *current = nullptr;

void write_context(void *text) { errcontext("%s", static_cast<const char *>(text)); }

void cut(ServerErrorData::Text &text) {
    if (text && text->size() > limits::failure_bytes)
        text = clipped(std::move(*text), limits::failure_bytes);
}

} // namespace

JobContext::JobContext(JobId job)
    : text_("durable job " + std::to_string(job)), scope_(write_context, text_.data()) {
    current = text_.c_str();
}

JobContext::~JobContext() { current = nullptr; }

ServerErrorData failure_of_job() {
    ServerErrorData failure = describe_current_exception();
    for (auto *text : {&failure.message, &failure.detail, &failure.hint, &failure.context})
        cut(*text);
    if (!failure.context && current != nullptr) // it did not come from the server
        failure.context = current;
    return failure;
}

} // namespace pgcrew::bgjob
