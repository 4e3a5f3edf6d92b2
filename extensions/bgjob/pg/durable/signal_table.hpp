// The rows of bgjob.signal: mailboxes of workflows, first in first out for each name.
#pragma once
#include "pg/durable/private_table.hpp"

namespace pgcrew::bgjob {

class SignalTable : NoCopy {
  public:
    void add(int64 job, const std::string &name, const std::optional<std::string> &payload);
    bool has(int64 job, const std::string &name);
    // The oldest of that name, which is in the mailbox no longer; empty if there is none.
    struct Taken {
        std::optional<std::string> payload;
    };
    std::optional<Taken> take(int64 job, const std::string &name);
    std::size_t count(int64 job);
    void remove_all(int64 job);

  private:
    std::optional<PrivateRow> first(int64 job, const std::string &name);
    PrivateTable table_{"signal"};
};

} // namespace pgcrew::bgjob
