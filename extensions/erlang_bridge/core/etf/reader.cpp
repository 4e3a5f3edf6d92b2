#include "core/etf/reader.hpp"

#include "core/etf/identifiers.hpp"
#include "core/etf/tags.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace pgcrew::erlang_bridge {
namespace {

class Reader {
  public:
    Reader(std::string_view bytes, TermVisitor &visitor, const Limits &limits)
        : source_(bytes), visitor_(&visitor), spoken_to_(&visitor), limits_(limits) {
        if (bytes.size() > limits.bytes)
            throw Error(sqlstate::program_limit_exceeded, "Erlang term is too large",
                        "It has " + std::to_string(bytes.size()) + " bytes, the limit is " +
                            std::to_string(limits.bytes) + ".");
    }

    void version() {
        if (source_.byte() != etf_version) {
            source_.step_back();
            source_.fail("the version is not 131");
        }
    }

    std::size_t term() {
        do {
            if (!frames_.empty())
                --frames_.back().left;
            while (!one_term())
                ;
            while (!frames_.empty() && frames_.back().left == 0)
                leave();
        } while (!frames_.empty());
        return source_.position();
    }

    void whole_term() {
        term();
        if (source_.left() > 0)
            source_.fail("the term has ended, but bytes follow");
    }

  private:
    enum class Kind : std::uint8_t { List, Tail, Tuple, Map, Fun };
    struct Frame {
        Kind kind;
        std::size_t left; // terms still to come
        std::size_t end;  // of a fun: where its announced size says that it ends
    };
    static constexpr std::size_t not_muted = std::numeric_limits<std::size_t>::max();

    bool one_term();
    void number(Tag tag);
    void big_integer(std::size_t size);
    void bits(std::size_t size);
    bool list();
    void string_as_list();
    void tuple(std::size_t announced);
    void map();
    void fun(std::size_t start);
    void enter(Kind kind, std::size_t left, std::size_t end = 0);
    void leave();
    void leave_list();
    void leave_fun();

    ByteSource source_;
    TermVisitor *visitor_;   // the caller's
    TermVisitor *spoken_to_; // the same, or within funs whose variables it does not want, mute_
    TermVisitor mute_;
    std::size_t muted_at_ = not_muted; // the number of frames around the fun that muted
    std::vector<Frame> frames_;
    std::string buffer_, second_buffer_; // texts of the term at hand that were not UTF-8
    const Limits limits_;
};

// False when it was but the header of a list without elements, whose tail is the term.
bool Reader::one_term() {
    const std::size_t start = source_.position();
    const auto tag = static_cast<Tag>(source_.byte());
    TermVisitor &visitor = *spoken_to_;
    switch (tag) {
    case Tag::small_integer:
    case Tag::integer:
    case Tag::new_float:
    case Tag::old_float:
    case Tag::small_big:
    case Tag::large_big:
        number(tag);
        break;
    case Tag::atom:
    case Tag::small_atom:
    case Tag::atom_utf8:
    case Tag::small_atom_utf8:
        visitor.atom(read_atom(source_, tag, buffer_));
        break;
    case Tag::binary:
        visitor.binary(source_.take(source_.number<std::uint32_t>()));
        break;
    case Tag::bit_binary:
        bits(source_.number<std::uint32_t>());
        break;
    case Tag::nil:
        visitor.begin_list(0);
        visitor.end_list();
        break;
    case Tag::string:
        string_as_list();
        break;
    case Tag::list:
        return list();
    case Tag::small_tuple:
        tuple(source_.byte());
        break;
    case Tag::large_tuple:
        tuple(source_.number<std::uint32_t>());
        break;
    case Tag::map:
        map();
        break;
    case Tag::pid:
    case Tag::new_pid:
        visitor.pid(read_pid(source_, tag, buffer_));
        break;
    case Tag::port:
    case Tag::new_port:
    case Tag::v4_port:
        visitor.port(read_port(source_, tag, buffer_));
        break;
    case Tag::reference:
    case Tag::new_reference:
    case Tag::newer_reference:
        visitor.reference(read_reference(source_, tag, buffer_));
        break;
    case Tag::export_fun:
        visitor.export_fun(read_export(source_, buffer_, second_buffer_));
        break;
    case Tag::new_fun:
        fun(start);
        break;
    case Tag::compressed:
        source_.step_back();
        source_.fail("compressed terms are not accepted",
                     "Send the result of term_to_binary/1 without the option compressed.");
    default:
        source_.step_back();
        source_.fail("no term begins with " + std::to_string(static_cast<int>(tag)));
    }
    return true;
}

void Reader::number(Tag tag) {
    TermVisitor &visitor = *spoken_to_;
    if (tag == Tag::small_integer)
        return visitor.integer(source_.byte());
    if (tag == Tag::integer)
        return visitor.integer(static_cast<std::int32_t>(source_.number<std::uint32_t>()));
    if (tag == Tag::small_big)
        return big_integer(source_.byte());
    if (tag == Tag::large_big)
        return big_integer(source_.number<std::uint32_t>());
    double value = 0;
    if (tag == Tag::new_float) {
        value = std::bit_cast<double>(source_.number<std::uint64_t>());
    } else {
        std::string_view text = source_.take(31); // as by printf, with zero bytes after it
        text = text.substr(0, text.find('\0'));
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            source_.fail("the text of a float is not a number");
    }
    if (!std::isfinite(value))
        source_.fail("a float is not finite");
    visitor.floating(value);
}

void Reader::big_integer(std::size_t size) {
    const std::uint8_t sign = source_.byte();
    if (sign > 1)
        source_.fail("the sign of an integer is neither 0 nor 1");
    const bool negative = sign == 1;
    std::string_view magnitude = source_.take(size);
    magnitude = magnitude.substr(0, magnitude.find_last_not_of('\0') + 1);
    constexpr std::uint64_t lowest = std::uint64_t{1} << 63;
    if (magnitude.size() <= sizeof(std::uint64_t)) {
        std::uint64_t value = 0;
        for (std::size_t i = magnitude.size(); i-- > 0;)
            value = value << 8 | static_cast<std::uint8_t>(magnitude[i]);
        if (value < lowest || (negative && value == lowest))
            return spoken_to_->integer(static_cast<std::int64_t>(negative ? 0 - value : value));
    }
    spoken_to_->big_integer({negative, magnitude});
}

void Reader::bits(std::size_t size) {
    const std::uint8_t last_bits = source_.byte();
    if (last_bits > 8 || (last_bits == 0) != (size == 0))
        source_.fail("the last byte of a bit string cannot have " + std::to_string(last_bits) +
                     " bits");
    const std::string_view bytes = source_.take(size);
    if (last_bits % 8 == 0)
        spoken_to_->binary(bytes);
    else
        spoken_to_->bit_string({bytes, last_bits});
}

bool Reader::list() {
    const std::size_t size = source_.count(source_.number<std::uint32_t>(), 1, 1);
    if (size == 0)
        return false;
    enter(Kind::List, size);
    spoken_to_->begin_list(size);
    return true;
}

void Reader::string_as_list() {
    const std::string_view elements = source_.take(source_.number<std::uint16_t>());
    spoken_to_->begin_list(elements.size());
    for (const char element : elements)
        spoken_to_->integer(static_cast<std::uint8_t>(element));
    spoken_to_->end_list();
}

void Reader::tuple(std::size_t announced) {
    const std::size_t size = source_.count(announced, 1, 0);
    enter(Kind::Tuple, size);
    spoken_to_->begin_tuple(size);
}

void Reader::map() {
    const std::size_t pairs = source_.count(source_.number<std::uint32_t>(), 2, 0);
    enter(Kind::Map, 2 * pairs);
    spoken_to_->begin_map(pairs);
}

void Reader::fun(std::size_t start) {
    const auto [fun, free_variables] = read_fun(source_, buffer_, second_buffer_);
    enter(Kind::Fun, source_.count(free_variables, 1, 0), start + fun.raw.size());
    if (!spoken_to_->begin_fun(fun) && muted_at_ == not_muted) {
        muted_at_ = frames_.size();
        spoken_to_ = &mute_;
    }
}

void Reader::enter(Kind kind, std::size_t left, std::size_t end) {
    if (frames_.size() >= limits_.depth)
        throw Error(sqlstate::statement_too_complex, "Erlang term is nested too deeply",
                    "At byte " + std::to_string(source_.position()) + ": the limit is " +
                        std::to_string(limits_.depth) + " levels.");
    frames_.push_back({kind, left, end});
}

void Reader::leave() {
    switch (frames_.back().kind) {
    case Kind::List:
        return leave_list();
    case Kind::Tail:
        spoken_to_->end_list();
        break;
    case Kind::Tuple:
        spoken_to_->end_tuple();
        break;
    case Kind::Map:
        spoken_to_->end_map();
        break;
    case Kind::Fun:
        leave_fun();
        break;
    }
    frames_.pop_back();
}

// The elements are through: what is the tail?
void Reader::leave_list() {
    Frame &frame = frames_.back();
    const auto tag = static_cast<Tag>(source_.byte());
    if (tag == Tag::nil) {
        spoken_to_->end_list();
        frames_.pop_back();
    } else if (tag == Tag::list) {
        frame.left = source_.count(source_.number<std::uint32_t>(), 1, 1);
        spoken_to_->more_elements(frame.left);
    } else if (tag == Tag::string) {
        const std::string_view elements = source_.take(source_.number<std::uint16_t>());
        spoken_to_->more_elements(elements.size());
        for (const char element : elements)
            spoken_to_->integer(static_cast<std::uint8_t>(element));
        spoken_to_->end_list();
        frames_.pop_back();
    } else {
        source_.step_back();
        spoken_to_->tail();
        frame.kind = Kind::Tail;
        frame.left = 1;
    }
}

void Reader::leave_fun() {
    if (source_.position() != frames_.back().end)
        source_.fail("a fun does not end where its size says");
    if (muted_at_ == frames_.size()) {
        muted_at_ = not_muted;
        spoken_to_ = visitor_;
    } else {
        spoken_to_->end_fun();
    }
}

} // namespace

std::size_t read_term(std::string_view bytes, TermVisitor &visitor, const Limits &limits) {
    return Reader(bytes, visitor, limits).term();
}

std::size_t read_external(std::string_view bytes, TermVisitor &visitor, const Limits &limits) {
    Reader reader(bytes, visitor, limits);
    reader.version();
    return reader.term();
}

void read_whole_term(std::string_view bytes, TermVisitor &visitor, const Limits &limits) {
    Reader(bytes, visitor, limits).whole_term();
}

void read_whole_external(std::string_view bytes, TermVisitor &visitor, const Limits &limits) {
    Reader reader(bytes, visitor, limits);
    reader.version();
    reader.whole_term();
}

std::vector<std::string_view> tuple_elements(std::string_view bytes, std::size_t at_most,
                                             const Limits &limits) {
    TermVisitor nobody;
    read_whole_term(bytes, nobody, limits);
    ByteSource source(bytes);
    const auto tag = static_cast<Tag>(source.byte());
    std::vector<std::string_view> elements;
    if (tag != Tag::small_tuple && tag != Tag::large_tuple)
        return elements;
    const std::size_t size =
        tag == Tag::small_tuple ? source.byte() : source.number<std::uint32_t>();
    while (size <= at_most && elements.size() < size)
        elements.push_back(source.take(read_term(source.rest(), nobody, limits)));
    return elements;
}

} // namespace pgcrew::erlang_bridge
