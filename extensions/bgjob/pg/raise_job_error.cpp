#include "pg/raise_job_error.hpp"

#include "pgcrew/boundary.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {
namespace {

// As much of the SQL as is worth showing, whole characters.
std::string beginning(const std::string &sql) {
    constexpr int limit = 65536; // bytes
    if (sql.size() <= limit)
        return sql;
    const int size = static_cast<int>(Min(sql.size(), std::size_t{PG_INT32_MAX}));
    return sql.substr(
        0, static_cast<std::size_t>(call([&] { return pg_mbcliplen(sql.data(), size, limit); })));
}

int characters(const std::string &text) {
    return call([&] { return pg_mbstrlen_with_len(text.data(), static_cast<int>(text.size())); });
}

// The server takes char * for what it only reads.
char *text_or_null(const std::string &text) noexcept {
    return text.empty() ? nullptr : const_cast<char *>(text.c_str());
}

} // namespace

void raise_job_error(const ErrorFields &error, const std::string &sql) {
    ErrorFields fields = error;
    if (fields.position > 0 && fields.internal_query.empty()) {
        fields.internal_query = beginning(sql);
        fields.internal_position = fields.position;
    }
    if (fields.internal_position > characters(fields.internal_query) + 1)
        fields.internal_position = 0; // it was in what has been cut

    ErrorData data{};
    data.elevel = ERROR;
    data.sqlerrcode = fields.sqlstate;
    data.message = const_cast<char *>(fields.message.c_str());
    data.detail = text_or_null(fields.detail);
    data.hint = text_or_null(fields.hint);
    data.context = text_or_null(fields.context);
    data.internalquery = text_or_null(fields.internal_query);
    data.internalpos = fields.internal_position;
    data.schema_name = text_or_null(fields.schema_name);
    data.table_name = text_or_null(fields.table_name);
    data.column_name = text_or_null(fields.column_name);
    data.datatype_name = text_or_null(fields.datatype_name);
    data.constraint_name = text_or_null(fields.constraint_name);
    data.filename = __FILE__;
    data.funcname = __func__;
    data.lineno = __LINE__;
    call([&] { ThrowErrorData(&data); }); // the server adds the caller's context
    pg_unreachable();
}

} // namespace pgcrew::bgjob
