// A lease may be lost in a crash: the item is handed out again then, as after the end of the lease,
// and the old token is worth nothing. So nobody has to wait until it is on disk.
#pragma once

namespace pgcrew::bgjob::duroxide {

class LazyCommit {
  public:
    // Before anything is written: only a transaction that is this statement alone may be lazy.
    LazyCommit() noexcept;
    void commit() const;

  private:
    bool alone_;
};

// What is written now must last, whatever was fetched before.
void commit_for_good();

} // namespace pgcrew::bgjob::duroxide
