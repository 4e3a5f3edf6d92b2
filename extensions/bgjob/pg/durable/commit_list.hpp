// What somebody is told once the running transaction has committed, piece by piece: what belongs to
// a subtransaction goes when that is rolled back, and all of it with the transaction.
#pragma once
#include "pgcrew/guards.hpp"

#include <utility>
#include <vector>

extern "C" {
#include <access/xact.h>
}

namespace pgcrew::bgjob {

// One list a kind of news; it lives as long as the process. tell() runs within cleanup().
template <class T> class CommitList : NoCopy {
  public:
    struct Entry {
        T piece;
        SubTransactionId made_in;
    };
    using Entries = std::vector<Entry>;

    // `task` names it in the log, should it fail. before_prepare() may refuse PREPARE TRANSACTION.
    CommitList(const char *task, void (*tell)(const Entries &), void (*before_prepare)() = nullptr)
        : task_(task), tell_(tell), before_prepare_(before_prepare) {
        call([this] {
            RegisterXactCallback(callback<&CommitList::at_end>, this);
            RegisterSubXactCallback(callback<&CommitList::at_subtransaction_end>, this);
        });
    }

    void add(T piece) { entries_.push_back({std::move(piece), GetCurrentSubTransactionId()}); }

  private:
    static void at_end(XactEvent event, void *list) { static_cast<CommitList *>(list)->end(event); }
    void end(XactEvent event) {
        if (entries_.empty())
            return;
        if (event == XACT_EVENT_PRE_PREPARE && before_prepare_ != nullptr)
            before_prepare_();
        if (event == XACT_EVENT_COMMIT)
            cleanup(task_, [this] { tell_(entries_); });
        if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
            entries_.clear();
    }

    // Subtransactions within the one that is rolled back have begun later.
    static void at_subtransaction_end(SubXactEvent event, SubTransactionId own, SubTransactionId,
                                      void *list) {
        if (event == SUBXACT_EVENT_ABORT_SUB)
            std::erase_if(static_cast<CommitList *>(list)->entries_,
                          [own](const Entry &entry) { return entry.made_in >= own; });
    }

    const char *const task_;
    void (*const tell_)(const Entries &);
    void (*const before_prepare_)();
    Entries entries_;
};

} // namespace pgcrew::bgjob
