#include "pg/call_options.hpp"

#include <string>

namespace pgcrew::erlang_bridge {
namespace {

enum class Accepted { All, Conversion };

constexpr int max_members = 8; // one more than there are: then one is unknown

struct Member {
    JsonbValue name, value; // an array or object as jbvBinary
};

struct Members {
    int count;
    Member list[max_members];
};

std::string_view text_of(const JsonbValue &string) noexcept {
    return {string.val.string.val, static_cast<std::size_t>(string.val.string.len)};
}

bool is_conversion(std::string_view name) noexcept {
    return name == "form" || name == "keys" || name == "strings" || name == "numbers" ||
           name == "null";
}

bool is_object(const JsonbValue &value) noexcept {
    return value.type == jbvBinary && JsonContainerIsObject(value.val.binary.data);
}

Members members_of(JsonbContainer *object) {
    return call([&] {
        Members members{};
        JsonbIterator *iterator = JsonbIteratorInit(object);
        JsonbValue begin{};
        (void)JsonbIteratorNext(&iterator, &begin, true);
        for (; members.count < max_members; ++members.count) {
            Member &member = members.list[members.count];
            if (JsonbIteratorNext(&iterator, &member.name, true) != WJB_KEY)
                break;
            (void)JsonbIteratorNext(&iterator, &member.value, true);
        }
        return members;
    });
}

[[noreturn]] void wrong_type(std::string_view name, const std::string &wanted) {
    throw Error(sqlstate::invalid_parameter_value,
                "invalid value of option \"" + std::string(name) + "\"",
                "It must be " + wanted + ".");
}

[[noreturn]] void unknown(std::string_view name, Accepted accepted) {
    std::string known = "form, keys, strings, numbers";
    known += accepted == Accepted::All ? ", null, idempotent and on_error" : " and null";
    throw Error(sqlstate::invalid_parameter_value, "unknown option \"" + std::string(name) + "\"",
                {}, "Known options are " + known + ".");
}

void set_on_error(CallOptions &options, const JsonbValue &value) {
    using enum CallOptions::OnError;
    if (value.type == jbvString && text_of(value) == "error") {
        options.on_error = Raise;
        return;
    }
    if (value.type == jbvString && text_of(value) == "null") {
        options.on_error = Null;
        return;
    }
    Members inner{};
    if (is_object(value))
        inner = members_of(value.val.binary.data);
    if (inner.count != 1 || text_of(inner.list[0].name) != "default")
        wrong_type("on_error", R"("error", "null" or {"default": value})");
    options.on_error = Default;
    options.default_value = call([&] { return JsonbValueToJsonb(&inner.list[0].value); });
}

void set(CallOptions &options, const Member &member, Accepted accepted) {
    const std::string_view name = text_of(member.name);
    const JsonbValue &value = member.value;
    if (accepted == Accepted::All && name == "idempotent") {
        if (value.type != jbvBool)
            wrong_type(name, "true or false");
        options.idempotent = value.val.boolean;
    } else if (accepted == Accepted::All && name == "on_error") {
        set_on_error(options, value);
    } else if (!is_conversion(name)) {
        unknown(name, accepted);
    } else if (value.type != jbvString) {
        wrong_type(name, "a string");
    } else {
        set_option(options.conversion, name, text_of(value));
    }
}

CallOptions parse(const ::Jsonb *document, Accepted accepted) {
    CallOptions options;
    if (document == nullptr)
        return options;
    auto *root = const_cast<JsonbContainer *>(&document->root); // which is only read
    if (!JsonContainerIsObject(root))
        throw Error(sqlstate::invalid_parameter_value, "options must be a JSON object");
    const Members members = members_of(root);
    for (int i = 0; i < members.count; ++i)
        set(options, members.list[i], accepted);
    return options;
}

} // namespace

CallOptions parse_call_options(const ::Jsonb *options) { return parse(options, Accepted::All); }

ConversionOptions parse_conversion_options(const ::Jsonb *options) {
    return parse(options, Accepted::Conversion).conversion;
}

} // namespace pgcrew::erlang_bridge
