// A link and a peer of any kind: the first byte says how much of the way up the peer goes by the
// rules, the second in which pieces the rest of the bytes come. They are handshake packets, frames
// and control messages then, whatever the link takes them for.
#include "../unit/erlang_bridge/link_handshake.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace pgcrew::erlang_bridge;

namespace {

void expect(bool truth) {
    if (!truth)
        std::abort();
}

// Everything that a peer can bring about, once.
void play(LinkDriver &driver, std::string_view bytes, std::size_t step) {
    const std::size_t begun = driver.link.waiting();
    while (!bytes.empty()) {
        driver.receive(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
        driver.written(step);
        expect(driver.link.output_bytes() <= std::size_t{1} << 20U);
    }
    driver.advance_to(driver.link.next_deadline() == never ? 0 : driver.link.next_deadline());
    driver.end();
    std::size_t finished = 0, closed = 0;
    for (const Reported &report : driver.take_reports()) {
        finished += report.what == LinkNews::What::Finished ? 1 : 0;
        closed += report.what == LinkNews::What::Closed ? 1 : 0;
    }
    expect(finished == begun); // each call ends once
    expect(closed == 1);
    expect(driver.link.state() == LinkState::Down);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    if (size < 2)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char *>(data) + 2, size - 2);
    const std::size_t step = 1 + std::size_t{data[1]};
    LinkOptions options = peer::options();
    options.max_frame = std::size_t{1} << 16U;
    options.max_output = std::size_t{1} << 20U;
    if (data[0] % 4 == 0) {
        options.handshake.header_bytes = data[0] % 8 == 0 ? 2 : 4;
        LinkDriver driver(options, *NodeName::parse(peer::node), peer::cookie);
        play(driver, bytes, step);
    } else {
        peer::UpLink up(options, data[0] % 4 == 1);
        up.begun(7);
        up.begin(seconds(1));
        const RequestId cancelled = up.begin();
        up.written(1000);
        up.link.cancel(cancelled, up.now);
        play(up, bytes, step);
    }
    return 0;
}
