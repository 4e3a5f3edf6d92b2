// An error on its way from a worker to whoever asks for the result: all its fields as bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::bgjob {

// A text that is empty was not given.
struct ErrorFields {
    int sqlstate = 0;          // packed; 0: no error
    int position = 0;          // in the job's SQL, in characters from 1; 0: none
    int internal_position = 0; // likewise, in internal_query
    std::string message, detail, hint, context, internal_query;
    std::string schema_name, table_name, column_name, datatype_name, constraint_name;

    friend bool operator==(const ErrorFields &, const ErrorFields &) = default;
};

std::string pack_error(const ErrorFields &);

// Throws std::invalid_argument for bytes that are no error record.
ErrorFields unpack_error(std::string_view bytes);

} // namespace pgcrew::bgjob
