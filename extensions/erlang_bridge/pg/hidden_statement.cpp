#include "pg/hidden_statement.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace pgcrew::erlang_bridge {

HiddenStatement::HiddenStatement() : level_(call([] { return NewGUCNestLevel(); })) {
    call([] { // whoever calls us may not change this
        (void)set_config_option("log_min_error_statement", "panic", PGC_SUSET, PGC_S_SESSION,
                                GUC_ACTION_SAVE, true, 0, false);
    });
}

HiddenStatement::~HiddenStatement() {
    if (std::uncaught_exceptions() == exceptions_)
        cleanup("restoring log_min_error_statement", [this] { AtEOXact_GUC(true, level_); });
}

} // namespace pgcrew::erlang_bridge
