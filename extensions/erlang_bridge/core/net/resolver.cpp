#include "core/net/resolver.hpp"

#include <algorithm>
#include <netdb.h>
#include <netinet/in.h>
#include <string>

namespace pgcrew::erlang_bridge {

// Belongs to the C library until the look-up has ended.
struct Resolver::Request {
    explicit Request(std::string_view name) : host(name) {
        hints.ai_socktype = SOCK_STREAM;
        block.ar_name = host.c_str();
        block.ar_request = &hints;
    }
    ~Request() {
        if (block.ar_result != nullptr)
            freeaddrinfo(block.ar_result);
    }
    Request(const Request &) = delete;
    Request &operator=(const Request &) = delete;

    bool start() {
        gaicb *list[] = {&block};
        return getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr) == 0;
    }
    bool running() { return gai_error(&block) == EAI_INPROGRESS; }

    std::string host;
    addrinfo hints{};
    gaicb block{};
};

namespace {

std::vector<Address> addresses_of(const addrinfo *list) {
    std::vector<Address> out;
    for (; list != nullptr && out.size() < Resolver::most_addresses; list = list->ai_next) {
        const auto address = Address::of(*list->ai_addr);
        if (address && std::find(out.begin(), out.end(), *address) == out.end())
            out.push_back(*address);
    }
    return out;
}

} // namespace

// Look-ups that nobody waits for any more and that could not be stopped; as many at most as the C
// library has threads. Never destroyed, for a thread may outlive everything else.
std::vector<std::unique_ptr<Resolver::Request>> &Resolver::orphans() {
    static auto &list = *new std::vector<std::unique_ptr<Request>>;
    return list;
}

Resolver::Resolver(std::string_view host) {
    auto &left = orphans();
    left.erase(std::remove_if(left.begin(), left.end(),
                              [](const auto &request) { return !request->running(); }),
               left.end());
    if (const auto address = Address::parse(host)) {
        known_.push_back(*address);
        return;
    }
    left.reserve(left.size() + 1); // room for this one: its destructor may not fail
    request_ = std::make_unique<Request>(host);
    if (!request_->start())
        request_.reset();
}

Resolver::~Resolver() {
    if (request_ && request_->running() && gai_cancel(&request_->block) == EAI_NOTCANCELED)
        orphans().push_back(std::move(request_));
}

std::optional<std::vector<Address>> Resolver::result() {
    if (!request_)
        return known_;
    if (request_->running())
        return std::nullopt;
    if (gai_error(&request_->block) == 0)
        known_ = addresses_of(request_->block.ar_result);
    request_.reset();
    return known_;
}

} // namespace pgcrew::erlang_bridge
