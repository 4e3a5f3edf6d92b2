// The procedure of a workflow.
#pragma once
#include <string>

namespace pgcrew::bgjob {

// "CALL schema.name($1)" for a procedure that takes one argument of type jsonb, or none, and may
// have one more that gives a jsonb back. 42883 if there is none of that name, 42P13 for any other
// signature.
std::string call_of_procedure(const std::string &name);

} // namespace pgcrew::bgjob
