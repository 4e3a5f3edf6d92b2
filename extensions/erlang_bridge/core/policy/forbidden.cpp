#include "core/policy/forbidden.hpp"

#include "core/policy/pattern.hpp"

namespace pgcrew::erlang_bridge {
namespace {

struct Function {
    std::string_view module, function, why; // patterns
};

struct Server {
    std::string_view name, why; // a pattern
};

constexpr std::string_view any = "*";
constexpr std::string_view runs = "runs code", detour = "detour", files = "files",
                           network = "network", secrets = "secrets", stops = "stops things",
                           spies = "spies", sends = "sends messages", starts = "starts things",
                           state = "changes the node", atoms = "makes atoms";

constexpr Function functions[] = {
    // the machine
    {"os", any, runs},
    {"heart", any, runs},
    {"erl_ddll", any, runs},
    {"file", any, files},
    {"file_io_server", any, files},
    {"file_server", any, files},
    {"file_sorter", any, files},
    {"prim_*", any, files},
    {"filelib", any, files},
    {"ram_file", any, files},
    {"disk_log*", any, files},
    {"dets*", any, files},
    {"erl_tar", any, files},
    {"zip", any, files},
    {"beam_lib", any, files},
    {"epp", any, files},
    {"epp_dodger", any, files},
    {"erl_prim_loader", any, files},
    {"erl_boot_server", any, files},
    {"log_mf_h", any, files},
    {"logger*", any, files},
    {"error_logger*", any, files},
    {"xmerl*", any, files},
    {"systools*", any, files},
    {"leex", any, files},
    {"yecc*", any, files},
    {"mnesia", "*backup*", files},
    {"mnesia", "restore", files},
    {"mnesia", "install_fallback", files},
    {"mnesia", "*textfile", files},
    {"mnesia", "change_*", state},
    {"mnesia", "activity", runs},
    {"gen_tcp*", any, network},
    {"gen_udp*", any, network},
    {"gen_sctp*", any, network},
    {"inet*", any, network},
    {"socket*", any, network},
    {"ssl*", any, network},
    {"tls*", any, network},
    {"ssh*", any, network},
    {"httpc*", any, network},
    {"httpd*", any, network},
    {"ftp*", any, network},
    {"tftp*", any, network},
    {"odbc", any, network},
    {"eldap", any, network},
    // code
    {"code", any, runs},
    {"code_server", any, runs},
    {"compile", any, runs},
    {"erl_compile*", any, runs},
    {"asn1ct*", any, files},
    {"dialyzer*", any, files},
    {"edoc*", any, files},
    {"reltool*", any, files},
    {"public_key", "cacerts_*", files},
    {"merl*", any, runs},
    {"erl_eval", any, runs},
    {"eval_bits", any, runs},
    {"qlc*", any, runs},
    {"c", any, runs},
    {"i", any, spies},
    {"shell*", any, runs},
    {"user", any, runs},
    {"user_drv", any, runs},
    {"user_sup", any, runs},
    {"group", any, runs},
    {"edlin*", any, runs},
    {"escript", any, runs},
    {"ct", any, runs},
    {"ct_*", any, runs},
    {"test_server*", any, runs},
    {"eunit*", any, runs},
    {"cover", any, runs},
    {"crypto", "*engine*", runs},
    {"erlang", "apply", detour},
    {"erlang", "hibernate", detour},
    {"erlang", "spawn*", detour},
    {"erlang", "open_port", runs},
    {"erlang", "port_*", sends},
    {"erlang", "load_*", runs},
    {"erlang", "*_module*", runs},
    {"erlang", "*_code", runs},
    {"erlang", "*loading", runs},
    {"erlang", "call_on_load_function", runs},
    {"erts_*", any, runs},
    {"erl_erts_errors", any, runs},
    // other ways to call
    {"error_handler", any, detour}, // calls what it takes for undefined
    {"rpc", any, detour},
    {"erpc", any, detour},
    {"proc_lib", any, detour},
    {"timer", "apply_*", detour},
    {"timer", "exec*", detour},
    {"timer", "tc", detour},
    {"timer", "send_*", sends},
    {"timer", "kill_*", stops},
    {"timer", "exit_*", stops},
    {"gen", any, detour},
    {"gen_server", any, detour},
    {"gen_statem", any, detour},
    {"gen_event", any, detour},
    {"gen_fsm", any, detour},
    {"supervisor*", any, starts},
    {"alarm_handler", any, detour},
    {"wx_object", any, detour},
    {"erlang", "!", sends},
    {"erlang", "send*", sends},
    {"erlang", "start_timer", sends},
    {"erlang", "dist_*", sends},
    // the node itself
    {"init", any, stops},
    {"erlang", "halt", stops},
    {"erlang", "exit*", stops},
    {"erlang", "link", stops}, // to a process that is about to end
    {"erlang", "suspend_*", stops},
    {"erlang", "resume_*", stops},
    {"erlang", "disconnect_node", stops},
    {"erlang", "process_flag", state},
    {"erlang", "system_flag", state},
    {"erlang", "group_leader", state},
    {"erlang", "register", state},
    {"erlang", "unregister", state},
    {"erlang", "setnode", state},
    {"application*", any, starts},
    {"release_handler*", any, runs},
    {"net_kernel", any, state},
    {"net_adm", any, network},
    {"net", any, network},
    {"erl_epmd", any, network},
    {"erl_distribution", any, state},
    {"dist_util", any, network},
    {"global", any, state},
    {"global_group", any, state},
    {"slave", any, runs},
    {"peer", any, runs},
    {"pool", any, runs},
    // secrets and other people's data
    {"auth", any, secrets},
    {"erlang", "*_cookie", secrets},
    {"erlang", "process_info", spies},
    {"erlang", "process_display", spies},
    {"erlang", "trace*", spies},
    {"erlang", "system_monitor", spies},
    {"erlang", "system_profile", spies},
    {"ets", any, secrets},
    {"persistent_term", any, secrets},
    {"sys", any, spies},
    {"dbg", any, spies},
    {"trace", any, spies},
    {"ttb*", any, spies},
    {"seq_trace", any, spies},
    {"debugger", any, spies},
    {"int", any, spies},
    {"cprof", any, detour},
    {"eprof", any, detour},
    {"fprof", any, detour},
    {"tprof", any, detour},
    {"etop*", any, spies},
    {"observer*", any, spies},
    {"recon", any, spies},
    {"recon_*", any, spies},
    {"instrument", any, spies},
    {"crashdump_viewer", any, files},
    // atoms are never collected, and a node ends when it has too many
    {"erlang", "list_to_atom", atoms},
    {"erlang", "binary_to_atom", atoms},
    {"erlang", "binary_to_term", atoms},
    {"erl_scan", any, atoms},
    {"io_lib", "fread", atoms},
    {"Elixir.String", "to_atom", atoms},
    {"Elixir.List", "to_atom", atoms},
    // the same in Elixir
    {"Elixir.System", any, runs},
    {"Elixir.Code*", any, runs},
    {"Elixir.File*", any, files},
    {"Elixir.Path", any, files},
    {"Elixir.Port", any, runs},
    {"Elixir.Module*", any, runs},
    {"Elixir.Kernel*", any, detour},
    {"Elixir.IEx*", any, runs},
    {"Elixir.Mix*", any, runs},
    {"Elixir.EEx*", any, runs},
    {"Elixir.Node", any, detour},
    {"Elixir.Process", any, detour},
    {"Elixir.Task*", any, detour},
    {"Elixir.Agent*", any, detour},
    {"Elixir.GenServer", any, detour},
    {"Elixir.GenEvent", any, detour},
    {"Elixir.Supervisor*", any, starts},
    {"Elixir.DynamicSupervisor", any, starts},
    {"Elixir.PartitionSupervisor", any, starts},
    {"Elixir.Application", any, starts},
    {"Elixir.Config*", any, secrets},
    {"Elixir.Logger*", any, files},
};

constexpr Server servers[] = {
    {"pid", "any process"}, // the pid of rex can be made up
    {"rex", runs},
    {"code_server", runs},
    {"erl_prim_loader", files},
    {"init", stops},
    {"heart", runs},
    {"file_server*", files},
    {"disk_log*", files},
    {"dets*", files},
    {"net_kernel", state},
    {"net_sup", starts},
    {"erl_epmd", network},
    {"auth", secrets},
    {"inet_*", network},
    {"global_*", state},
    {"application_controller", starts},
    {"release_handler", runs},
    {"kernel_*", starts},
    {"*_sup", starts}, // a child's start function can be anything
    {"*supervisor*", starts},
    {"*Supervisor*", starts},
    {"user", runs},
    {"user_drv*", runs},
    {"shell*", runs},
    {"standard_error*", files},
    {"logger*", files},
    {"error_logger", files},
    {"erl_signal_server", stops},
    {"erts_*", runs},
    {"timer_server", detour},
    {"ddll_server", runs},
    {"boot_server", files},
    {"pool_master", runs},
    {"dbg", spies},
    {"ssh_*", network},
    {"ssl_*", network},
    {"tls_*", network},
    {"httpc_*", network},
    {"mnesia_*", files},
    {"Elixir.Code*", runs},
    {"Elixir.IEx*", runs},
    {"Elixir.Mix*", runs},
    {"Elixir.Logger*", files},
};

// Names that a server is known by elsewhere than on its node are names all the same.
std::string_view local_name(std::string_view server) noexcept {
    const std::size_t colon = server.rfind(':');
    const bool elsewhere = server.substr(0, 7) == "global:" || server.substr(0, 4) == "via:";
    return elsewhere ? server.substr(colon + 1) : server;
}

} // namespace

std::string_view why_forbidden(const Permission &wanted) noexcept {
    if (wanted.is_message()) {
        for (const Server &server : servers)
            if (matches(server.name, local_name(wanted.server)))
                return server.why;
        return {};
    }
    for (const Function &function : functions)
        if (matches(function.module, wanted.module) && matches(function.function, wanted.function))
            return function.why;
    return {};
}

} // namespace pgcrew::erlang_bridge
