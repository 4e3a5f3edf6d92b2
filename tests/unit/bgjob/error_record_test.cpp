#include "catch.hpp"
#include "core/error_record.hpp"
#include "core/packing.hpp"

#include <stdexcept>

using namespace pgcrew::bgjob;

namespace {

ErrorFields full() {
    ErrorFields fields;
    fields.sqlstate = 0x2345678;
    fields.position = 7;
    fields.internal_position = 11;
    fields.message = "division by zero";
    fields.detail = "a detail";
    fields.hint = "a hint";
    fields.context = "line 1\nline 2";
    fields.internal_query = "select 1/0";
    fields.schema_name = "s";
    fields.table_name = "t";
    fields.column_name = "c";
    fields.datatype_name = "d";
    fields.constraint_name = "k";
    return fields;
}

} // namespace

TEST_CASE("an error record keeps every field") {
    CHECK(unpack_error(pack_error(full())) == full());
    CHECK(unpack_error(pack_error(ErrorFields{})) == ErrorFields{});
}

TEST_CASE("each field has its own place in an error record") {
    std::string ErrorFields::*const texts[] = {
        &ErrorFields::message,        &ErrorFields::detail,         &ErrorFields::hint,
        &ErrorFields::context,        &ErrorFields::internal_query, &ErrorFields::schema_name,
        &ErrorFields::table_name,     &ErrorFields::column_name,    &ErrorFields::datatype_name,
        &ErrorFields::constraint_name};
    for (const auto member : texts) {
        ErrorFields fields;
        fields.*member = std::string("x\0y", 3);
        CHECK(unpack_error(pack_error(fields)) == fields);
    }
    for (const auto member :
         {&ErrorFields::sqlstate, &ErrorFields::position, &ErrorFields::internal_position}) {
        ErrorFields fields;
        fields.*member = -1;
        CHECK(unpack_error(pack_error(fields)) == fields);
    }
}

TEST_CASE("a cut or prolonged error record is refused") {
    const std::string bytes = pack_error(full());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_THROWS_AS(unpack_error(std::string_view(bytes).substr(0, size)),
                        std::invalid_argument);
    CHECK_THROWS_AS(unpack_error(bytes + '\0'), std::invalid_argument);
}

TEST_CASE("a text that claims more bytes than there are is refused") {
    Packer packer;
    packer.number(0xFFFFFFFFU);
    const std::string bytes = packer.take() + "abc";
    Unpacker unpacker(bytes);
    CHECK_THROWS_AS(unpacker.text(), std::invalid_argument);
}

TEST_CASE("what was packed comes back in order") {
    Packer packer;
    packer.number(1);
    packer.text("two");
    packer.text("");
    packer.number(4);
    const std::string bytes = packer.take();
    Unpacker unpacker(bytes);
    CHECK(unpacker.number() == 1);
    CHECK(unpacker.text() == "two");
    CHECK(unpacker.text().empty());
    CHECK_FALSE(unpacker.at_end());
    CHECK(unpacker.number() == 4);
    CHECK(unpacker.at_end());
    CHECK_THROWS_AS(unpacker.number(), std::invalid_argument);
}
