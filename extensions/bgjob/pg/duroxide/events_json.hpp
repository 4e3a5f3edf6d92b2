// Texts of JSON as one jsonb array.
#pragma once
#include "pg/duroxide/document.hpp"

namespace pgcrew::bgjob::duroxide {

// Within call().
struct TextList {
    Datum *list;
    int count, room;

    void add(Datum text) {
        if (count == room) {
            room = room == 0 ? 16 : room * 2;
            const Size size = sizeof(Datum) * static_cast<Size>(room);
            list = static_cast<Datum *>(list == nullptr ? palloc(size) : repalloc_huge(list, size));
        }
        list[count++] = text;
    }
};

// An element that is no JSON becomes a string: its reader sees that it is broken, and nothing else
// is lost.
Datum json_of(const TextList &texts);

} // namespace pgcrew::bgjob::duroxide
