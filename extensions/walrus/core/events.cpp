#include "core/events.hpp"

#include "core/explain.hpp"

namespace pgcrew::walrus {
namespace {

std::string size(int mb) { return pretty_bytes(mb * megabyte); }

std::string change(const char *verb, const Event &event) {
    return std::string(verb) + " max_wal_size from " + size(event.old_mb) + " to " +
           size(event.new_mb);
}

} // namespace

const char *name(EventKind kind) noexcept {
    switch (kind) {
    case EventKind::Increase:
        return "increase";
    case EventKind::Decrease:
        return "decrease";
    case EventKind::Capped:
        return "capped";
    case EventKind::DryRun:
        return "dry_run";
    case EventKind::Skipped:
        return "skipped";
    case EventKind::External:
        return "external";
    case EventKind::Failed:
        return "failed";
    case EventKind::Ignored:
        return "ignored";
    case EventKind::Restored:
        return "restored";
    case EventKind::Reset:
        return "reset";
    }
    return "unknown";
}

std::string sentence(const Event &event) {
    const auto because = [&] { return ": " + sentence(event.decision); };
    switch (event.kind) {
    case EventKind::Increase:
        return change("raised", event) + because();
    case EventKind::Decrease:
        return change("lowered", event) + because();
    case EventKind::Capped:
        if (event.new_mb != event.old_mb)
            return change("raised", event) + because();
        return "left max_wal_size at " + size(event.old_mb) + because();
    case EventKind::DryRun:
        return change("would have changed", event) + because();
    case EventKind::Skipped:
        return "left max_wal_size at " + size(event.old_mb) + because();
    case EventKind::External:
        return "max_wal_size was changed by somebody else from " + size(event.old_mb) + " to " +
               size(event.new_mb);
    case EventKind::Failed:
        return "ALTER SYSTEM failed to set max_wal_size to " + size(event.new_mb);
    case EventKind::Ignored:
        return "ALTER SYSTEM set max_wal_size to " + size(event.new_mb) + ", and the server kept " +
               size(event.old_mb);
    case EventKind::Restored:
        return "walrus.restore() changed max_wal_size back from " + size(event.old_mb) + " to " +
               size(event.new_mb);
    case EventKind::Reset:
        return "walrus.reset() made walrus forget what it had learned";
    }
    return {};
}

} // namespace pgcrew::walrus
