// The server's record of an error, with strings of its own: it outlives any memory context.
#pragma once
#include "pgcrew/error.hpp"
#include "pgcrew/postgres.hpp"

#include <optional>
#include <string>

namespace pgcrew {

// The names are those of the server's ErrorData.
struct ServerErrorData {
    using Text = std::optional<std::string>;

    ServerErrorData() = default;
    explicit ServerErrorData(const ErrorData &);

    SqlState state = sqlstate::internal_error;
    Text message, detail, detail_log, hint, context, backtrace, message_id;
    Text schema_name, table_name, column_name, datatype_name, constraint_name;
    Text internalquery;
    int cursorpos = 0, internalpos = 0;
    Text filename, funcname;
    int lineno = 0;
    int saved_errno = 0;
    bool output_to_server = true, output_to_client = true, hide_stmt = false, hide_ctx = false;
};

// What the exception being handled looks like to SQL; for use in a catch block. Works for every
// exception: ServerError, Canceled, Error, std::bad_alloc, any other.
ServerErrorData describe_current_exception();

// Writes the error to the server log as a backend reports an ERROR that ended a statement, and
// sends nothing to any client.
void log_server_error(const ServerErrorData &) noexcept;
} // namespace pgcrew
