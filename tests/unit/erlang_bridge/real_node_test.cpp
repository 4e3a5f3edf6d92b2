// The link against nodes of the installed Erlang/OTP.
#include "real_client.hpp"

using namespace pgcrew::erlang_bridge;

namespace {

const RealNode &server() {
    static const RealNode node("srv");
    return node;
}

// Why a link to that port does not come up.
Cause refusal(std::uint16_t port, const NodeName &peer, std::string_view cookie,
              const LinkOptions &options = RealClient::usual_options()) {
    RealClient client(port, peer, cookie, options);
    const Reported first = client.next_report();
    CHECK(first.what == LinkNews::What::Closed);
    return first.cause;
}

} // namespace

TEST_CASE("[erl-H4] a real epmd gives ports and names", "[real]") {
    const RealNode &node = server();
    CHECK(port_of("srv").port == node.port);
    CHECK(port_of("nobody").cause == Cause::NotRegistered);
    EpmdNamesQuery names;
    REQUIRE(names.on_bytes(ask_epmd(private_epmd(), EpmdNamesQuery::request())));
    const auto list = names.on_end();
    REQUIRE(list);
    CHECK(std::count(list->begin(), list->end(), EpmdName{"srv", node.port}) == 1);
}

TEST_CASE("a real node tells return, throw, exit and error apart", "[real]") {
    RealClient client(server());
    CHECK_FALSE(client.driver.link.calls_by_rex());

    Reported got = client.call("erlang", "node", {});
    CHECK(got.cause == Cause::None);
    CHECK(got.value == atom_of("srv@127.0.0.1"));

    got = client.call("erlang", "throw", {atom_of("ball")});
    CHECK(got.cause == Cause::RemoteThrow);
    CHECK(got.value == atom_of("ball"));

    got = client.call("erlang", "exit", {atom_of("bye")});
    CHECK(got.cause == Cause::RemoteExit);
    CHECK(got.value == atom_of("bye"));

    got = client.call("erlang", "error", {atom_of("oops")});
    CHECK(got.cause == Cause::RemoteError);
    CHECK(got.value == atom_of("oops"));
    CHECK(got.stack.substr(0, 1) == "l");

    got = client.call("no_such_module", "f", {});
    CHECK(got.cause == Cause::RemoteError);
    CHECK(got.value == atom_of("undef"));
}

TEST_CASE("a real node's 10 MB come back as they went", "[real]") {
    RealClient client(server());
    TermWriter big;
    big.binary(std::string(10000000, 'x'));
    const Reported got = client.call("lists", "last", {list_of({big.bytes()})});
    CHECK(got.cause == Cause::None);
    CHECK(got.value == big.bytes());
}

TEST_CASE("output of a call goes to the node's own screen", "[real]") {
    RealClient client(server());
    const Reported got = client.call("io", "format", {list_of({integer_of('x')})});
    CHECK(got.cause == Cause::None);
    CHECK(got.value == atom_of("ok"));
}

TEST_CASE("[erl-A6] the process of a cancelled or late call is killed", "[real]") {
    RealClient client(server());
    const auto processes = [&client] {
        return as_integer(client.call("erlang", "system_info", {atom_of("process_count")}).value);
    };
    const auto before = processes();
    std::vector<RequestId> sleepers;
    const bool late = GENERATE(false, true);
    for (int i = 0; i < 20; ++i)
        sleepers.push_back(client.begin("timer", "sleep", {atom_of("infinity")},
                                        late ? real_now() + milliseconds(500) : never));
    while (!late && processes() < before + 20)
        ;
    for (const RequestId id : sleepers) {
        if (late)
            CHECK(client.next_report().cause == Cause::Timeout);
        else
            CHECK(client.driver.link.cancel(id, real_now()));
    }
    const Time give_up = real_now() + long_enough;
    while (processes() > before && real_now() < give_up)
        ;
    CHECK(processes() <= before);
    CHECK(client.driver.reported.empty());
}

TEST_CASE("a call that is cancelled before the node said anything is killed too", "[real]") {
    RealClient client(server());
    const auto count = [&client] {
        return as_integer(client.call("erlang", "system_info", {atom_of("process_count")}).value);
    };
    const auto before = count();
    for (int i = 0; i < 20; ++i) {
        const RequestId id = client.begin("timer", "sleep", {atom_of("infinity")});
        client.flush();
        CHECK(client.driver.link.cancel(id, real_now()));
    }
    const Time give_up = real_now() + long_enough;
    while (count() > before && real_now() < give_up)
        ;
    CHECK(count() <= before);
}

TEST_CASE("casts run and messages arrive", "[real]") {
    RealClient client(server());
    const Time now = real_now();
    CHECK(client.driver.link.cast({"application", "set_env",
                                   list_of({atom_of("kernel"), atom_of("cast"), integer_of(7)})},
                                  now) == Cause::None);
    TermWriter seven;
    seven.tuple(2);
    seven.atom("ok");
    seven.integer(7);
    CHECK(client.holds_within(seconds(10), "application", "get_env",
                              {atom_of("kernel"), atom_of("cast")}, seven.bytes()));

    // The server `rex` runs what it is sent.
    TermWriter message;
    message.tuple(2);
    message.atom("$gen_cast");
    message.tuple(5);
    message.atom("cast");
    message.atom("application");
    message.atom("set_env");
    message.raw(list_of({atom_of("kernel"), atom_of("sent"), integer_of(7)}));
    message.atom("user");
    SECTION("to a name") {
        CHECK(client.driver.link.send_to_name("rex", message.bytes(), now) == Cause::None);
    }
    SECTION("to a pid") {
        const Reported rex = client.call("erlang", "whereis", {atom_of("rex")});
        CHECK(client.driver.link.send(rex.value, message.bytes(), now) == Cause::None);
    }
    CHECK(client.holds_within(seconds(10), "application", "get_env",
                              {atom_of("kernel"), atom_of("sent")}, seven.bytes()));
    client.call("application", "unset_env", {atom_of("kernel"), atom_of("sent")});
    client.call("application", "unset_env", {atom_of("kernel"), atom_of("cast")});
}

TEST_CASE("[erl-A5] a real node's refusals have their causes", "[real]") {
    const RealNode &node = server();
    CHECK(refusal(node.port, node.name, "wrong") == Cause::CookieRejected);
    CHECK(refusal(node.port, *NodeName::parse("other@127.0.0.1"), RealNode::cookie) ==
          Cause::WrongPeer); // [erl-F8]

    LinkOptions named = RealClient::usual_options();
    named.handshake.own_alive = "pg";
    const RealClient first(node, named);
    CHECK(refusal(node.port, node.name, RealNode::cookie, named) == Cause::NameInUse);
}

TEST_CASE("[erl-A5] a real node that allows others only", "[real]") {
    const RealNode node("strict");
    RealClient client(node);
    client.call("net_kernel", "allow", {list_of({atom_of("friend@127.0.0.1")})});
    LinkOptions named = RealClient::usual_options();
    named.handshake.own_alive = "stranger";
    CHECK(refusal(node.port, node.name, RealNode::cookie, named) == Cause::NotAllowed);
    named.handshake.own_alive = "friend";
    const RealClient allowed(node, named);
}

TEST_CASE("a cookie beyond ASCII is accepted by a real node", "[real]") {
    RealClient admin(server());
    TermWriter latin1; // the atom of three characters U+00E5 U+00E4 U+00F6
    latin1.atom("\xC3\xA5\xC3\xA4\xC3\xB6");
    admin.call("erlang", "set_cookie", {latin1.bytes()});
    {
        RealClient client(server().port, server().name, "\xC3\xA5\xC3\xA4\xC3\xB6");
        CHECK(client.next_report().what == LinkNews::What::Up);
    }
    admin.call("erlang", "set_cookie", {atom_of(RealNode::cookie)});
}

TEST_CASE("many connections cost a real node no atoms", "[real]") {
    RealClient client(server());
    const auto atoms = [&client] {
        return as_integer(client.call("erlang", "system_info", {atom_of("atom_count")}).value);
    };
    { const RealClient warm_up(server()); }
    const auto before = atoms();
    for (int i = 0; i < 100; ++i)
        const RealClient again(server());
    CHECK(atoms() - before < 10);
}

TEST_CASE("[erl-D4] a real node with a short tick time keeps an idle connection", "[real]") {
    const RealNode node("ticking", {"-kernel", "net_ticktime", "3"});
    RealClient client(node);
    client.run_until(real_now() + seconds(8)); // it drops a silent peer after 3.75 s at most
    CHECK(client.driver.reported.empty());
    CHECK(client.call("erlang", "node", {}).cause == Cause::None);
}

TEST_CASE("[erl-D5] a real node that is stopped is given up after the tick time", "[real]") {
    const RealNode node("stopped", {"-kernel", "net_ticktime", "1"});
    LinkOptions options = RealClient::usual_options();
    options.tick_time = seconds(2);
    RealClient client(node, options);
    node.stop();
    const Time stopped_at = real_now();
    const RequestId id = client.begin("erlang", "node", {});
    const Reported call = client.next_report();
    CHECK(call.request == id);
    CHECK(call.cause == Cause::OutcomeUnknown);
    CHECK_FALSE(call.unsent);
    CHECK(client.next_report().cause == Cause::Silent);
    CHECK(real_now() - stopped_at < seconds(30)); // not for ever; the machine may be busy
}

TEST_CASE("a real node that is killed ends its calls", "[real]") {
    const RealNode node("killed");
    RealClient client(node);
    const RequestId id = client.begin("timer", "sleep", {atom_of("infinity")});
    client.call("erlang", "node", {}); // the other one is under way by now
    node.signal(SIGKILL);
    const Reported call = client.next_report();
    CHECK(call.request == id);
    CHECK(call.cause == Cause::OutcomeUnknown);
    CHECK(client.next_report().cause == Cause::Closed);
}

TEST_CASE("a call whose process is killed by others is told", "[real]") {
    RealClient client(server());
    const auto before = pids_in(client.call("erlang", "processes", {}).value);
    const RequestId id = client.begin("timer", "sleep", {atom_of("infinity")});
    const RequestId list = client.begin("erlang", "processes", {});
    const Reported listed = client.next_report();
    REQUIRE(listed.request == list);
    for (const std::string &pid : pids_in(listed.value))
        if (std::count(before.begin(), before.end(), pid) == 0)
            client.begin("erlang", "exit", {pid, atom_of("kill")});
    Reported got = client.next_report();
    while (got.request != id)
        got = client.next_report();
    CHECK(got.cause == Cause::RemoteDied);
    CHECK(got.value == atom_of("killed"));
}
