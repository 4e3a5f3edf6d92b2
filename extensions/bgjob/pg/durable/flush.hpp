// Jobs commit without waiting for the disk. Before anybody outside learns that something is done,
// it must be so for good: called with no lock held, after the commit has become visible.
#pragma once

namespace pgcrew::bgjob {

// Whatever has been committed so far survives a crash, and is on the synchronous standbys.
void flush_before_telling();

} // namespace pgcrew::bgjob
