#include "pg/jsonb_reader.hpp"

#include "pgcrew/memory.hpp"

extern "C" {
#include <utils/fmgrprotos.h>
#include <utils/numeric.h>
}

namespace pgcrew::erlang_bridge {
namespace {

// Entering the server costs more than a step of its iterator, and the sink may throw: many steps
// are taken at once, and told afterwards.
constexpr int batch_size = 256;
// Making an integer of so many digits takes its time: interrupts are served before the next.
constexpr uint32 long_number = 4096;

struct Event {
    JsonbIteratorToken token;
    jbvType type;     // of a key, an element or a value
    uint32 size;      // of the text; of an array or object that begins; 1 for true
    const char *text; // of a string, in the document; of a number, allocated
};

struct Walk {
    JsonbIterator *iterator;
    bool is_scalar; // which jsonb keeps as an array of one
    bool is_over;
    int count;
    Event events[batch_size];
};

// Server calls.
Event event_of(JsonbIteratorToken token, const JsonbValue &value) {
    Event event{token, value.type, 0, nullptr};
    if (token == WJB_BEGIN_ARRAY) {
        event.size = static_cast<uint32>(value.val.array.nElems);
    } else if (token == WJB_BEGIN_OBJECT) {
        event.size = static_cast<uint32>(value.val.object.nPairs);
    } else if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM) {
        if (value.type == jbvString) {
            event.text = value.val.string.val;
            event.size = static_cast<uint32>(value.val.string.len);
        } else if (value.type == jbvNumeric) {
            event.text = DatumGetCString(
                DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
            event.size = static_cast<uint32>(strlen(event.text));
        } else if (value.type == jbvBool) {
            event.size = value.val.boolean ? 1 : 0;
        }
    }
    return event;
}

bool has_own_text(const Event &event) { return event.text != nullptr && event.type == jbvNumeric; }

// Server calls.
void take_batch(Walk &walk) {
    CHECK_FOR_INTERRUPTS();
    for (int i = 0; i < walk.count; ++i)
        if (has_own_text(walk.events[i]))
            pfree(const_cast<char *>(walk.events[i].text));
    walk.count = 0;
    while (walk.count < batch_size) {
        JsonbValue value{};
        const JsonbIteratorToken token = JsonbIteratorNext(&walk.iterator, &value, false);
        walk.is_over = token == WJB_DONE;
        if (walk.is_over)
            break;
        if (walk.is_scalar && token != WJB_ELEM)
            continue;
        const Event event = event_of(token, value);
        walk.events[walk.count++] = event;
        if (has_own_text(event) && event.size > long_number)
            break;
    }
}

void tell_value(const Event &event, JsonSink &sink) {
    switch (event.type) {
    case jbvNull:
        return sink.null();
    case jbvBool:
        return sink.boolean(event.size != 0);
    case jbvNumeric:
        return sink.number({event.text, event.size});
    case jbvString:
        return sink.string({event.text, event.size});
    default:
        throw Error(sqlstate::internal_error, "unexpected kind of jsonb value",
                    "Its number is " + std::to_string(event.type) + ".");
    }
}

void tell(const Event &event, JsonSink &sink) {
    switch (event.token) {
    case WJB_KEY:
        return sink.key({event.text, event.size});
    case WJB_VALUE:
    case WJB_ELEM:
        return tell_value(event, sink);
    case WJB_BEGIN_ARRAY:
        return sink.begin_array(event.size);
    case WJB_END_ARRAY:
        return sink.end_array();
    case WJB_BEGIN_OBJECT:
        return sink.begin_object(event.size);
    case WJB_END_OBJECT:
        return sink.end_object();
    case WJB_DONE:
        return;
    }
}

} // namespace

void jsonb_to_sink(const ::Jsonb *document, JsonSink &sink) {
    const OwnedMemory memory("erlang_bridge jsonb walk");
    const auto in_memory = [&memory](auto f) {
        const MemoryScope scope(memory.get());
        call(f);
    };
    auto *root = const_cast<JsonbContainer *>(&document->root); // which is only read
    Walk walk; // NOLINT(cppcoreguidelines-pro-type-member-init): what is not set is not looked at
    walk.is_scalar = JsonContainerIsScalar(root);
    walk.is_over = false;
    walk.count = 0;
    in_memory([&] { walk.iterator = JsonbIteratorInit(root); });
    while (!walk.is_over) {
        in_memory([&] { take_batch(walk); });
        for (int i = 0; i < walk.count; ++i)
            tell(walk.events[i], sink);
    }
}

} // namespace pgcrew::erlang_bridge
