// C++ calls the server. All sigsetjmp of the project are here, but the one that writes an error to
// the log.
#include "pgcrew/boundary.hpp"

#include "pgcrew/server_error.hpp"

namespace pgcrew {
namespace {

bool taint = false;

MemoryContext scratch() {
    static MemoryContext context = nullptr;
    if (context == nullptr)
        context =
            AllocSetContextCreate(TopMemoryContext, "pgcrew error scratch", ALLOCSET_SMALL_SIZES);
    return context;
}

// Runs after the jump: the record is still on the server's error stack. Copying it may jump
// again, out of memory, and must not reach a handler above C++ frames.
ErrorData *copy_record(MemoryContext caller) noexcept {
    const detail::Stacks stacks;
    ErrorData *volatile record = nullptr;
    sigjmp_buf local;
    if (sigsetjmp(local, 0) == 0) {
        PG_exception_stack = &local;
        error_context_stack = nullptr;
        MemoryContextSwitchTo(scratch());
        record = CopyErrorData();
    } else {
        record = nullptr;
    }
    stacks.restore();
    MemoryContextSwitchTo(caller);
    FlushErrorState();
    return record;
}

[[noreturn]] void throw_server_error(MemoryContext caller) {
    ErrorData *const record = copy_record(caller);
    taint = true;
    if (record == nullptr)
        throw std::bad_alloc();

    struct Reset {
        ~Reset() { MemoryContextReset(scratch()); }
    } reset;
    auto data = std::make_shared<const ServerErrorData>(*record);
    if (record->sqlerrcode == ERRCODE_QUERY_CANCELED)
        throw Canceled(std::move(data));
    throw ServerError(std::move(data));
}
} // namespace

bool tainted() noexcept { return taint; }
void set_taint(bool value) noexcept { taint = value; }

namespace detail {

void protect(void (*fn)(void *), void *arg) {
    const Stacks stacks;
    // errfinish() zeroes both counters; guards further up the stack still own their share.
    const uint32 interrupt_holdoff = InterruptHoldoffCount;
    const uint32 cancel_holdoff = QueryCancelHoldoffCount;
    sigjmp_buf local;
    if (sigsetjmp(local, 0) == 0) {
        PG_exception_stack = &local;
        try {
            fn(arg);
        } catch (...) {
            PG_exception_stack = stacks.exception;
            error_context_stack = stacks.context;
            throw;
        }
        PG_exception_stack = stacks.exception;
        error_context_stack = stacks.context;
        return;
    }
    stacks.restore();
    InterruptHoldoffCount = interrupt_holdoff;
    QueryCancelHoldoffCount = cancel_holdoff;
    throw_server_error(stacks.memory);
}

void check_not_tainted() {
    if (unlikely(taint))
        throw Error(sqlstate::internal_error, "a server error was swallowed without a rollback", "",
                    "Wrap what may fail in pgcrew::in_subtransaction.");
}
} // namespace detail
} // namespace pgcrew
