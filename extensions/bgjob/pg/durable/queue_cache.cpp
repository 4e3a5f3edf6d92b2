#include "pg/durable/queue_cache.hpp"

#include "pg/durable/at_commit.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>

extern "C" {
#include <utils/inval.h>
#include <utils/rel.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t most_queues = 1'000'000;

// In the order of sql/bgjob/1.0/queues.sql.
namespace column {
enum : AttrNumber { Id = 1, Name, Paused, Options };
}

struct Cache {
    bool fresh;
    std::uint64_t changes; // that were heard of
    Oid table;
    std::vector<Queue> *queues; // for ever; by id
} cache;

void on_relcache_change(Datum, Oid relation) {
    if (relation == InvalidOid || relation == cache.table)
        forget_queues();
}

void load() {
    if (cache.queues == nullptr) {
        cache.queues = new std::vector<Queue>;
        call([] { CacheRegisterRelcacheCallback(callback<&on_relcache_change>, Datum{0}); });
    }
    PrivateTable table("queue");
    cache.table = call([&] { return RelationGetRelid(table.relation()); });
    const std::uint64_t before = cache.changes;
    std::vector<Queue> found;
    for (const PrivateRow &row : table.all("queue_pkey", {}, most_queues))
        found.push_back({row.int32_of(column::Id), row.text(column::Name),
                         row.boolean(column::Paused),
                         parse_queue_options(parse_json(row.text(column::Options)))});
    if (found.empty() || found.front().id != 0)
        found.insert(found.begin(), Queue{0, "default"});
    *cache.queues = std::move(found);
    cache.fresh = cache.changes == before;
}

} // namespace

const std::vector<Queue> &all_queues() {
    if (!cache.fresh)
        load();
    return *cache.queues;
}

const Queue &queue_of_id(int32 id) {
    static const auto &unknown = *new Queue; // never destroyed
    const std::vector<Queue> &all = all_queues();
    const auto found = std::lower_bound(all.begin(), all.end(), id,
                                        [](const Queue &queue, int32 i) { return queue.id < i; });
    return found == all.end() || found->id != id ? unknown : *found;
}

const Queue &require_queue(std::string_view name) {
    const auto find = [&]() -> const Queue * {
        const std::vector<Queue> &all = all_queues();
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const Queue &queue) { return queue.name == name; });
        return found == all.end() ? nullptr : &*found;
    };
    const Queue *queue = find();
    if (queue == nullptr) {
        forget_queues(); // a restore tells nobody of its rows
        queue = find();
    }
    if (queue == nullptr)
        throw Error(sqlstate::undefined_object,
                    "queue \"" + std::string(name) + "\" does not exist", "",
                    "Make it with bgjob.set_queue().");
    return *queue;
}

void announce_change_of_queues() {
    PrivateTable table("queue");
    call([&] { CacheInvalidateRelcache(table.relation()); });
    tell_of_queues();
}

void forget_queues() noexcept {
    cache.fresh = false;
    ++cache.changes;
}

JobOptions options_of_job(const DurableJob &job) {
    RetryPolicy policy;
    policy.attempts = queue_of_id(job.queue).options.max_attempts;
    return parse_job_options(job.options.value_or(""), policy);
}

} // namespace pgcrew::bgjob
