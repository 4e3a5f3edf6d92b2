// Planner support of launch and submit. SELECT (bgjob.launch(...)).* is expanded by the parser into
// one call per column, so it would launch twice; nobody means that, and it is refused.
#include "pgcrew/boundary.hpp"
#include "pgcrew/compat.hpp"

extern "C" {
#include <nodes/nodeFuncs.h>
#include <nodes/pathnodes.h>
#include <nodes/supportnodes.h>
#include <parser/parsetree.h>
}

namespace pgcrew::bgjob {
namespace {

// How many columns of the target list are fields of the very call that stands at `location`.
int fields_of_call(const Query *query, const FuncExpr *call_of_interest) {
    int fields = 0;
    for (int i = 0; i < list_length(query->targetList); ++i) {
        const auto *target = static_cast<const TargetEntry *>(list_nth(query->targetList, i));
        if (target->expr == nullptr || !IsA(target->expr, FieldSelect))
            continue;
        const Node *argument = reinterpret_cast<const Node *>(
            reinterpret_cast<const FieldSelect *>(target->expr)->arg);
        if (!IsA(argument, FuncExpr))
            continue;
        const auto *function = reinterpret_cast<const FuncExpr *>(argument);
        if (function->funcid == call_of_interest->funcid &&
            function->location == call_of_interest->location)
            ++fields;
    }
    return fields;
}

} // namespace

PGCREW_FUNCTION(bgjob_launch_support) {
    auto *request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    if (IsA(request, SupportRequestSimplify)) {
        const auto *simplify = reinterpret_cast<SupportRequestSimplify *>(request);
        if (simplify->root != nullptr && simplify->fcall->location >= 0 &&
            fields_of_call(simplify->root->parse, simplify->fcall) > 1)
            throw Error(sqlstate::feature_not_supported,
                        "the result of a launch cannot be expanded with .*",
                        "The job would be launched once for each column.",
                        "Call it in FROM: SELECT * FROM bgjob.launch(...).");
    }
    return Datum{0}; // nothing simpler
}

} // namespace pgcrew::bgjob
