#include "core/link/epmd.hpp"

#include "core/link/big_endian.hpp"

#include <charconv>

namespace pgcrew::erlang_bridge {
namespace {

constexpr char port_please2_req = 122, port2_resp = 119, names_req = 110;
constexpr std::uint16_t our_version = 6; // of the distribution protocol

std::string question(char tag, std::string_view argument) {
    std::string out;
    append_number(out, static_cast<std::uint16_t>(1 + argument.size()));
    out.push_back(tag);
    out.append(argument);
    return out;
}

// What epmd says is text of anybody's; names that nodes have are of ASCII.
std::string printable(std::string_view name) {
    std::string text(name);
    for (char &c : text)
        if (c < ' ' || c > '~')
            c = '?';
    return text;
}

// "name NAME at port NUMBER"
std::optional<EpmdName> parse_line(std::string_view line) {
    constexpr std::string_view before = "name ", between = " at port ";
    const std::size_t middle = line.find(between);
    if (line.substr(0, before.size()) != before || middle == std::string_view::npos ||
        middle < before.size())
        return std::nullopt;
    const std::string_view digits = line.substr(middle + between.size());
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return EpmdName{printable(line.substr(before.size(), middle - before.size())), port};
}

} // namespace

EpmdPortQuery::EpmdPortQuery(std::string_view alive)
    : alive_(alive), request_(question(port_please2_req, alive)) {}

// tag, result; then if the result is 0: port:16, type, protocol, highest:16, lowest:16, length:16
// and name. What follows (`extra`) is of no use here.
std::optional<EpmdPortQuery::Answer> EpmdPortQuery::on_bytes(std::string_view bytes) {
    constexpr std::size_t fixed = 12;
    constexpr Answer invalid{Cause::EpmdInvalid, 0};
    const std::size_t whole = fixed + alive_.size();
    input_.append(bytes.substr(0, whole - std::min(whole, input_.size())));

    const std::string_view in = input_;
    if (!in.empty() && in[0] != port2_resp)
        return invalid;
    if (in.size() < 2)
        return std::nullopt;
    if (in[1] != 0)
        return Answer{Cause::NotRegistered, 0};
    if (in.size() >= fixed && number_at<std::uint16_t>(in.substr(10)) != alive_.size())
        return invalid;
    if (in.size() < whole)
        return std::nullopt;
    const auto port = number_at<std::uint16_t>(in.substr(2));
    const bool tcp = in[5] == 0;
    const bool understood = number_at<std::uint16_t>(in.substr(6)) >= our_version &&
                            number_at<std::uint16_t>(in.substr(8)) <= our_version;
    if (port == 0 || !tcp || !understood || in.substr(fixed) != alive_)
        return invalid;
    return Answer{Cause::None, port};
}

std::string EpmdNamesQuery::request() { return question(names_req, {}); }

bool EpmdNamesQuery::on_bytes(std::string_view bytes) {
    if (bytes.size() > max_bytes_ - input_.size())
        return false;
    input_.append(bytes);
    return true;
}

std::optional<std::vector<EpmdName>> EpmdNamesQuery::on_end() const {
    constexpr std::size_t own_port = 4;
    if (input_.size() < own_port)
        return std::nullopt;
    std::vector<EpmdName> names;
    for (std::string_view rest = std::string_view(input_).substr(own_port); !rest.empty();) {
        const std::size_t end = rest.find('\n');
        const auto name = parse_line(rest.substr(0, end));
        if (!name || end == std::string_view::npos)
            return std::nullopt;
        names.push_back(*name);
        rest.remove_prefix(end + 1);
    }
    return names;
}

} // namespace pgcrew::erlang_bridge
