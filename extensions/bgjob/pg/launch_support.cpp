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

// Where in the query text the function is called whose field the column is; -1 if it is none.
int call_of_field(const TargetEntry *target, Oid function_id) {
    if (target->expr == nullptr || !IsA(target->expr, FieldSelect))
        return -1;
    const Expr *argument = reinterpret_cast<const FieldSelect *>(target->expr)->arg;
    if (!IsA(argument, FuncExpr))
        return -1;
    const auto *function = reinterpret_cast<const FuncExpr *>(argument);
    return function->funcid == function_id ? function->location : -1;
}

// The copies of a call that .* makes are neighbours, and all of them stand where it stood.
bool is_expanded(const Query *query, Oid function_id) {
    int previous = -1;
    for (int i = 0; i < list_length(query->targetList); ++i) {
        const int place = call_of_field(
            static_cast<const TargetEntry *>(list_nth(query->targetList, i)), function_id);
        if (place >= 0 && place == previous)
            return true;
        previous = place;
    }
    return false;
}

} // namespace

PGCREW_FUNCTION(bgjob_launch_support) {
    auto *request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    if (IsA(request, SupportRequestSimplify)) {
        const auto *simplify = reinterpret_cast<SupportRequestSimplify *>(request);
        if (simplify->root != nullptr &&
            is_expanded(simplify->root->parse, simplify->fcall->funcid))
            throw Error(sqlstate::feature_not_supported,
                        "the result of a launch cannot be expanded with .*",
                        "The job would be launched once for each column.",
                        "Call it in FROM: SELECT * FROM bgjob.launch(...).");
    }
    return Datum{0}; // nothing simpler
}

} // namespace pgcrew::bgjob
