// JSON events as jsonb.
#pragma once
#include "core/etf/json_sink.hpp"
#include "core/etf/limits.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"

#include <cstdint>
#include <vector>

namespace pgcrew::erlang_bridge {

// Takes one value, and then finish(). Texts are in the database's encoding; those that lie within
// the source, which has to stay until then, are not copied. What is too large for jsonb is 54000.
class JsonbWriter final : public JsonSink, NoCopy {
  public:
    JsonbWriter(std::string_view source, const Limits &limits);

    void null() override;
    void boolean(bool value) override;
    void number(std::string_view decimal) override;
    void string(std::string_view utf8) override;
    void begin_array(std::size_t size) override;
    void end_array() override;
    void begin_object(std::size_t size) override;
    void key(std::string_view utf8) override;
    void end_object() override;

    // The document, in the current memory context.
    ::Jsonb *finish();

  private:
    // What is to be told to the server.
    enum class Content : std::uint8_t { None, Null, Boolean, Integer, Number, String };
    struct Step {
        JsonbIteratorToken token; // WJB_DONE: the value is the document
        Content content;
        int size; // of the text; that of a number ends with a zero byte
        union {
            const char *text;
            int64 integer; // or boolean
        };
    };

    void add(JsonbIteratorToken token, Content content, int64 integer = 0);
    void add(JsonbIteratorToken token, Content content, std::string_view text);
    void add(const Step &step);
    JsonbIteratorToken value_token() const;
    const char *keep(std::string_view text);
    void flush();
    void push(const Step &step); // server calls

    const std::string_view source_;
    OwnedMemory memory_{"erlang_bridge jsonb"};
    const Size max_memory_;
    compat::JsonbBuilder builder_{};
    JsonbValue scalar_{};       // the document, if it is neither an array nor an object
    std::vector<bool> objects_; // of all that is open: is it an object?
    std::vector<Step> steps_;
    char *room_ = nullptr; // for texts, which have to stay
    std::size_t room_left_ = 0;
};

} // namespace pgcrew::erlang_bridge
