// The server of a gen_call or gen_cast, as SQL names it: 'name', 'global:name', 'via:module:name'
// or the JSON of a pid.
#pragma once
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

struct ServerRef {
    enum class Kind { Name, Global, Via, Pid } kind;
    std::string module; // of Global and Via: what keeps the names
    std::string name;   // of Pid: the raw term

    std::string term() const;       // as gen_server:call/3 takes it
    std::string permission() const; // as grants name it
};

// 22023 for anything else.
ServerRef parse_server(std::string_view text);

// 22023 unless it can be an atom that is not empty: 1 to 255 characters. `what` names it.
void require_atom(std::string_view text, const char *what);

} // namespace pgcrew::erlang_bridge
