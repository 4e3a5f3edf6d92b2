#include "pg/terms.hpp"

#include "core/etf/json_to_term.hpp"
#include "core/etf/term_to_json.hpp"
#include "pg/call_options.hpp"
#include "pg/jsonb_reader.hpp"
#include "pg/jsonb_writer.hpp"
#include "pg/settings.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::erlang_bridge {
namespace {

void require_utf8() {
    if (GetDatabaseEncoding() != PG_UTF8)
        throw Error(sqlstate::feature_not_supported,
                    "terms of Erlang need a database with the encoding UTF8",
                    "The encoding of this database is " + std::string(GetDatabaseEncodingName()) +
                        ".",
                    "Create a database with ENCODING 'UTF8' TEMPLATE template0.");
}

} // namespace

const ::Jsonb *jsonb_argument(FunctionCallInfo fcinfo, int i) {
    if (fcinfo->args[i].isnull)
        return nullptr;
    return call(
        [&] { return reinterpret_cast<const ::Jsonb *>(PG_DETOAST_DATUM(fcinfo->args[i].value)); });
}

const ::Jsonb *require_jsonb(FunctionCallInfo fcinfo, int i, const char *name) {
    (void)Args(fcinfo).datum(i, name); // complains of NULL
    return jsonb_argument(fcinfo, i);
}

std::string encode_term(const ::Jsonb *value, const ConversionOptions &options,
                        const Limits &limits, bool with_version) {
    require_utf8();
    TermWriter writer(limits);
    if (with_version)
        writer.version();
    JsonToTerm sink(writer, options);
    jsonb_to_sink(value, sink);
    sink.finish();
    return writer.take();
}

std::string encode_argument_list(const ::Jsonb *arguments, const ConversionOptions &options,
                                 const Limits &limits) {
    if (!JsonContainerIsArray(&arguments->root) || JsonContainerIsScalar(&arguments->root))
        throw Error(sqlstate::invalid_parameter_value, "arguments must be a JSON array");
    return encode_term(arguments, options, limits, false);
}

Datum decode_term(std::string_view term, const ConversionOptions &options, const Limits &limits,
                  bool with_version) {
    require_utf8();
    JsonbWriter writer(term, limits);
    if (with_version)
        external_to_json(term, writer, options, limits);
    else
        term_to_json(term, writer, options, limits);
    return JsonbPGetDatum(writer.finish());
}

} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_encode) {
    const ::Jsonb *const value = jsonb_argument(fcinfo, 0);
    ConversionOptions options = parse_conversion_options(jsonb_argument(fcinfo, 1));
    if (value == nullptr)
        return null(fcinfo);
    options.knows_node = [](std::string_view) { return true; }; // nothing is sent
    const std::string term = encode_term(value, options, settings::limits(), true);
    return call([&] {
        auto *result = static_cast<bytea *>(palloc(term.size() + VARHDRSZ));
        SET_VARSIZE(result, term.size() + VARHDRSZ);
        memcpy(VARDATA(result), term.data(), term.size());
        return PointerGetDatum(result);
    });
}

PGCREW_FUNCTION(erlang_bridge_decode) {
    const ConversionOptions options = parse_conversion_options(jsonb_argument(fcinfo, 1));
    if (fcinfo->args[0].isnull)
        return null(fcinfo);
    const bytea *const term = call([&] { return DatumGetByteaPP(fcinfo->args[0].value); });
    return decode_term({VARDATA_ANY(term), VARSIZE_ANY_EXHDR(term)}, options, settings::limits(),
                       true);
}
