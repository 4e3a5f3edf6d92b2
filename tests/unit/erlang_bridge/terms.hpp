// Helpers for tests of the term codec: bytes from hexadecimal text, and terms as text.
#pragma once
#include "core/etf/integer_text.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/show.hpp"
#include "core/etf/text.hpp"
#include "core/etf/writer.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

inline std::string from_hex_dump(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

inline std::string to_hex_dump(std::string_view bytes) {
    std::string hex;
    for (const char c : bytes) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        hex += two;
    }
    return hex;
}

// A term in a notation of its own: equal terms give equal texts, however they were encoded.
class TermText final : public TermVisitor {
  public:
    const std::string &text() const noexcept { return text_; }

    void atom(std::string_view text) override { put("'" + std::string(text) + "'"); }
    void integer(std::int64_t value) override { put(std::to_string(value)); }
    void big_integer(const BigInteger &value) override { put("big:" + to_hex(value)); }
    void floating(double value) override {
        char text[64];
        std::snprintf(text, sizeof text, "float:%a", value);
        put(text);
    }
    void binary(std::string_view bytes) override { put("<<" + to_hex_dump(bytes) + ">>"); }
    void bit_string(const BitString &bits) override {
        TermWriter masked;
        masked.bit_string(bits);
        put("bits:" + to_hex_dump(masked.bytes()));
    }
    void pid(const Pid &pid) override { put(show(pid) + "/" + std::to_string(pid.creation)); }
    void port(const Port &port) override { put(show(port) + "/" + std::to_string(port.creation)); }
    void reference(const Reference &reference) override {
        put(show(reference) + "/" + std::to_string(reference.creation));
    }
    void export_fun(const Export &fun) override { put("fun " + show(fun)); }
    void begin_list(std::size_t) override { open("["); }
    void tail() override { open("|"); }
    void end_list() override { close("]"); }
    void begin_tuple(std::size_t size) override { open("{" + std::to_string(size) + ":"); }
    void end_tuple() override { close("}"); }
    void begin_map(std::size_t pairs) override { open("#{" + std::to_string(pairs) + ":"); }
    void end_map() override { close("}"); }
    bool begin_fun(const Fun &fun) override {
        open("fun(" + std::string(fun.module) + "." + to_hex_dump(fun.unique) + "." +
             std::to_string(fun.index) + " by " + show(fun.creator) + ":");
        return true;
    }
    void end_fun() override { close(")"); }

  private:
    void put(const std::string &item) {
        text_ += first_ ? item : "," + item;
        first_ = false;
    }
    void open(const std::string &bracket) {
        if (bracket == "|")
            text_ += bracket;
        else
            put(bracket);
        first_ = true;
    }
    void close(const char *bracket) {
        text_ += bracket;
        first_ = false;
    }
    std::string text_;
    bool first_ = true;
};

inline std::string text_of_external(std::string_view bytes, const Limits &limits = {}) {
    TermText text;
    read_whole_external(bytes, text, limits);
    return text.text();
}

inline std::string text_of_term(std::string_view bytes, const Limits &limits = {}) {
    TermText text;
    read_whole_term(bytes, text, limits);
    return text.text();
}

} // namespace pgcrew::erlang_bridge
