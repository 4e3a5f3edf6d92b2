#include "pgcrew/server_error.hpp"

#include "pgcrew/boundary.hpp"

extern "C" {
#include <tcop/dest.h>
#include <tcop/tcopprot.h>
}

namespace pgcrew {
namespace {

ServerErrorData::Text copy(const char *text) {
    return text != nullptr ? ServerErrorData::Text(text) : ServerErrorData::Text();
}

// The server takes char * for what it only reads.
char *borrow(const ServerErrorData::Text &text) noexcept {
    return text ? const_cast<char *>(text->c_str()) : nullptr;
}

// Raises, and reports as the server's main loop does. What fails on the way, memory say, is
// reported instead.
void raise_and_report(ErrorData *e) noexcept {
    const detail::Stacks stacks;
    sigjmp_buf local;
    if (sigsetjmp(local, 0) == 0) {
        PG_exception_stack = &local;
        error_context_stack = nullptr; // the record has its context already
        ThrowErrorData(e);
    } else {
        stacks.restore();
        EmitErrorReport();
        FlushErrorState();
    }
    stacks.restore();
}
} // namespace

ServerErrorData::ServerErrorData(const ErrorData &e)
    : state(e.sqlerrcode), message(copy(e.message)), detail(copy(e.detail)),
      detail_log(copy(e.detail_log)), hint(copy(e.hint)), context(copy(e.context)),
      backtrace(copy(e.backtrace)), message_id(copy(e.message_id)),
      schema_name(copy(e.schema_name)), table_name(copy(e.table_name)),
      column_name(copy(e.column_name)), datatype_name(copy(e.datatype_name)),
      constraint_name(copy(e.constraint_name)), internalquery(copy(e.internalquery)),
      cursorpos(e.cursorpos), internalpos(e.internalpos), filename(copy(e.filename)),
      funcname(copy(e.funcname)), lineno(e.lineno), saved_errno(e.saved_errno),
      output_to_server(e.output_to_server), output_to_client(e.output_to_client),
      hide_stmt(e.hide_stmt), hide_ctx(e.hide_ctx) {}

const char *ServerError::what() const noexcept {
    return data_->message ? data_->message->c_str() : "missing error text";
}
SqlState ServerError::state() const noexcept { return data_->state; }

void log_server_error(const ServerErrorData &data) noexcept {
    ErrorData e{};
    e.elevel = ERROR;
    e.sqlerrcode = data.state.packed();
    e.message = borrow(data.message);
    e.detail = borrow(data.detail);
    e.detail_log = borrow(data.detail_log);
    e.hint = borrow(data.hint);
    e.context = borrow(data.context);
    e.backtrace = borrow(data.backtrace);
    e.schema_name = borrow(data.schema_name);
    e.table_name = borrow(data.table_name);
    e.column_name = borrow(data.column_name);
    e.datatype_name = borrow(data.datatype_name);
    e.constraint_name = borrow(data.constraint_name);
    e.cursorpos = data.cursorpos;
    e.internalpos = data.internalpos;
    e.internalquery = borrow(data.internalquery);
    e.filename = borrow(data.filename);
    e.funcname = borrow(data.funcname);
    e.lineno = data.lineno;

    const uint32 interrupt_holdoff = InterruptHoldoffCount;
    const uint32 cancel_holdoff = QueryCancelHoldoffCount;
    const CommandDest destination = whereToSendOutput;
    whereToSendOutput = DestNone; // to the log alone
    raise_and_report(&e);
    whereToSendOutput = destination;
    InterruptHoldoffCount = interrupt_holdoff;
    QueryCancelHoldoffCount = cancel_holdoff;
}
} // namespace pgcrew
