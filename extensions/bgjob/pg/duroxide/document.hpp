// Reading a jsonb value as it lies there, without a copy. Within call().
#pragma once
#include "pgcrew/boundary.hpp"

#include <string_view>

extern "C" {
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
}

namespace pgcrew::bgjob::duroxide {

class Document {
  public:
    Document() = default; // nothing: whatever is asked for is not there
    explicit Document(JsonbContainer *container) : container_(container) {}
    explicit Document(Datum jsonb)
        : container_(&reinterpret_cast<::Jsonb *>(PG_DETOAST_DATUM(jsonb))->root) {}

    bool is_object() const { return container_ != nullptr && JsonContainerIsObject(container_); }
    bool is_array() const {
        return container_ != nullptr && JsonContainerIsArray(container_) &&
               !JsonContainerIsScalar(container_);
    }
    uint32 size() const { return container_ == nullptr ? 0 : JsonContainerSize(container_); }

    // An object or array below a key.
    Document at(std::string_view key) const {
        const JsonbValue *value = member(key);
        return value != nullptr && value->type == jbvBinary ? Document(value->val.binary.data)
                                                            : Document();
    }
    Document element(uint32 i) const {
        const JsonbValue *value = getIthJsonbValueFromContainer(container_, i);
        return value != nullptr && value->type == jbvBinary ? Document(value->val.binary.data)
                                                            : Document();
    }
    // As ->> gives it: null if it is not there, or null there.
    NullableDatum string(std::string_view key) const;
    NullableDatum int64_of(std::string_view key) const;
    NullableDatum int32_of(std::string_view key) const;
    bool is_text(std::string_view key, std::string_view text) const;
    Datum as_text() const { return CStringGetTextDatum(JsonbToCString(nullptr, container_, 0)); }
    // Of an object with one member: that below it, whatever its key.
    Document only_member() const;

  private:
    const JsonbValue *member(std::string_view key) const {
        if (!is_object())
            return nullptr;
        return getKeyJsonValueFromContainer(container_, key.data(), static_cast<int>(key.size()),
                                            nullptr);
    }
    JsonbContainer *container_ = nullptr;
};

} // namespace pgcrew::bgjob::duroxide
