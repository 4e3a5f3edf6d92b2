// How the calls of each function of each node went: counted by the workers, shown by a view.
#pragma once
#include "pg/requests.hpp"

namespace pgcrew::erlang_bridge {

// By a worker; it counts in its own memory and hands over in publish_functions().
void count_function(int node, const Item &call, bool failed, Time took);
void publish_functions();
void reset_statistics();

} // namespace pgcrew::erlang_bridge
