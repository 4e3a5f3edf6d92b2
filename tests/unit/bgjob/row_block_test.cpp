#include "catch.hpp"
#include "core/row_block.hpp"

#include <cstring>
#include <string>
#include <vector>

using namespace pgcrew::bgjob;

namespace {

// A row whose bytes after the length are all `fill`.
bool add(BlockBuilder &block, std::uint32_t bytes, char fill) {
    std::byte *at = block.add_row(bytes);
    if (at != nullptr)
        std::memset(at + sizeof bytes, fill, bytes - sizeof bytes);
    return at != nullptr;
}

std::string text_of(const BlockEntry &entry) {
    return {reinterpret_cast<const char *>(entry.data), entry.bytes};
}

BlockHeader header_of(const std::byte *block) {
    BlockHeader header;
    std::memcpy(&header, block, sizeof header);
    return header;
}

// A block of the caller's making, aligned as in a buffer.
struct RawBlock {
    std::vector<std::uint64_t> words;
    std::byte *bytes() { return reinterpret_cast<std::byte *>(words.data()); }
    explicit RawBlock(std::uint32_t size) : words((size + 7) / 8) {
        const BlockHeader header{0, size, 1};
        std::memcpy(bytes(), &header, sizeof header);
    }
    void set_length(std::uint32_t length) {
        std::memcpy(bytes() + sizeof(BlockHeader), &length, sizeof length);
    }
};

} // namespace

TEST_CASE("rows come out of a block in the order they went in") {
    BlockBuilder block(1024);
    REQUIRE(block.empty());
    REQUIRE(add(block, 5, 'a'));
    REQUIRE(add(block, 24, 'b'));
    REQUIRE(add(block, 4, 'c'));
    REQUIRE_FALSE(block.empty());
    REQUIRE(block.rows() == 3);

    const std::byte *bytes = block.seal();
    CHECK(header_of(bytes).rows == 3);
    CHECK(header_of(bytes).next == 0);
    CHECK(header_of(bytes).bytes == block.bytes());
    CHECK(header_of(bytes).bytes == sizeof(BlockHeader) + 8 + 24 + 8);

    BlockCursor cursor(bytes);
    for (const std::uint32_t size : {5U, 24U, 4U}) {
        const auto entry = cursor.next();
        REQUIRE(entry);
        CHECK_FALSE(entry->is_type);
        CHECK(entry->bytes == size);
        CHECK(reinterpret_cast<std::uintptr_t>(entry->data) % 8 == 0);
        std::uint32_t length = 0;
        std::memcpy(&length, entry->data, sizeof length);
        CHECK(length == size);
    }
    CHECK_FALSE(cursor.next());
}

TEST_CASE("room for a row is zeroed, also where an earlier block was") {
    BlockBuilder block(256);
    REQUIRE(add(block, 64, 'x'));
    block.clear();
    const std::byte *at = block.add_row(60);
    REQUIRE(at != nullptr);
    for (std::size_t i = sizeof(std::uint32_t); i < 64; ++i)
        REQUIRE(at[i] == std::byte{0});
}

TEST_CASE("a record type's description is marked and keeps its bytes") {
    BlockBuilder block(256);
    REQUIRE(block.add_type("columns"));
    REQUIRE(add(block, 8, 'r'));
    REQUIRE(block.add_type(""));
    CHECK(block.rows() == 1);

    BlockCursor cursor(block.seal());
    auto entry = cursor.next();
    REQUIRE(entry);
    CHECK(entry->is_type);
    CHECK(text_of(*entry) == "columns");
    entry = cursor.next();
    REQUIRE(entry);
    CHECK_FALSE(entry->is_type);
    entry = cursor.next();
    REQUIRE(entry);
    CHECK(entry->is_type);
    CHECK(entry->bytes == 0);
    CHECK_FALSE(cursor.next());
}

TEST_CASE("a full block takes no more, a larger entry gets a block of its own") {
    BlockBuilder block(sizeof(BlockHeader) + 32);
    REQUIRE(add(block, 16, 'a'));
    REQUIRE_FALSE(add(block, 17, 'b'));
    REQUIRE(block.rows() == 1);
    REQUIRE(add(block, 16, 'b'));
    REQUIRE_FALSE(add(block, 4, 'c'));
    REQUIRE_FALSE(block.add_type("t"));

    block.clear();
    REQUIRE_FALSE(add(block, 1000, 'd'));
    block.make_room(1000);
    REQUIRE(add(block, 1000, 'd'));
    BlockCursor cursor(block.seal());
    const auto entry = cursor.next();
    REQUIRE(entry);
    CHECK(entry->bytes == 1000);
    CHECK(text_of(*entry).substr(4) == std::string(996, 'd'));

    block.clear(); // back to the usual size
    REQUIRE_FALSE(add(block, 1000, 'e'));
    block.make_room(BlockBuilder::type_entry_bytes(std::string(500, 't')));
    CHECK(block.add_type(std::string(500, 't')));
}

TEST_CASE("a cursor does not leave a damaged block") {
    SECTION("no entries") {
        RawBlock block(sizeof(BlockHeader));
        CHECK_FALSE(BlockCursor(block.bytes()).next());
    }
    SECTION("smaller than its header") {
        RawBlock block(24);
        const BlockHeader header{0, 8, 1};
        std::memcpy(block.bytes(), &header, sizeof header);
        CHECK_FALSE(BlockCursor(block.bytes()).next());
    }
    SECTION("an entry that reaches over the end") {
        RawBlock block(32);
        block.set_length(17);
        CHECK_FALSE(BlockCursor(block.bytes()).next());
        block.set_length(16);
        CHECK(BlockCursor(block.bytes()).next());
        block.set_length(0xFFFFFFFFU);
        CHECK_FALSE(BlockCursor(block.bytes()).next());
    }
    SECTION("an entry shorter than its length") {
        RawBlock block(32);
        for (const std::uint32_t length : {0U, 3U, 0x80000000U}) {
            block.set_length(length);
            CHECK_FALSE(BlockCursor(block.bytes()).next());
        }
    }
    SECTION("a last entry without room for a length") {
        RawBlock block(sizeof(BlockHeader) + 3);
        CHECK_FALSE(BlockCursor(block.bytes()).next());
    }
}
