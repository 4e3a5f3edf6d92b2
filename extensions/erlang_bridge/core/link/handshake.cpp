#include "core/link/handshake.hpp"

#include "core/link/big_endian.hpp"
#include "core/link/distribution_flags.hpp"

#include <utility>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::uint64_t mandatory_25 =
    flag::extended_references | flag::fun_tags | flag::new_fun_tags | flag::extended_pids_ports |
    flag::export_ptr_tag | flag::bit_binaries | flag::new_floats | flag::utf8_atoms |
    flag::map_tag | flag::big_creation | flag::handshake_23;

// What we can honour and no more: no monitors, no atom cache, no fragments, no spawning on us.
constexpr std::uint64_t our_flags =
    mandatory_25 | flag::mandatory_25_digest | flag::unlink_id | flag::v4_nc;

constexpr std::size_t longest_packet = 1024; // header included; names have 255 bytes at most

} // namespace

bool peer_is_able(std::uint64_t flags) noexcept {
    const bool basics =
        (flags & flag::mandatory_25_digest) != 0 || (flags & mandatory_25) == mandatory_25;
    return basics && (flags & flag::v4_nc) != 0;
}

Handshake::Handshake(const HandshakeOptions &options, const NodeName &peer, Cookie cookie)
    : options_(options), peer_(peer.full()), cookie_(std::move(cookie)) {
    const bool own = !options.own_alive.empty();
    if (own)
        own_name_ = options.own_alive + '@' + options.own_host;
    own_creation_ = options.creation;
    const std::string &sent = own ? own_name_ : options.own_host;
    std::string name = "N";
    append_number(name, our_flags | (own ? 0 : flag::name_me));
    append_number(name, options.creation);
    append_number(name, static_cast<std::uint16_t>(sent.size()));
    put_packet(name + sent);
}

void Handshake::put_packet(std::string_view packet) {
    if (options_.header_bytes == 4)
        append_number(output_, static_cast<std::uint32_t>(packet.size()));
    else
        append_number(output_, static_cast<std::uint16_t>(packet.size()));
    output_.append(packet);
}

std::string Handshake::take_output() noexcept { return std::exchange(output_, {}); }

void Handshake::fail(Cause cause) noexcept {
    step_ = Step::Failed;
    failure_ = cause;
    cookie_.wipe();
}

std::size_t Handshake::wanted() const noexcept {
    const std::size_t header = options_.header_bytes;
    if (input_.size() < header)
        return header;
    return header +
           (header == 4 ? number_at<std::uint32_t>(input_) : number_at<std::uint16_t>(input_));
}

std::size_t Handshake::on_bytes(std::string_view bytes) {
    std::size_t taken = 0;
    // Never more than the packet that is being read: after the last one come frames.
    while (step_ < Step::Done && taken < bytes.size()) {
        const std::string_view part = bytes.substr(taken, wanted() - input_.size());
        input_.append(part);
        taken += part.size();
        if (input_.size() < options_.header_bytes)
            break;
        const std::size_t whole = wanted();
        if (whole == options_.header_bytes || whole > longest_packet)
            fail(Cause::ProtocolError);
        else if (input_.size() == whole)
            on_packet(std::string_view(std::exchange(input_, {})).substr(options_.header_bytes));
    }
    return taken;
}

void Handshake::on_packet(std::string_view packet) {
    if (step_ == Step::Status)
        on_status(packet);
    else if (step_ == Step::Challenge)
        on_challenge(packet);
    else
        on_ack(packet);
}

void Handshake::on_status(std::string_view packet) {
    constexpr std::string_view named = "named:";
    if (packet[0] != 's')
        return fail(Cause::ProtocolError);
    const std::string_view status = packet.substr(1);
    const bool has_name = !own_name_.empty();
    if (status.substr(0, named.size()) == named && !has_name)
        on_named(status.substr(named.size()));
    else if ((status == "ok" || status == "ok_simultaneous") && has_name)
        step_ = Step::Challenge;
    else if (status == "not_allowed")
        fail(Cause::NotAllowed);
    else if (status == "nok")
        fail(Cause::NameInUse);
    else if (status == "alive") {
        put_packet("sfalse"); // the connection that the peer has is not to be given up for us
        fail(Cause::NameInUse);
    } else
        fail(Cause::ProtocolError);
}

// length:16, name, creation:32
void Handshake::on_named(std::string_view given) {
    constexpr std::size_t around = 6;
    const std::size_t length = given.size() < around ? 0 : number_at<std::uint16_t>(given);
    if (length == 0 || given.size() < length + around)
        return fail(Cause::ProtocolError);
    const auto name = NodeName::parse(given.substr(2, length));
    if (!name || name->host() != options_.own_host)
        return fail(Cause::ProtocolError);
    own_name_ = name->full();
    own_creation_ = number_at<std::uint32_t>(given.substr(2 + length));
    step_ = Step::Challenge;
}

// "N", flags:64, challenge:32, creation:32, length:16, name
void Handshake::on_challenge(std::string_view packet) {
    constexpr std::size_t fixed = 19;
    if (packet.size() < fixed || packet[0] != 'N')
        return fail(Cause::ProtocolError);
    const auto length = number_at<std::uint16_t>(packet.substr(17));
    if (packet.size() < fixed + length)
        return fail(Cause::ProtocolError);
    if (packet.substr(fixed, length) != peer_)
        return fail(Cause::WrongPeer);
    peer_flags_ = number_at<std::uint64_t>(packet.substr(1));
    peer_creation_ = number_at<std::uint32_t>(packet.substr(13));
    if (!peer_is_able(peer_flags_))
        return fail(Cause::ProtocolError);

    const Digest proof = cookie_digest(cookie_.bytes(), number_at<std::uint32_t>(packet.substr(9)));
    expected_ = cookie_digest(cookie_.bytes(), options_.challenge);
    cookie_.wipe();
    std::string reply = "r";
    append_number(reply, options_.challenge);
    reply.append(proof.begin(), proof.end());
    put_packet(reply);
    step_ = Step::Ack;
}

void Handshake::on_ack(std::string_view packet) {
    if (packet[0] != 'a' || packet.size() != 1 + expected_.size())
        return fail(Cause::ProtocolError);
    if (!same_digest(expected_, packet.substr(1)))
        return fail(Cause::CookieRejected); // by us: the peer does not know it
    step_ = Step::Done;
}

// A peer that gets a wrong proof closes without a word.
Cause Handshake::on_end() const noexcept {
    return step_ == Step::Ack ? Cause::CookieRejected : Cause::Closed;
}

} // namespace pgcrew::erlang_bridge
