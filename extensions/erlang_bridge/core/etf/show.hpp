// Pids and their like for people, as Erlang prints them, but with the name of the node where Erlang
// has a number that means something on one node only.
#pragma once
#include "core/etf/visitor.hpp"

#include <string>

namespace pgcrew::erlang_bridge {

std::string show(const Pid &pid);             // <name@host.83.0>
std::string show(const Port &port);           // #Port<name@host.5>
std::string show(const Reference &reference); // #Ref<name@host.3.2.1>
std::string show(const Export &fun);          // module:function/1

} // namespace pgcrew::erlang_bridge
