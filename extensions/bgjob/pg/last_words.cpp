#include "pg/last_words.hpp"

#include "core/copy_text.hpp"
#include "pgcrew/boundary.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {
namespace {

LastWords words; // a plain struct: the hook runs while an error is in flight
emit_log_hook_type previous_log_hook = nullptr;

void note_fatal(ErrorData *error) {
    if (error->elevel >= FATAL && error->message != nullptr) {
        words.sqlstate = error->sqlerrcode;
        const auto length = static_cast<int>(strlen(error->message));
        const int kept = pg_mbcliplen(error->message, length, sizeof words.message - 1);
        copy_text(words.message, {error->message, static_cast<std::size_t>(kept)});
    }
    if (previous_log_hook != nullptr)
        previous_log_hook(error);
}

} // namespace

void keep_last_words() {
    previous_log_hook = emit_log_hook;
    emit_log_hook = callback<&note_fatal>;
}

const LastWords &last_words() noexcept { return words; }

} // namespace pgcrew::bgjob
