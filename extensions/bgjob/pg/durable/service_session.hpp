// The session of a process that serves all roles. It is a superuser's, and settings of the database
// come from the database's owner: none of them may say which operators its SQL means, how long it
// works, or what its transactions see.
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace pgcrew::bgjob {

// Right after connecting.
inline void settle_service_session() {
    call([] {
        const char *const settings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                           {"default_transaction_isolation", "read committed"},
                                           {"default_transaction_read_only", "off"},
                                           {"default_table_access_method", "heap"},
                                           {"statement_timeout", "0"},
                                           {"transaction_timeout", "0"}, // from 17 on
                                           {"lock_timeout", "0"},
                                           {"idle_in_transaction_session_timeout", "0"}};
        for (const auto &[name, value] : settings)
            if (GetConfigOption(name, true, false) != nullptr)
                SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
    });
}

} // namespace pgcrew::bgjob
