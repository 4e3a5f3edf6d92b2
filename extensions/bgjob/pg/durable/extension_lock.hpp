// The lock that comes before those of bgjob's own tables.
#pragma once

namespace pgcrew::bgjob {

// In a transaction: until its end nobody drops the extension. DROP EXTENSION locks the extension
// first, and then its tables in an order that is nobody's business. Who holds the former before the
// latter cannot be in a deadlock with it: one waits for the other here, with nothing in its hands.
void hold_extension();

} // namespace pgcrew::bgjob
