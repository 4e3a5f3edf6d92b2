#include "pg/duroxide/events_json.hpp"

#include "pgcrew/xact.hpp"

#include <vector>

extern "C" {
#include <lib/stringinfo.h>
#include <utils/json.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

// Server calls. Elements that are said to be no JSON are written as strings.
Datum joined(const TextList &texts, const bool *broken) {
    StringInfoData all;
    initStringInfo(&all);
    appendStringInfoChar(&all, '[');
    for (int i = 0; i < texts.count; ++i) {
        if (i > 0)
            appendStringInfoChar(&all, ',');
        const text *one = DatumGetTextPP(texts.list[i]);
        if (broken != nullptr && broken[i])
            escape_json(&all, text_to_cstring(one));
        else
            appendBinaryStringInfo(&all, VARDATA_ANY(one),
                                   static_cast<int>(VARSIZE_ANY_EXHDR(one)));
    }
    appendStringInfoChar(&all, ']');
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(all.data));
}

// f() in a subtransaction; false if the server refused what it read.
template <class F> bool reads(F f) {
    try {
        in_subtransaction([&] { call(f); });
        return true;
    } catch (const ServerError &error) {
        const std::string state = error.state().text();
        if (state.compare(0, 2, "22") != 0 && state.compare(0, 2, "54") != 0)
            throw;
        return false;
    }
}

bool is_json(Datum one) {
    return reads(
        [&] { (void)DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(one))); });
}

} // namespace

Datum json_of(const TextList &texts) {
    // Most are sound: they are tried all together.
    Datum result = 0;
    if (reads([&] { result = joined(texts, nullptr); }) &&
        call([&] { return Document(result).size(); }) == static_cast<uint32>(texts.count))
        return result;
    const auto broken = std::make_unique<bool[]>(static_cast<std::size_t>(texts.count));
    for (int i = 0; i < texts.count; ++i)
        broken[static_cast<std::size_t>(i)] = !is_json(texts.list[i]);
    const bool *const marks = broken.get();
    return call([&] { return joined(texts, marks); });
}

} // namespace pgcrew::bgjob::duroxide
