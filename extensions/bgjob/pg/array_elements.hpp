// An array taken apart.
#pragma once
#include "pgcrew/postgres.hpp"

extern "C" {
#include <utils/array.h>
#include <utils/lsyscache.h>
}

namespace pgcrew::bgjob {

// The elements, and what it takes to put them together again.
struct ArrayElements {
    ArrayType *array;
    Datum *values;
    bool *nulls;
    int count;
    int16 length;
    bool by_value;
    char alignment;
};

// Server call: allocates in the current context.
inline ArrayElements array_elements(ArrayType *array) {
    ArrayElements e{};
    e.array = array;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &e.length, &e.by_value, &e.alignment);
    deconstruct_array(array, ARR_ELEMTYPE(array), e.length, e.by_value, e.alignment, &e.values,
                      &e.nulls, &e.count);
    return e;
}

} // namespace pgcrew::bgjob
