// tally: the smallest extension that has all parts. docs/new_extension.md explains it.
#include "core/tally.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/guc.hpp"
#include "pgcrew/shmem.hpp"

#include <memory>

PGCREW_MODULE_MAGIC("tally");

namespace {

struct Root {
    LWLock lock;
    tally::Tally tally;
    static void init(Root &root, int tranche_id) noexcept {
        LWLockInitialize(&root.lock, tranche_id);
    }
};
constinit pgcrew::SharedState<Root> shared{"tally"};

int max_words = 0;

void init() {
    pgcrew::define_int({.name = "tally.max_words",
                        .help = "Sets how many different words are counted.",
                        .variable = &max_words,
                        .boot = tally::most_words,
                        .min = 1,
                        .max = tally::most_words,
                        .context = PGC_SIGHUP});
    pgcrew::reserve_prefix("tally");
    shared.request_if_preloading();
}

} // namespace

void _PG_init() { pgcrew::enter(init); } // NOLINT(bugprone-reserved-identifier)

PGCREW_FUNCTION(tally_add) {
    const std::string word = pgcrew::Args(fcinfo).text(0, "word");
    tally::check_word(word); // whatever may throw comes before the lock, or after
    Root &root = shared.get();
    std::optional<std::int64_t> count;
    {
        const pgcrew::LockGuard lock(&root.lock, LW_EXCLUSIVE);
        count = tally::add(root.tally, word, max_words);
    }
    if (!count)
        throw pgcrew::Error(pgcrew::sqlstate::configuration_limit_exceeded, "too many words",
                            "There are " + std::to_string(max_words) + ".",
                            "Raise \"tally.max_words\".");
    return pgcrew::result(fcinfo, *count);
}

PGCREW_FUNCTION(tally_counts) {
    Root &root = shared.get();
    const auto copy = std::make_unique<tally::Tally>(); // had before the lock
    {
        const pgcrew::LockGuard lock(&root.lock, LW_SHARED);
        *copy = root.tally;
    }
    pgcrew::SetResult rows(fcinfo);
    for (int i = 0; i < copy->used; ++i) {
        const tally::Entry &entry = copy->entries.at(static_cast<std::size_t>(i));
        rows.put({std::string(entry.word.data()), entry.count});
    }
    return rows.done();
}
