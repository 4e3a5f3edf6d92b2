// A job is one transaction, and each statement sees what the earlier ones did: the same rules as a
// simple query message of several statements (tcop/postgres.c, exec_simple_query), but for
// transaction control, which belongs to the worker, and COPY, which has no client here. A lone
// statement is a top-level one, so VACUUM and procedures that commit work.
#include "pg/run_sql.hpp"

#include "core/copy_text.hpp"
#include "pg/spool_writer.hpp"
#include "pgcrew/compat.hpp"

#include <vector>

extern "C" {
#include <access/xact.h>
#include <nodes/parsenodes.h>
#include <parser/analyze.h>
#include <tcop/cmdtag.h>
#include <tcop/pquery.h>
#include <tcop/tcopprot.h>
#include <tcop/utility.h>
#include <utils/portal.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {
namespace {

void refuse_what_needs_a_client(List *statements) {
    for (int i = 0; i < list_length(statements); ++i) {
        const Node *statement = static_cast<RawStmt *>(list_nth(statements, i))->stmt;
        if (IsA(statement, TransactionStmt))
            throw Error(
                sqlstate::feature_not_supported,
                "transaction control statements are not allowed in a job",
                "A job is one transaction.",
                "A lone CALL of a procedure may commit and roll back inside the procedure.");
        if (IsA(statement, CopyStmt) &&
            reinterpret_cast<const CopyStmt *>(statement)->filename == nullptr)
            throw Error(sqlstate::feature_not_supported,
                        "COPY from or to the client is not allowed in a job",
                        "A job has no client.", "Use COPY with a file or a program, or a query.");
    }
}

struct Completion {
    char tag[COMPLETION_TAG_BUFSIZE];
    uint64 processed;
    bool returned_rows;
};

// As psql shows it: INSERT tells an OID that has been 0 since tables lost theirs.
void write_tag(char (&to)[COMPLETION_TAG_BUFSIZE], const QueryCompletion &completion) {
    const char *name = GetCommandTagName(completion.commandTag);
    if (!command_tag_display_rowcount(completion.commandTag))
        copy_text(to, name);
    else
        pg_snprintf(to, COMPLETION_TAG_BUFSIZE, "%s%s " UINT64_FORMAT, name,
                    completion.commandTag == CMDTAG_INSERT ? " 0" : "", completion.nprocessed);
}

Completion run_statement(RawStmt *raw, const char *sql, bool alone, DestReceiver *rows) {
    return call([&] {
        Completion done{};
        if (!alone)
            BeginImplicitTransactionBlock();
        const bool needs_snapshot = analyze_requires_snapshot(raw);
        if (needs_snapshot)
            PushActiveSnapshot(GetTransactionSnapshot());
        List *queries = pg_analyze_and_rewrite_fixedparams(raw, sql, nullptr, 0, nullptr);
        List *plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
        if (needs_snapshot)
            PopActiveSnapshot();
        CHECK_FOR_INTERRUPTS();

        Portal portal = CreatePortal("", true, true);
        portal->visible = false;
        PortalDefineQuery(portal, nullptr, sql, CreateCommandTag(raw->stmt), plans, nullptr);
        PortalStart(portal, nullptr, 0, InvalidSnapshot);
        done.returned_rows = portal->tupDesc != nullptr;
        DestReceiver *to = done.returned_rows && rows != nullptr ? rows : None_Receiver;
        QueryCompletion completion;
        InitializeQueryCompletion(&completion);
        compat::run_portal(portal, alone, to, &completion);
        PortalDrop(portal, false);

        write_tag(done.tag, completion);
        done.processed = completion.nprocessed;
        if (rows == nullptr)
            CommandCounterIncrement();
        return done;
    });
}

} // namespace

std::string run_sql(const std::string &sql, SpoolWriter &output) {
    List *statements = call([&] { return pg_parse_query(sql.c_str()); });
    refuse_what_needs_a_client(statements);
    const int count = list_length(statements);
    std::vector<std::string> tags;
    Completion done{};
    for (int i = 0; i < count; ++i) {
        auto *raw = static_cast<RawStmt *>(list_nth(statements, i));
        done = run_statement(raw, sql.c_str(), count == 1,
                             i == count - 1 ? output.receiver() : nullptr);
        tags.emplace_back(done.tag);
    }
    if (count > 1)
        call([] { EndImplicitTransactionBlock(); });
    if (!done.returned_rows)
        output.put_command_tags(tags, done.processed);
    return done.tag;
}

} // namespace pgcrew::bgjob
