#include "core/etf/identifiers.hpp"

#include "core/etf/limits.hpp"
#include "core/etf/text.hpp"

namespace pgcrew::erlang_bridge {
namespace {

Tag take_tag(ByteSource &source) { return static_cast<Tag>(source.byte()); }

std::string_view take_atom(ByteSource &source, std::string &buffer) {
    const Tag tag = take_tag(source);
    return read_atom(source, tag, buffer);
}

// Older forms have two bits of it in a byte.
std::uint32_t take_creation(ByteSource &source, bool old) {
    return old ? source.byte() : source.number<std::uint32_t>();
}

void take_small_integer(ByteSource &source) {
    switch (take_tag(source)) {
    case Tag::small_integer:
        source.take(1);
        break;
    case Tag::integer:
        source.take(4);
        break;
    default:
        source.step_back();
        source.fail("a fun has something else where an integer belongs");
    }
}

} // namespace

std::string_view read_atom(ByteSource &source, Tag tag, std::string &buffer) {
    const std::size_t start = source.position() - 1;
    const bool is_small = tag == Tag::small_atom || tag == Tag::small_atom_utf8;
    const bool is_utf8 = tag == Tag::atom_utf8 || tag == Tag::small_atom_utf8;
    if (!is_small && !is_utf8 && tag != Tag::atom) {
        source.step_back();
        source.fail("something else stands where an atom belongs");
    }
    const std::string_view bytes =
        source.take(is_small ? source.byte() : source.number<std::uint16_t>());
    const auto characters = is_utf8 ? utf8_length(bytes) : bytes.size();
    if (!characters)
        source.fail("the atom at byte " + std::to_string(start) + " is not UTF-8");
    if (*characters > max_atom_characters)
        source.fail("the atom at byte " + std::to_string(start) + " has more than 255 characters");
    if (is_utf8)
        return bytes;
    return buffer = latin1_to_utf8(bytes);
}

Pid read_pid(ByteSource &source, Tag tag, std::string &buffer) {
    const std::size_t start = source.position() - 1;
    Pid pid{};
    pid.node = take_atom(source, buffer);
    pid.id = source.number<std::uint32_t>();
    pid.serial = source.number<std::uint32_t>();
    pid.creation = take_creation(source, tag == Tag::pid);
    pid.raw = source.since(start);
    return pid;
}

Port read_port(ByteSource &source, Tag tag, std::string &buffer) {
    const std::size_t start = source.position() - 1;
    Port port{};
    port.node = take_atom(source, buffer);
    port.id = tag == Tag::v4_port ? source.number<std::uint64_t>() : source.number<std::uint32_t>();
    port.creation = take_creation(source, tag == Tag::port);
    port.raw = source.since(start);
    return port;
}

Reference read_reference(ByteSource &source, Tag tag, std::string &buffer) {
    const std::size_t start = source.position() - 1;
    Reference reference{};
    reference.count = tag == Tag::reference ? 1 : source.number<std::uint16_t>();
    if (reference.count == 0 || reference.count > reference.words.size())
        source.fail("a reference has " + std::to_string(reference.count) + " words");
    reference.node = take_atom(source, buffer);
    if (tag == Tag::reference)
        reference.words[0] = source.number<std::uint32_t>();
    reference.creation = take_creation(source, tag != Tag::newer_reference);
    for (std::size_t i = 0; tag != Tag::reference && i < reference.count; ++i)
        reference.words[i] = source.number<std::uint32_t>();
    reference.raw = source.since(start);
    return reference;
}

Export read_export(ByteSource &source, std::string &module, std::string &function) {
    const std::size_t start = source.position() - 1;
    Export fun{};
    fun.module = take_atom(source, module);
    fun.function = take_atom(source, function);
    if (take_tag(source) != Tag::small_integer) {
        source.step_back();
        source.fail("the arity of a fun is not a small integer");
    }
    fun.arity = source.byte();
    fun.raw = source.since(start);
    return fun;
}

FunHeader read_fun(ByteSource &source, std::string &module, std::string &node) {
    const std::size_t start = source.position();
    const std::size_t size = source.number<std::uint32_t>(); // itself included, the tag not
    if (size < 4 || size - 4 > source.left())
        source.fail("the size of a fun reaches over the end");
    FunHeader header{};
    source.take(1); // its arity, which is in the module too
    header.fun.unique = source.take(16);
    header.fun.index = source.number<std::uint32_t>();
    header.free_variables = source.number<std::uint32_t>();
    header.fun.module = take_atom(source, module);
    take_small_integer(source); // index and hash of the module's version, of old releases
    take_small_integer(source);
    const Tag tag = take_tag(source);
    if (tag != Tag::pid && tag != Tag::new_pid) {
        source.step_back();
        source.fail("a fun has something else where its creator belongs");
    }
    header.fun.creator = read_pid(source, tag, node);
    header.fun.raw = source.from(start - 1, size + 1);
    return header;
}

} // namespace pgcrew::erlang_bridge
