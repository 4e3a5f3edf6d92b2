#include "pg/durable/procedure.hpp"

#include "pgcrew/compat.hpp"

extern "C" {
#include <access/htup_details.h>
#include <catalog/namespace.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_type.h>
#include <funcapi.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {
namespace {

enum class Signature { Other, Empty, Input, InputAndResult };

struct Found {
    bool any, procedure;
    bool changes_role; // SECURITY DEFINER, or with settings of its own
    Signature signature;
    const char *name; // qualified and quoted
};

// Server calls.
Signature signature_of(HeapTuple tuple) {
    Oid *types = nullptr;
    char **names = nullptr;
    char *modes = nullptr;
    const int count = get_func_arg_info(tuple, &types, &names, &modes);
    const auto is_json = [&](int i, char mode) {
        return types[i] == JSONBOID && (modes == nullptr ? PROARGMODE_IN : modes[i]) == mode;
    };
    if (count == 0)
        return Signature::Empty;
    if (count == 1 && is_json(0, PROARGMODE_IN))
        return Signature::Input;
    if (count == 2 && is_json(0, PROARGMODE_IN) &&
        (is_json(1, PROARGMODE_INOUT) || is_json(1, PROARGMODE_OUT)))
        return Signature::InputAndResult;
    return Signature::Other;
}

Found find(const char *name) {
    return call([&] {
        Found found{};
        FuncCandidateList candidates = compat::routines_named(compat::qualified_name(name));
        for (; candidates != nullptr; candidates = candidates->next) {
            found.any = true;
            HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(candidates->oid));
            if (!HeapTupleIsValid(tuple))
                continue;
            const auto *row = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
            if (row->prokind == PROKIND_PROCEDURE && found.signature == Signature::Other) {
                found.procedure = true;
                found.signature = signature_of(tuple);
                found.changes_role =
                    row->prosecdef || !heap_attisnull(tuple, Anum_pg_proc_proconfig, nullptr);
                found.name = quote_qualified_identifier(get_namespace_name(row->pronamespace),
                                                        NameStr(row->proname));
            }
            ReleaseSysCache(tuple);
        }
        return found;
    });
}

} // namespace

std::string call_of_procedure(const std::string &name) {
    const Found found = find(name.c_str());
    if (!found.any)
        throw Error(sqlstate::undefined_function, "procedure \"" + name + "\" does not exist");
    if (!found.procedure)
        throw Error(sqlstate::wrong_object_type, "\"" + name + "\" is not a procedure", "",
                    "Use bgjob.enqueue() to run a function once.");
    if (found.changes_role)
        throw Error(sqlstate::invalid_function_definition,
                    "procedure \"" + name + "\" cannot be a workflow",
                    "It is SECURITY DEFINER or has a SET clause, so it cannot commit its steps.",
                    "Put what needs other rights or settings into functions that its steps call.");
    switch (found.signature) {
    case Signature::Empty:
        return "CALL " + std::string(found.name) + "()";
    case Signature::Input:
        return "CALL " + std::string(found.name) + "($1)";
    case Signature::InputAndResult:
        return "CALL " + std::string(found.name) + "($1, NULL)";
    default:
        throw Error(sqlstate::invalid_function_definition,
                    "procedure \"" + name + "\" cannot be a workflow",
                    "A workflow takes one argument of type jsonb, or none, and may have one more "
                    "argument INOUT or OUT of type jsonb for its result.");
    }
}

} // namespace pgcrew::bgjob
