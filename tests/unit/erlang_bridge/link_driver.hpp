// A link in a test: a clock that is set by hand, what it wrote so far, what it reported so far.
#pragma once
#include "core/link/link.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

struct Reported { // as LinkNews, with terms of its own
    LinkNews::What what;
    Cause cause;
    RequestId request;
    bool unsent;
    std::string value, stack;
};

class LinkDriver {
  public:
    LinkDriver(const LinkOptions &options, const NodeName &peer, std::string_view cookie,
               Time begin = 0)
        : now(begin), link(options, peer, std::move(*Cookie::parse(cookie)), begin) {}

    Time now;
    Link link;
    std::vector<Reported> reported;

    void receive(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto room = link.room();
            const std::string_view part = bytes.substr(0, room.size());
            part.copy(room.data(), part.size());
            link.received(part.size(), now);
            bytes.remove_prefix(part.size());
            collect();
        }
    }
    void advance_to(Time time) {
        now = time;
        link.on_deadline(now);
        collect();
    }
    void end() {
        link.on_end();
        collect();
    }
    // What the link wants to write, all of it or its first bytes, as if the socket took that.
    std::string written(std::size_t at_most = std::string::npos) {
        std::string bytes;
        std::array<std::string_view, 3> parts;
        while (const std::size_t count = link.output(parts)) {
            std::size_t taken = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const std::string_view part = parts[i].substr(0, at_most - bytes.size());
                bytes.append(part);
                taken += part.size();
            }
            if (taken == 0)
                break;
            link.written(taken, now);
        }
        collect();
        return bytes;
    }
    void collect() {
        while (const auto news = link.next_event(now))
            reported.push_back({news->what, news->cause, news->request, news->unsent,
                                std::string(news->value), std::string(news->stack)});
    }
    // The reports since the last time.
    std::vector<Reported> take_reports() {
        collect();
        return std::exchange(reported, {});
    }
};

} // namespace pgcrew::erlang_bridge
