// Any bytes as a term: it is refused, or it is JSON in both forms, and comes back from the exact
// one as the same term. The first byte chooses the options.
#include "core/etf/json_to_term.hpp"
#include "core/etf/term_to_json.hpp"
#include "erlang_bridge/json_text.hpp"
#include "erlang_bridge/terms.hpp"
#include "pgcrew/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

namespace {

const Limits limits{50, 1 << 20};

void expect(bool truth) {
    if (!truth)
        std::abort();
}

std::optional<std::string> text_if_term(std::string_view bytes) {
    try {
        return text_of_external(bytes, limits);
    } catch (const Error &e) {
        expect(e.state() == sqlstate::protocol_violation ||
               e.state() == sqlstate::statement_too_complex);
        return std::nullopt;
    }
}

// What the JSON of the term is when it is taken as input; empty if it is refused.
std::optional<std::string> through_json(std::string_view bytes, const ConversionOptions &options) {
    TermWriter writer(limits);
    writer.version();
    JsonToTerm sink(writer, options);
    try {
        external_to_json(bytes, sink, options, limits);
        sink.finish();
    } catch (const Error &e) {
        expect(e.state() == sqlstate::invalid_parameter_value ||
               e.state() == sqlstate::program_limit_exceeded);
        return std::nullopt;
    }
    return writer.take();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char *>(data) + 1, size - 1);
    ConversionOptions options = exact_options();
    options.form = (data[0] & 1) != 0 ? JsonForm::Natural : JsonForm::Exact;
    const bool natural = options.form == JsonForm::Natural;
    options.charlists = natural && (data[0] & 2) != 0;
    options.atom_keys = natural && (data[0] & 4) != 0;

    const auto text = text_if_term(bytes);
    JsonText json; // complains of sizes that are wrong and of keys that are there twice
    try {
        external_to_json(bytes, json, options, limits);
        expect(text.has_value());
    } catch (const Error &) {
        expect(!text && json.text().empty());
        return 0;
    }
    const auto back = through_json(bytes, options);
    if (back)
        expect(natural ? text_if_term(*back).has_value() : text_if_term(*back) == text);
    return 0;
}
