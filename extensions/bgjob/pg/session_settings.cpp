#include "pg/session_settings.hpp"

#include "core/settings_filter.hpp"
#include "pgcrew/boundary.hpp"

extern "C" {
#include <access/xact.h>
#include <mb/pg_wchar.h>
#include <utils/guc.h>
}

namespace pgcrew::bgjob {

std::string capture_settings(Oid role) {
    Size size = 0;
    char *raw = nullptr;
    const char *role_name = nullptr;
    call([&] {
        size = EstimateGUCStateSpace();
        raw = static_cast<char *>(palloc0(size));
        SerializeGUCState(size, raw);
        role_name = GetUserNameFromId(role, false);
    });
    std::string kept = filter_settings({raw, size}, role_name);
    pfree(raw);
    return kept;
}

void apply_settings(std::string_view captured) {
    call([&] {
        // The server reads the length as a Size at the start: the copy gives it alignment.
        auto *aligned = static_cast<char *>(palloc(captured.size()));
        memcpy(aligned, captured.data(), captured.size());
        // The server first gives transaction_read_only its default, which recovery forbids where
        // it is on; on a standby every transaction begins with it. This one does nothing else.
        XactReadOnly = false;
        RestoreGUCState(aligned);
        pfree(aligned);
        // Texts stay in the server encoding on their way to the reader, whatever client_encoding
        // says.
        SetClientEncoding(GetDatabaseEncoding());
    });
}

} // namespace pgcrew::bgjob
