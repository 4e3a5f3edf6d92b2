// The one place that decides what an exception looks like to SQL.
#include "pgcrew/boundary.hpp"
#include "pgcrew/server_error.hpp"

#include <algorithm>
#include <new>
#include <string_view>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew {
namespace {

constexpr Where unknown{nullptr, nullptr, 0}; // foreign exceptions do not tell

// Calls v.server(data) or v.plain(state, message, detail, hint, where) for the exception being
// handled.
template <class V> auto visit_current_exception(V &&v) {
    const std::string none;
    try {
        throw;
    } catch (const ServerError &e) {
        return v.server(e.data());
    } catch (const Canceled &e) {
        return v.server(e.data());
    } catch (const Error &e) {
        return v.plain(e.state(), e.what(), e.detail(), e.hint(), e.where());
    } catch (const std::bad_alloc &) {
        return v.plain(sqlstate::out_of_memory, "out of memory", none, none, unknown);
    } catch (const std::exception &e) {
        return v.plain(sqlstate::internal_error, e.what(), none, none, unknown);
    } catch (...) {
        return v.plain(sqlstate::internal_error, "unrecognized C++ exception", none, none, unknown);
    }
}

// The server reports a file without its folder, too.
std::string_view base_name(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1); // the whole path if there is none: npos + 1 is 0
}

// Our own texts may hold anything, a file's bytes or another library's message; what is not valid
// in the server's encoding must not reach log or client.
void replace_invalid_bytes(char *text) noexcept {
    const int encoding = GetDatabaseEncoding();
    for (char *p = text; *p != '\0';) {
        const int length = pg_encoding_verifymbchar(encoding, p, static_cast<int>(strlen(p)));
        if (length > 0)
            p += length;
        else
            *p++ = '?';
    }
}
} // namespace

namespace detail {

struct PendingError {
    ErrorData edata;
    bool ours; // raised afresh, so that the server adds context; else given back as it came
};

namespace {
PendingError out_of_memory_pending;

PendingError *out_of_memory() noexcept {
    PendingError p{};
    p.edata.elevel = ERROR;
    p.edata.output_to_server = true;
    p.edata.output_to_client = true;
    p.edata.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
    p.edata.message = const_cast<char *>("out of memory");
    p.edata.detail = const_cast<char *>("Failed while reporting a C++ exception.");
    p.edata.assoc_context = ErrorContext;
    out_of_memory_pending = p;
    return &out_of_memory_pending;
}

// Copies into ErrorContext with no chance of a jump; remembers that memory ran out.
class Flat {
  public:
    char *copy(const char *text, std::size_t length) noexcept {
        length = std::min(length, max_text);
        auto *p = static_cast<char *>(
            MemoryContextAllocExtended(ErrorContext, length + 1, MCXT_ALLOC_NO_OOM));
        if (p == nullptr) {
            failed_ = true;
            return nullptr;
        }
        std::memcpy(p, text, length);
        p[length] = '\0';
        return p;
    }
    char *copy(const ServerErrorData::Text &text) noexcept {
        return text ? copy(text->data(), text->size()) : nullptr;
    }
    char *copy_valid(std::string_view text) noexcept {
        char *p = text.empty() ? nullptr : copy(text.data(), text.size());
        if (p != nullptr)
            replace_invalid_bytes(p);
        return p;
    }
    PendingError *record() noexcept {
        return static_cast<PendingError *>(MemoryContextAllocExtended(
            ErrorContext, sizeof(PendingError), MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO));
    }
    PendingError *or_out_of_memory(PendingError *p) const noexcept {
        return failed_ ? out_of_memory() : p;
    }

  private:
    static constexpr std::size_t max_text = std::size_t{1} << 20;
    bool failed_ = false;
};

struct Capture {
    static PendingError *plain(SqlState state, std::string_view message, std::string_view detail,
                               std::string_view hint, Where where) noexcept {
        Flat flat;
        PendingError *p = flat.record();
        if (p == nullptr)
            return out_of_memory();
        p->ours = true;
        p->edata.sqlerrcode = state.packed();
        p->edata.message = flat.copy_valid(message);
        p->edata.detail = flat.copy_valid(detail);
        p->edata.hint = flat.copy_valid(hint);
        p->edata.filename = where.file;
        p->edata.funcname = where.function;
        p->edata.lineno = where.line;
        return flat.or_out_of_memory(p);
    }

    static PendingError *server(const ServerErrorData &d) noexcept {
        Flat flat;
        PendingError *p = flat.record();
        if (p == nullptr)
            return out_of_memory();
        ErrorData &e = p->edata;
        e.elevel = ERROR;
        e.output_to_server = d.output_to_server;
        e.output_to_client = d.output_to_client;
        e.hide_stmt = d.hide_stmt;
        e.hide_ctx = d.hide_ctx;
        e.filename = flat.copy(d.filename);
        e.lineno = d.lineno;
        e.funcname = flat.copy(d.funcname);
        e.domain = TEXTDOMAIN;
        e.context_domain = TEXTDOMAIN;
        e.sqlerrcode = d.state.packed();
        e.message = flat.copy(d.message);
        e.detail = flat.copy(d.detail);
        e.detail_log = flat.copy(d.detail_log);
        e.hint = flat.copy(d.hint);
        e.context = flat.copy(d.context);
        e.backtrace = flat.copy(d.backtrace);
        e.message_id = flat.copy(d.message_id);
        e.schema_name = flat.copy(d.schema_name);
        e.table_name = flat.copy(d.table_name);
        e.column_name = flat.copy(d.column_name);
        e.datatype_name = flat.copy(d.datatype_name);
        e.constraint_name = flat.copy(d.constraint_name);
        e.cursorpos = d.cursorpos;
        e.internalpos = d.internalpos;
        e.internalquery = flat.copy(d.internalquery);
        e.saved_errno = d.saved_errno;
        e.assoc_context = ErrorContext;
        return flat.or_out_of_memory(p);
    }
};
} // namespace

PendingError *capture_current_exception() noexcept { return visit_current_exception(Capture{}); }

void raise(PendingError *pending) {
    set_taint(false);
    const ErrorData &e = pending->edata;
    if (!pending->ours)
        ReThrowError(&pending->edata);
    if (errstart(ERROR, TEXTDOMAIN)) {
        errcode(e.sqlerrcode);
        errmsg_internal("%s", e.message != nullptr ? e.message : "missing error text");
        if (e.detail != nullptr)
            errdetail_internal("%s", e.detail);
        if (e.hint != nullptr)
            errhint("%s", e.hint);
        errfinish(e.filename, e.lineno, e.funcname);
    }
    pg_unreachable();
}
} // namespace detail

ServerErrorData describe_current_exception() {
    struct Describe {
        static std::string valid(std::string_view text) {
            std::string copy(text.substr(0, text.find('\0')));
            replace_invalid_bytes(copy.data());
            return copy;
        }
        static ServerErrorData plain(SqlState state, std::string_view message,
                                     std::string_view detail, std::string_view hint, Where where) {
            ServerErrorData d;
            d.state = state;
            d.message = valid(message);
            if (!detail.empty())
                d.detail = valid(detail);
            if (!hint.empty())
                d.hint = valid(hint);
            if (where.file != nullptr) {
                d.filename = std::string(base_name(where.file));
                d.funcname = where.function;
                d.lineno = where.line;
            }
            return d;
        }
        static ServerErrorData server(const ServerErrorData &d) { return d; }
    };
    return visit_current_exception(Describe{});
}
} // namespace pgcrew
