// JSON text that may be missing, as a value. Keep it as long as its value is used.
#pragma once
#include "pgcrew/values.hpp"

#include <optional>
#include <string>

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {

class OptionalJson {
  public:
    explicit OptionalJson(const std::optional<std::string> &from)
        : json_{from.value_or("")}, there_(from.has_value()) {}
    Value value() const { return there_ ? Value(json_) : Value::null(JSONBOID); }

  private:
    Jsonb json_;
    bool there_;
};

} // namespace pgcrew::bgjob
