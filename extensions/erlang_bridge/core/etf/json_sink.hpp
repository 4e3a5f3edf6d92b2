// JSON as a sequence of events, whoever produces or takes it: jsonb in the server, a document of
// nlohmann/json in the unit tests. Numbers are decimal text, so none loses a digit. Producers know
// the number of elements in advance; the keys of an object differ from each other.
#pragma once
#include <cstddef>
#include <string_view>

namespace pgcrew::erlang_bridge {

class JsonSink {
  public:
    virtual ~JsonSink() = default;
    virtual void null() = 0;
    virtual void boolean(bool value) = 0;
    virtual void number(std::string_view decimal) = 0;
    virtual void string(std::string_view utf8) = 0;
    virtual void begin_array(std::size_t size) = 0;
    virtual void end_array() = 0;
    virtual void begin_object(std::size_t size) = 0;
    virtual void key(std::string_view utf8) = 0;
    virtual void end_object() = 0;
};

} // namespace pgcrew::erlang_bridge
