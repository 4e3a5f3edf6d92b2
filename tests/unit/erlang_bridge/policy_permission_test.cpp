#include "catch.hpp"
#include "core/policy/forbidden.hpp"
#include "core/policy/permission.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;

namespace {

bool allows(std::string_view grant, std::string_view wanted) {
    return covers(parse_permission(grant).value(), parse_permission(wanted).value());
}

std::string_view why(std::string_view wanted) {
    return why_forbidden(parse_permission(wanted).value());
}

} // namespace

TEST_CASE("what a permission may look like", "[policy]") {
    const auto call = parse_permission("lists:*");
    REQUIRE(call);
    CHECK(call->module == "lists");
    CHECK(call->function == "*");
    CHECK_FALSE(call->is_message());
    CHECK_FALSE(call->is_literal());
    const auto message = parse_permission("!via:syn:bank");
    REQUIRE(message);
    CHECK(message->server == "via:syn:bank");
    CHECK(message->is_message());
    CHECK(message->is_literal());
    for (const std::string bad : {"", "!", "lists", ":", "lists:", ":sum", "a:b\n", "!k\x7f"})
        CHECK_FALSE(parse_permission(bad));
    CHECK_FALSE(parse_permission(std::string_view("a:b\0c", 5)));
    CHECK(parse_permission(std::string(300, 'm') + ":" + std::string(299, 'f')));
    CHECK_FALSE(parse_permission(std::string(300, 'm') + ":" + std::string(300, 'f')));
}

TEST_CASE("[erl-F6] grants cover what they name", "[policy]") {
    CHECK(allows("lists:sum", "lists:sum"));
    CHECK(allows("lists:*", "lists:sum"));
    CHECK(allows("*:get_*", "stats:get_all"));
    CHECK(allows("*:*", "lists:sum"));
    CHECK_FALSE(allows("lists:sum", "lists:summary"));
    CHECK_FALSE(allows("lists:*", "maps:get"));
    CHECK_FALSE(allows("lists:*", "my_lists:sum"));

    CHECK(allows("!kv", "!kv"));
    CHECK(allows("!global:*", "!global:bank"));
    CHECK(allows("!*", "!via:syn:bank"));
    CHECK_FALSE(allows("!kv", "!kv2"));

    // a star in what is wanted is only a character
    CHECK_FALSE(allows("lists:sum", "lists:*"));
}

TEST_CASE("[erl-F6] calls and messages do not cover each other", "[policy]") {
    CHECK_FALSE(allows("*:*", "!kv"));
    CHECK_FALSE(allows("*:*", "!global:kv"));
    CHECK_FALSE(allows("!*", "lists:sum"));
    CHECK_FALSE(allows("!lists:sum", "lists:sum"));
}

TEST_CASE("[erl-F6] no pattern covers what is forbidden, its name does", "[policy]") {
    for (const char *what : {"os:cmd",
                             "file:read_file",
                             "code:load_binary",
                             "init:stop",
                             "erlang:halt",
                             "erlang:apply",
                             "erlang:spawn_link",
                             "erlang:open_port",
                             "erlang:load_module",
                             "erlang:load_nif",
                             "erlang:send_after",
                             "erlang:!",
                             "erlang:get_cookie",
                             "erlang:set_cookie",
                             "auth:get_cookie",
                             "erpc:call",
                             "rpc:call",
                             "proc_lib:spawn",
                             "timer:apply_after",
                             "timer:tc",
                             "erl_eval:expr",
                             "compile:file",
                             "c:c",
                             "shell:start",
                             "net_kernel:stop",
                             "application:set_env",
                             "gen_server:call",
                             "gen_statem:cast",
                             "gen_event:notify",
                             "sys:replace_state",
                             "dbg:tracer",
                             "erts_debug:set_internal_state",
                             "prim_file:read_file",
                             "ets:tab2list",
                             "heart:set_cmd",
                             "erl_ddll:load",
                             "supervisor:start_child",
                             "peer:start",
                             "httpc:request",
                             "erl_eval:-fun-",
                             "Elixir.System:cmd",
                             "Elixir.Code:eval_string",
                             "Elixir.Kernel:apply",
                             "!rex",
                             "!code_server",
                             "!init",
                             "!file_server_2",
                             "!net_kernel",
                             "!kernel_sup",
                             "!application_controller",
                             "!user",
                             "!erl_prim_loader",
                             "!global_name_server",
                             "!logger",
                             "!my_app_sup",
                             "!pid",
                             "!global:rex",
                             "!via:global:my_app_sup"}) {
        INFO(what);
        CHECK_FALSE(why(what).empty());
        CHECK(allows(what, what));
        CHECK_FALSE(allows("*:*", what));
        CHECK_FALSE(allows("!*", what));
        const std::string text = what;
        CHECK_FALSE(allows(text.substr(0, text.size() - 1) + "*", what));
        if (text[0] != '!')
            CHECK_FALSE(allows(text.substr(0, text.find(':')) + ":*", what));
    }
}

TEST_CASE("[erl-F6] patterns cover everyday things", "[policy]") {
    for (const char *what : {"erlang:node",
                             "erlang:nodes",
                             "erlang:system_info",
                             "erlang:memory",
                             "erlang:length",
                             "erlang:whereis",
                             "erlang:throw",
                             "lists:sum",
                             "lists:foreach",
                             "maps:get",
                             "timer:sleep",
                             "calendar:local_time",
                             "mnesia:dirty_read",
                             "crypto:hash",
                             "my_app:apply",
                             "user_store:get",
                             "reconciler:run",
                             "erlang:list_to_existing_atom",
                             "cmd:os",
                             "Elixir.Enum:sum",
                             "Elixir.MyApp.Stats:get",
                             "erlang:tuple_to_list",
                             "string:length"}) {
        INFO(what);
        CHECK(why(what).empty());
        CHECK(allows("*:*", what));
    }
    for (const char *what : {"!kv", "!global:bank", "!via:syn:bank", "!my_server", "!rexx"}) {
        INFO(what);
        CHECK(why(what).empty());
        CHECK(allows("!*", what));
    }
}
