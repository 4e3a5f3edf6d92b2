#include "core/error_record.hpp"

#include "core/packing.hpp"

namespace pgcrew::bgjob {
namespace {

constexpr int ErrorFields::*numbers[] = {&ErrorFields::sqlstate, &ErrorFields::position,
                                         &ErrorFields::internal_position};

constexpr std::string ErrorFields::*texts[] = {
    &ErrorFields::message,        &ErrorFields::detail,         &ErrorFields::hint,
    &ErrorFields::context,        &ErrorFields::internal_query, &ErrorFields::schema_name,
    &ErrorFields::table_name,     &ErrorFields::column_name,    &ErrorFields::datatype_name,
    &ErrorFields::constraint_name};

} // namespace

std::string pack_error(const ErrorFields &fields) {
    Packer packer;
    for (const auto member : numbers)
        packer.number(static_cast<std::uint32_t>(fields.*member));
    for (const auto member : texts)
        packer.text(fields.*member);
    return packer.take();
}

ErrorFields unpack_error(std::string_view bytes) {
    ErrorFields fields;
    Unpacker unpacker(bytes);
    for (const auto member : numbers)
        fields.*member = static_cast<int>(unpacker.number());
    for (const auto member : texts)
        fields.*member = unpacker.text();
    if (!unpacker.at_end())
        throw std::invalid_argument("error record is too long");
    return fields;
}

} // namespace pgcrew::bgjob
