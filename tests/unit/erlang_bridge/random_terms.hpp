// Random terms in every encoding that a peer may use, and random texts and floats.
#pragma once
#include "core/etf/text.hpp"
#include "core/etf/writer.hpp"

#include <bit>
#include <cmath>
#include <random>
#include <string>

namespace pgcrew::erlang_bridge {

inline std::string random_text(std::mt19937 &random, std::size_t characters) {
    std::string text;
    for (; characters > 0; --characters) {
        static constexpr char32_t highest[] = {0x7F, 0x7F, 0xFF, 0x7FF, 0xD7FF, 0x10FFFF};
        const char32_t character = 1 + random() % highest[random() % std::size(highest)];
        append_utf8(text, character >= 0xD800 && character < 0xE000 ? U'?' : character);
    }
    return text;
}

inline double random_double(std::mt19937 &random) {
    if (random() % 2 == 0)
        return static_cast<double>(static_cast<std::int32_t>(random())) / 64;
    const auto value = std::bit_cast<double>(std::uint64_t{random()} << 32 | random());
    return std::isfinite(value) ? value : 0.5;
}

class RandomTerms {
  public:
    explicit RandomTerms(std::uint32_t seed) : random_(seed) {}

    // Without a version byte.
    std::string term(int depth) {
        switch (random_() % (depth > 0 ? 18 : 11)) {
        case 0:
            return atom(random_text(random_, random_() % 8));
        case 1: {
            static const char *const names[] = {"true",      "false", "null", "nil",
                                                "undefined", "$atom", "ok"};
            return atom(names[random_() % std::size(names)]);
        }
        case 2:
        case 3:
            return integer();
        case 4:
            return write([&](TermWriter &w) {
                w.floating(random_() % 20 == 0 ? -0.0 : random_double(random_));
            });
        case 5:
            return write([&](TermWriter &w) { w.binary(random_text(random_, random_() % 8)); });
        case 6:
            return write([&](TermWriter &w) { w.binary(bytes(random_() % 8)); });
        case 7:
            return write([&](TermWriter &w) {
                w.bit_string(
                    {bytes(1 + random_() % 4), static_cast<std::uint8_t>(1 + random_() % 7)});
            });
        case 8:
            return identifier();
        case 9:
            return random_() % 2 == 0 ? "j" : "k" + number(random_() % 6, 2, true);
        case 10:
            return "q" + atom(random_text(random_, 3)) + atom(random_() % 2 == 0 ? "f:/" : "") +
                   "a" + bytes(1);
        case 11:
        case 12:
            return list(depth);
        case 13:
            return tuple(depth);
        case 14:
            return fun(depth);
        default:
            return map(depth);
        }
    }

  private:
    template <class Write> std::string write(Write f) {
        TermWriter writer;
        f(writer);
        return writer.take();
    }
    std::string bytes(std::size_t size) {
        std::string text;
        while (text.size() < size)
            text += static_cast<char>(random_());
        return text;
    }
    // Big-endian, followed by as many random bytes as it says if asked for.
    std::string number(std::uint64_t value, std::size_t size, bool with_bytes = false) {
        std::string text;
        for (std::size_t i = size; i-- > 0;)
            text += static_cast<char>(value >> 8 * i);
        return with_bytes ? text + bytes(value) : text;
    }
    std::string atom(const std::string &utf8) {
        switch (random_() % 4) {
        case 0:
            return "w" + number(utf8.size(), 1) + utf8;
        case 1:
            return "v" + number(utf8.size(), 2) + utf8;
        case 2:
            return "s" + number(3, 1, true); // Latin-1
        default:
            return "d" + number(random_() % 5, 2, true);
        }
    }
    std::string integer() {
        const std::size_t size = random_() % 30;
        const std::string sign = random_() % 2 == 0 ? std::string(1, '\0') : "\1";
        switch (random_() % 5) {
        case 0:
            return "a" + bytes(1);
        case 1:
            return "b" + bytes(4);
        case 2:
            return "n" + number(size, 1) + sign + bytes(size);
        case 3:
            return "o" + number(size, 4) + sign + bytes(size);
        default: // at the borders of 64 bits
            return "n" + number(9, 1) + sign + std::string(7, random_() % 2 == 0 ? '\0' : '\xFF') +
                   (random_() % 2 == 0 ? '\x80' : '\x7F') + static_cast<char>(random_() % 2);
        }
    }
    std::string identifier() {
        const std::string node = atom("node@host");
        switch (random_() % 8) {
        case 0:
            return "g" + node + bytes(9);
        case 1:
            return "X" + node + bytes(12);
        case 2:
            return "f" + node + bytes(5);
        case 3:
            return "Y" + node + bytes(8);
        case 4:
            return "x" + node + bytes(12);
        case 5:
            return "e" + node + bytes(5);
        case 6:
            return "r" + number(2, 2) + node + bytes(9);
        default: {
            const std::size_t words = 1 + random_() % 5;
            return "Z" + number(words, 2) + node + bytes(4 + 4 * words);
        }
        }
    }
    std::string terms(std::size_t count, int depth) {
        std::string all;
        for (; count > 0; --count)
            all += term(depth - 1);
        return all;
    }
    std::string list(int depth) {
        const std::size_t size = random_() % 5;
        std::string text = "l" + number(size, 4) + terms(size, depth);
        return text + (random_() % 3 != 0 ? "j" : term(depth - 1));
    }
    std::string tuple(int depth) {
        const std::size_t size = random_() % 4;
        return (random_() % 2 == 0 ? "h" + number(size, 1) : "i" + number(size, 4)) +
               terms(size, depth);
    }
    std::string fun(int depth) {
        const std::size_t count = random_() % 3;
        const std::string rest = bytes(21) + number(count, 4) + atom("m") + "a" + bytes(1) + "b" +
                                 bytes(4) + "X" + atom("node@host") + bytes(12) +
                                 terms(count, depth);
        return "p" + number(rest.size() + 4, 4) + rest;
    }
    // Keys with the index in them, so that none is there twice.
    std::string map(int depth) {
        static const char *const special[] = {"$atom", "$$map", "$pid", "show", "$x"};
        const std::size_t pairs = random_() % 4;
        const bool text_only = random_() % 2 == 0;
        std::string text = "t" + number(pairs, 4);
        for (std::size_t i = 0; i < pairs; ++i) {
            const auto kind = random_() % (text_only ? 3 : 5);
            const std::string name = kind == 0 ? special[i] : "k" + std::to_string(random_() % 2);
            if (kind < 2)
                text += write(
                    [&](TermWriter &w) { w.binary(kind == 0 ? name : name + std::to_string(i)); });
            else if (kind == 2)
                text += write([&](TermWriter &w) { w.atom(name + std::to_string(i)); });
            else if (kind == 3)
                text += write([&](TermWriter &w) { w.integer(static_cast<std::int64_t>(i)); });
            else
                text += "h" + number(2, 1) + "a" + number(i, 1) + term(depth - 1);
            text += term(depth - 1);
        }
        return text;
    }
    std::mt19937 random_;
};

} // namespace pgcrew::erlang_bridge
