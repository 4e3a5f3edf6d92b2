// The error that a piece of code raises, to look at all its parts.
#pragma once
#include "catch.hpp"
#include "pgcrew/error.hpp"

// Fails the test if there is none.
template <class F> pgcrew::Error error_of(F f) {
    try {
        f();
    } catch (const pgcrew::Error &e) {
        return e;
    }
    FAIL("no error was raised");
    throw 0; // not reached
}
