#include "core/net/resolver.hpp"
#include "real_node.hpp"
#include "scripted_hosts.hpp"

#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <netdb.h>

using namespace pgcrew::erlang_bridge;

// ---- the look-up of the C library, with the scripted hosts ----

namespace {

template <class F> F *in_c_library(F *, const char *name) {
    return reinterpret_cast<F *>(dlsym(RTLD_NEXT, name));
}

ScriptedHost *scripted(const gaicb *request) {
    const auto found = scripted_hosts().find(request->ar_name);
    return found == scripted_hosts().end() ? nullptr : &found->second;
}

// As freeaddrinfo() expects them.
addrinfo *list_of(const std::vector<std::string> &addresses) {
    addrinfo *list = nullptr, **next = &list;
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    for (const std::string &address : addresses) {
        REQUIRE(getaddrinfo(address.c_str(), nullptr, &hints, next) == 0);
        next = &(*next)->ai_next;
    }
    return list;
}

} // namespace

extern "C" int getaddrinfo_a(int mode, gaicb *list[], int count, sigevent *event) {
    if (ScriptedHost *host = scripted(list[0])) {
        ++host->running;
        list[0]->__return = EAI_INPROGRESS;
        return 0;
    }
    static const auto real = in_c_library(&getaddrinfo_a, "getaddrinfo_a");
    return real(mode, list, count, event);
}

extern "C" int gai_error(gaicb *request) noexcept {
    if (ScriptedHost *host = scripted(request)) {
        if (host->answered && request->__return == EAI_INPROGRESS) {
            --host->running;
            request->ar_result = list_of(host->addresses);
            request->__return = request->ar_result == nullptr ? EAI_NONAME : 0;
        }
        return request->__return;
    }
    static const auto real = in_c_library(&gai_error, "gai_error");
    return real(request);
}

extern "C" int gai_cancel(gaicb *request) noexcept {
    if (ScriptedHost *host = scripted(request))
        return host->answered ? EAI_ALLDONE : EAI_NOTCANCELED;
    static const auto real = in_c_library(&gai_cancel, "gai_cancel");
    return real(request);
}

namespace {

std::vector<Address> addresses_of(std::string_view host) {
    Resolver look_up(host);
    const Time give_up = real_now() + long_enough;
    auto result = look_up.result();
    for (; !result && real_now() < give_up; result = look_up.result())
        poll(nullptr, 0, 1);
    REQUIRE(result);
    return *result;
}

std::vector<std::string> signals_blocked_by_other_threads() {
    std::vector<std::string> out;
    const std::string self = std::to_string(gettid());
    for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        for (std::string line; std::getline(status, line);)
            if (task.path().filename() != self && line.rfind("SigBlk:\t", 0) == 0)
                out.push_back(line.substr(8));
    }
    return out;
}

} // namespace

TEST_CASE("addresses need no look-up") {
    CHECK(*Resolver("127.0.0.1").result() == std::vector{*Address::parse("127.0.0.1")});
    CHECK(*Resolver("2001:db8::1").result() == std::vector{*Address::parse("2001:db8::1")});
}

TEST_CASE("the C library is asked for names") {
    const auto found = addresses_of("localhost");
    const auto v4 = *Address::parse("127.0.0.1"), v6 = *Address::parse("::1");
    REQUIRE_FALSE(found.empty());
    for (const Address &address : found)
        CHECK((address == v4 || address == v6));
    CHECK(addresses_of("").empty());
}

TEST_CASE("no signal is handled by the thread of a look-up") {
    const Resolver look_up("localhost");
    // Threads stay for a second, so there is one whether it has answered or not.
    const auto blocked = signals_blocked_by_other_threads();
    REQUIRE_FALSE(blocked.empty());
    const std::uint64_t of_interest = [] {
        std::uint64_t all = 0;
        for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
                                 SIGCHLD, SIGURG, SIGPIPE})
            all |= std::uint64_t{1} << (number - 1);
        return all;
    }();
    for (const std::string &mask : blocked)
        CHECK((std::stoull(mask, nullptr, 16) & of_interest) == of_interest);
}

TEST_CASE("addresses are kept in order, once each, and not too many") {
    std::vector<std::string> many{"192.0.2.1", "2001:db8::1", "192.0.2.1", "::ffff:192.0.2.1"};
    scripted_hosts()["two.test"] = {many};
    CHECK(addresses_of("two.test") ==
          std::vector{*Address::parse("192.0.2.1"), *Address::parse("2001:db8::1")});
    for (int i = 10; i < 60; ++i)
        many.push_back("192.0.2." + std::to_string(i));
    scripted_hosts()["many.test"] = {many};
    CHECK(addresses_of("many.test").size() == Resolver::most_addresses);
    scripted_hosts()["none.test"] = {};
    CHECK(addresses_of("none.test").empty());
}

TEST_CASE("a look-up that cannot be stopped keeps its memory until it ends") {
    ScriptedHost &host = scripted_hosts()["slow.test"] = {{"192.0.2.1"}, false};
    for (int i = 0; i < 3; ++i) {
        Resolver look_up("slow.test");
        CHECK_FALSE(look_up.result());
    }
    CHECK(host.running == 3);
    const Resolver another("127.0.0.1"); // looks after what was left, and leaves it
    CHECK(host.running == 3);
    host.answered = true;
    const Resolver later("127.0.0.1"); // asks all of them, for only then it may free them
    CHECK(host.running == 0);
}

TEST_CASE("look-ups may be given up at any time") {
    for (int i = 0; i < 200; ++i) {
        Resolver look_up("localhost");
        if (i % 3 == 0)
            look_up.result();
        if (i % 3 == 1)
            poll(nullptr, 0, 1);
    }
    CHECK_FALSE(addresses_of("localhost").empty());
}
