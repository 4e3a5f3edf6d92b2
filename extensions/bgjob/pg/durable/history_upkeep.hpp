// The partitions of the history are made ahead and dropped, and what has been remembered for long
// enough is forgotten.
#pragma once

namespace pgcrew::bgjob {

// By the dispatcher, outside of transactions, as often as it likes: does something once an hour,
// and if there is much to do a bit of it each time. Whether there is more to do now.
bool maintain_history();

} // namespace pgcrew::bgjob
