#include "pg/cookie_vault.hpp"

#include "pg/key_file.hpp"
#include "pgcrew/compat.hpp"

#include <array>
#include <cstring>

extern "C" {
#include <catalog/namespace.h>
#include <mb/pg_wchar.h>
}

namespace pgcrew::erlang_bridge {
namespace {

// What the server has of the argument.
struct Argument {
    const char *text;
    std::size_t size;
    struct varlena *copy; // null unless one was made
};

Argument argument(Datum datum) {
    return call([&] {
        struct varlena *const value = PG_DETOAST_DATUM_PACKED(datum);
        const bool copied = reinterpret_cast<Pointer>(value) != DatumGetPointer(datum);
        return Argument{VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value)),
                        copied ? value : nullptr};
    });
}

// The text in UTF-8, or 0 bytes where that cannot be. The server's own conversion would quote what
// it cannot convert.
template <std::size_t size>
std::size_t convert(const Argument &from, std::array<unsigned char, size> &to) {
    const int encoding = GetDatabaseEncoding();
    if (from.size * 4 >= size) // longer than any cookie
        return 0;
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII) {
        std::memcpy(to.data(), from.text, from.size);
        return from.size;
    }
    return call([&]() -> std::size_t {
        const Oid conversion = FindDefaultConversionProc(encoding, PG_UTF8);
        const auto length = static_cast<int>(from.size);
        auto *const text = reinterpret_cast<unsigned char *>(const_cast<char *>(from.text));
        if (!OidIsValid(conversion) ||
            pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, text, length, to.data(),
                                          static_cast<int>(size), true) != length)
            return 0;
        return strlen(reinterpret_cast<const char *>(to.data()));
    });
}

} // namespace

Cookie cookie_argument(const Args &args, int i) {
    const Argument given = argument(args.datum(i, "cookie"));
    std::array<unsigned char, 8 * Cookie::longest> utf8{};
    const std::size_t size = convert(given, utf8);
    std::optional<Cookie> cookie =
        Cookie::parse({reinterpret_cast<const char *>(utf8.data()), size});
    explicit_bzero(utf8.data(), utf8.size());
    if (given.copy != nullptr)
        explicit_bzero(given.copy, VARSIZE_ANY(given.copy));
    if (!cookie)
        throw Error(sqlstate::invalid_parameter_value, "invalid cookie",
                    "A cookie has 1 to 255 printable characters of Latin-1.",
                    "It is the value that erlang:get_cookie() gives on the node.");
    return std::move(*cookie);
}

std::string seal(const Cookie &cookie, std::string_view node) {
    return seal_cookie(cookie, node, read_sealing_key(IfMissing::Create));
}

Cookie unseal(std::string_view sealed, std::string_view node) {
    std::optional<Cookie> cookie =
        open_sealed_cookie(sealed, node, read_sealing_key(IfMissing::Fail));
    if (!cookie)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "the cookie of node \"" + std::string(node) + "\" cannot be decrypted",
                    "It was encrypted with another key or for another node.",
                    "Set it again with erlang_node_set_cookie().");
    return std::move(*cookie);
}

} // namespace pgcrew::erlang_bridge
