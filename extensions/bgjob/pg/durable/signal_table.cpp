#include "pg/durable/signal_table.hpp"

#include "core/limits.hpp"
#include "pg/durable/optional_json.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <common/hashfn.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/jobs.sql.
enum Column : AttrNumber { Job = 1, NameHash, Id, SentAt, Name, Payload };

constexpr auto most = static_cast<std::size_t>(limits::inbox_signals);

// Of the name: the index leads to the mailbox of one name, or very few.
int64 hash_of(const std::string &name) {
    return static_cast<int64>(hash_bytes_extended(
        reinterpret_cast<const unsigned char *>(name.data()), static_cast<int>(name.size()), 0));
}

} // namespace

void SignalTable::add(int64 job, const std::string &name,
                      const std::optional<std::string> &payload) {
    const OptionalJson json(payload);
    table_.insert({Value(job), Value(hash_of(name)), Value(PrivateTable::next_value("signal_id")),
                   time_value(GetCurrentTimestamp()), Value(name), json.value()});
}

std::optional<PrivateRow> SignalTable::first(int64 job, const std::string &name) {
    std::optional<PrivateRow> row = table_.find("signal_pkey", {job, hash_of(name)});
    if (!row || row->text(Name) == name)
        return row;
    for (PrivateRow &other : table_.all("signal_pkey", {job, hash_of(name)}, most))
        if (other.text(Name) == name)
            return std::move(other);
    return std::nullopt;
}

bool SignalTable::has(int64 job, const std::string &name) { return first(job, name).has_value(); }

std::optional<SignalTable::Taken> SignalTable::take(int64 job, const std::string &name) {
    const std::optional<PrivateRow> row = first(job, name);
    if (!row || !table_.remove(*row))
        return std::nullopt;
    return Taken{row->opt_text(Payload)};
}

std::size_t SignalTable::count(int64 job) { return table_.count("signal_pkey", {job}, most); }

void SignalTable::remove_all(int64 job) {
    for (const PrivateRow &row : table_.all("signal_pkey", {job}, SIZE_MAX))
        (void)table_.remove(row);
}

} // namespace pgcrew::bgjob
