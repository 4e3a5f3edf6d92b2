#include "pg/durable/job_statement.hpp"

#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"
#include "pgcrew/xact.hpp"

#include <list>
#include <unordered_map>
#include <vector>

extern "C" {
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <nodes/params.h>
#include <parser/analyze.h>
#include <tcop/cmdtag.h>
#include <tcop/pquery.h>
#include <tcop/tcopprot.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
#include <utils/lsyscache.h>
#include <utils/numeric.h>
#include <utils/plancache.h>
#include <utils/portal.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t most_statements = 64; // kept by a worker, the latest used

struct Statement {
    std::string key; // search_path and text: names mean something else in another path
    std::vector<Oid> types;
    SPIPlanPtr plan;
};

struct Found {
    Oid *types;
    int count;
    SPIPlanPtr plan;
};

// The types that the statement itself gives its parameters.
Found prepare(const std::string &command) {
    Found found{};
    const MemoryScope stays(CurrentMemoryContext); // SPI changes to its own, which dies before ours
    call([&] {
        List *raw = pg_parse_query(command.c_str());
        if (list_length(raw) == 1)
            (void)pg_analyze_and_rewrite_varparams(static_cast<RawStmt *>(linitial(raw)),
                                                   command.c_str(), &found.types, &found.count,
                                                   nullptr);
        found.plan = SPI_prepare(command.c_str(), found.count, found.types);
        if (found.plan != nullptr)
            SPI_keepplan(found.plan);
    });
    if (found.plan == nullptr)
        throw Error(sqlstate::feature_not_supported, "command of a job cannot be run",
                    SPI_result_code_string(SPI_result));
    return found;
}

// The statements of this worker, those used last first.
class Statements {
  public:
    const Statement &find(const std::string &command) {
        std::string key = std::string(namespace_search_path) + '\0' + command;
        const auto known = by_key_.find(key);
        if (known != by_key_.end()) {
            kept_.splice(kept_.begin(), kept_, known->second);
            if (call([this] { return SPI_plan_is_valid(kept_.front().plan); }))
                return kept_.front();
            forget(kept_.begin()); // something has changed, maybe the types of its parameters
        }
        const Found found = prepare(command);
        kept_.push_front({std::move(key), {found.types, found.types + found.count}, found.plan});
        by_key_.emplace(kept_.front().key, kept_.begin());
        if (kept_.size() > most_statements)
            forget(std::prev(kept_.end()));
        return kept_.front();
    }

  private:
    void forget(std::list<Statement>::iterator which) {
        by_key_.erase(which->key);
        call([plan = which->plan] { SPI_freeplan(plan); });
        kept_.erase(which);
    }

    std::list<Statement> kept_;
    std::unordered_map<std::string_view, std::list<Statement>::iterator> by_key_;
};

const Statement &statement(const std::string &command) {
    static auto *const statements = new Statements; // never destroyed
    return statements->find(command);
}

struct Bound {
    Datum value;
    bool null;
};

// What follows, up to bind(), are server calls. The server's own jsonb keeps every digit.

// The whole of a document as a value.
JsonbValue whole(::Jsonb *document) {
    JsonbValue value{};
    if (JB_ROOT_IS_SCALAR(document))
        return *getIthJsonbValueFromContainer(&document->root, 0);
    value.type = jbvBinary;
    value.val.binary.data = &document->root;
    value.val.binary.len = static_cast<int>(VARSIZE(document) - VARHDRSZ);
    return value;
}

char *text_of(const JsonbValue &value) {
    switch (value.type) {
    case jbvString:
        return pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
    case jbvNumeric:
        return DatumGetCString(
            DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
    case jbvBool:
        return pstrdup(value.val.boolean ? "true" : "false");
    default:
        return JsonbToCString(nullptr, value.val.binary.data, value.val.binary.len);
    }
}

Bound bind_value(JsonbValue value, Oid type) {
    if (type == JSONBOID)
        return {JsonbPGetDatum(JsonbValueToJsonb(&value)), false};
    char *text = nullptr;
    if (type == JSONOID) {
        ::Jsonb *json = JsonbValueToJsonb(&value);
        text = JsonbToCString(nullptr, &json->root, static_cast<int>(VARSIZE(json)));
    } else if (value.type == jbvNull) {
        return {0, true};
    } else {
        text = text_of(value);
    }
    Oid input = InvalidOid, parameter = InvalidOid;
    getTypeInputInfo(type, &input, &parameter);
    return {OidInputFunctionCall(input, text, parameter, -1), false};
}

::Jsonb *document(const std::string &json) {
    return reinterpret_cast<::Jsonb *>(
        PG_DETOAST_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.c_str()))));
}

std::vector<Bound> bind(const Statement &s, const std::optional<std::string> &args,
                        const std::optional<std::string> &extra) {
    const std::size_t wanted = s.types.size();
    ::Jsonb *list = args ? call([&] { return document(*args); }) : nullptr;
    if (list != nullptr && (!JB_ROOT_IS_ARRAY(list) || JB_ROOT_IS_SCALAR(list)))
        throw Error(sqlstate::invalid_parameter_value, "arguments must be a JSON array");
    const std::size_t given = list != nullptr ? JB_ROOT_COUNT(list) : 0;
    if (given != wanted && !(extra && given + 1 == wanted))
        throw Error(sqlstate::invalid_parameter_value, "wrong number of arguments",
                    "The command has " + std::to_string(wanted) + " parameters, the list has " +
                        std::to_string(given) + " elements.");
    std::vector<Bound> bound(wanted);
    call([&] {
        for (std::size_t i = 0; i < given; ++i)
            bound[i] = bind_value(
                *getIthJsonbValueFromContainer(&list->root, static_cast<uint32>(i)), s.types[i]);
        if (given < wanted)
            bound[given] = bind_value(whole(document(*extra)), s.types[given]);
    });
    return bound;
}

// Server calls; null for no parameters.
ParamListInfo parameters(const Oid *types, const Bound *bound, int count) {
    if (count == 0)
        return nullptr;
    ParamListInfo params = makeParamList(count);
    for (int i = 0; i < count; ++i) {
        ParamExternData &p = params->params[i];
        p.value = bound[i].value;
        p.isnull = bound[i].null;
        p.pflags = PARAM_FLAG_CONST;
        p.ptype = types[i];
    }
    return params;
}

// The first column of the first row, as text in memory that outlives transactions.
struct FirstValue {
    DestReceiver receiver;
    MemoryContext memory;
    char *text;
};

bool receive_first_value(TupleTableSlot *slot, DestReceiver *self) {
    auto &to = *reinterpret_cast<FirstValue *>(self);
    bool null = false;
    const Datum value = slot_getattr(slot, 1, &null);
    if (null || to.text != nullptr)
        return true;
    Oid output = InvalidOid;
    bool varlena = false;
    getTypeOutputInfo(TupleDescAttr(slot->tts_tupleDescriptor, 0)->atttypid, &output, &varlena);
    const MemoryContext caller = MemoryContextSwitchTo(to.memory);
    to.text = OidOutputFunctionCall(output, value);
    MemoryContextSwitchTo(caller);
    return true;
}

} // namespace

void run_statement_of_job(const std::string &command, const std::optional<std::string> &args,
                          DestReceiver *rows, const std::optional<std::string> &extra) {
    const Statement &s = statement(command);
    const std::vector<Bound> bound = bind(s, args, extra);
    const MemoryScope stays(CurrentMemoryContext);
    const int code = call([&] {
        SPIExecuteOptions options{};
        options.params = parameters(s.types.data(), bound.data(), static_cast<int>(bound.size()));
        options.dest = rows;
        return SPI_execute_plan_extended(s.plan, &options);
    });
    if (code < 0)
        throw Error(sqlstate::feature_not_supported, "command of a job cannot be run",
                    SPI_result_code_string(code));
}

void run_top_level_statement(const std::string &command, const std::optional<std::string> &args,
                             DestReceiver *rows, MemoryContext memory) {
    const Statement &s = [&]() -> const Statement & {
        const ActiveSnapshot snapshot;
        const Spi spi; // to prepare it
        return statement(command);
    }();
    const List *sources = call([&] { return SPI_plan_get_plan_sources(s.plan); });
    if (list_length(sources) != 1)
        throw Error(sqlstate::syntax_error, "this needs exactly one statement",
                    "The text has " + std::to_string(list_length(sources)) + ".");
    std::vector<Bound> bound;
    {
        const MemoryScope scope(memory);
        bound = bind(s, args, {});
    }
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory);
        ParamListInfo params =
            parameters(s.types.data(), bound.data(), static_cast<int>(bound.size()));
        MemoryContextSwitchTo(caller);
        auto *source = static_cast<CachedPlanSource *>(linitial(sources));
        const CommandTag tag = source->commandTag;
        const bool needs_snapshot =
            source->raw_parse_tree != nullptr && analyze_requires_snapshot(source->raw_parse_tree);
        if (needs_snapshot)
            PushActiveSnapshot(GetTransactionSnapshot());
        CachedPlan *plan = GetCachedPlan(source, params, nullptr, nullptr);
        if (needs_snapshot)
            PopActiveSnapshot();
        Portal portal = CreatePortal("", true, true);
        portal->visible = false;
        PortalDefineQuery(portal, nullptr, command.c_str(), tag, plan->stmt_list, plan);
        PortalStart(portal, params, 0, InvalidSnapshot);
        QueryCompletion completion;
        InitializeQueryCompletion(&completion);
        compat::run_portal(portal, true, rows, &completion);
        PortalDrop(portal, false);
    });
}

namespace {

// The command of a workflow with its types, so that it means the procedure with arguments of these
// types, whatever others of its name there are. `parameter`: where "($1" stands, or npos.
std::string typed_call(std::string command, std::size_t parameter, bool input) {
    constexpr std::string_view type = "::pg_catalog.jsonb", result = ", NULL)";
    if (command.ends_with(result))
        command.insert(command.size() - 1, type);
    if (parameter != std::string::npos)
        command.replace(parameter, 3, std::string(input ? "($1" : "(NULL").append(type));
    return command;
}

} // namespace

std::optional<std::string> run_call_of_job(const std::string &command,
                                           const std::optional<std::string> &input) {
    const OwnedMemory memory("bgjob call", TopMemoryContext);
    FirstValue result{};
    result.memory = memory.get();
    result.receiver.receiveSlot = receive_first_value;
    result.receiver.rStartup = [](DestReceiver *, int, TupleDesc) {};
    result.receiver.rShutdown = result.receiver.rDestroy = [](DestReceiver *) {};
    result.receiver.mydest = DestNone;
    const std::size_t parameter = command.rfind("($1");
    const std::string args = parameter != std::string::npos && input ? "[" + *input + "]" : "[]";
    run_top_level_statement(typed_call(command, parameter, input.has_value()), args,
                            &result.receiver, memory.get());
    if (result.text == nullptr)
        return std::nullopt;
    return std::string(result.text);
}

} // namespace pgcrew::bgjob
