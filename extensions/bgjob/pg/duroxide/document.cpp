#include "pg/duroxide/document.hpp"

namespace pgcrew::bgjob::duroxide {
namespace {

constexpr NullableDatum nothing{0, true};

NullableDatum there(Datum value) { return {value, false}; }

} // namespace

NullableDatum Document::string(std::string_view key) const {
    const JsonbValue *value = member(key);
    if (value == nullptr)
        return nothing;
    switch (value->type) {
    case jbvNull:
        return nothing;
    case jbvString:
        return there(PointerGetDatum(
            cstring_to_text_with_len(value->val.string.val, value->val.string.len)));
    case jbvNumeric:
        return there(CStringGetTextDatum(DatumGetCString(
            DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)))));
    case jbvBool:
        return there(CStringGetTextDatum(value->val.boolean ? "true" : "false"));
    default:
        return there(Document(value->val.binary.data).as_text());
    }
}

// Numbers that are no integers, or too large, are the server's errors.
NullableDatum Document::int64_of(std::string_view key) const {
    const JsonbValue *value = member(key);
    if (value != nullptr && value->type == jbvNumeric)
        return there(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
    if (value == nullptr || value->type == jbvNull)
        return nothing;
    return there(
        DirectFunctionCall1(int8in, CStringGetDatum(TextDatumGetCString(string(key).value))));
}

NullableDatum Document::int32_of(std::string_view key) const {
    const NullableDatum wide = int64_of(key);
    return wide.isnull ? wide : there(DirectFunctionCall1(int84, wide.value));
}

bool Document::is_text(std::string_view key, std::string_view text) const {
    const JsonbValue *value = member(key);
    return value != nullptr && value->type == jbvString &&
           std::string_view(value->val.string.val,
                            static_cast<std::size_t>(value->val.string.len)) == text;
}

Document Document::only_member() const {
    if (!is_object() || size() != 1)
        return {};
    JsonbIterator *iterator = JsonbIteratorInit(container_);
    JsonbValue value;
    (void)JsonbIteratorNext(&iterator, &value, true); // begin
    (void)JsonbIteratorNext(&iterator, &value, true); // key
    (void)JsonbIteratorNext(&iterator, &value, true);
    return value.type == jbvBinary ? Document(value.val.binary.data) : Document();
}

} // namespace pgcrew::bgjob::duroxide
