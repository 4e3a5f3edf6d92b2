// Said at the beginning of functions that write to private tables by access methods: the server
// itself looks at SQL only.
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob {

// 25006 on a standby and in a READ ONLY transaction. `what` as "bgjob.cancel()".
inline void will_write(const char *what) {
    call([what] {
        PreventCommandDuringRecovery(what);
        PreventCommandIfReadOnly(what);
    });
}

} // namespace pgcrew::bgjob
