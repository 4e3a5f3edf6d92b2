// Decisions in words: one plain sentence for people, fixed names for machines.
#pragma once
#include "core/law.hpp"

#include <string>
#include <vector>

namespace pgcrew::walrus {

const char *name(Action) noexcept; // "hold", "increase", ...
const char *name(Reason) noexcept; // "enough", "warming_up", ...
const char *name(Limit) noexcept;  // "", "walrus.max", "disk", "recovery"

// One sentence: what walrus does and why, with the figures that led to it.
std::string sentence(const Decision &);
// What to change so that the limit no longer binds; empty if none does.
std::string unbind(const Decision &, const Config &, const Environment &);
// What to run to set max_wal_size by hand.
std::string statement_to_set(int mb);

struct Advice {
    const char *setting; // checkpoint_timeout, min_wal_size, wal_compression, walrus.max, ...
    std::string value;   // suggested, with unit
    std::string why;
};
struct AdviceInput {
    Decision decision{};
    Environment environment{};
    double image_share = 0;       // of WAL, in full-page images, over the recorded minutes
    bool wal_compression = false; // is on
    bool retained_fills_disk = false;
    Config config{}; // whose limits bind
};
// Other settings worth a look; empty: none.
std::vector<Advice> advice(const AdviceInput &);

// "1.5 GB", "640 MB", "0 bytes".
std::string pretty_bytes(std::int64_t bytes);
} // namespace pgcrew::walrus
