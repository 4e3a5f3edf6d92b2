#include "core/link/digest.hpp"

#include "pgcrew/error.hpp"

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string>

namespace pgcrew::erlang_bridge {

Digest cookie_digest(std::string_view cookie, std::uint32_t challenge) {
    // Freeing a context also wipes what it held of the cookie.
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const std::string digits = std::to_string(challenge);
    Digest digest{};
    if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), cookie.data(), cookie.size()) != 1 ||
        EVP_DigestUpdate(context.get(), digits.data(), digits.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
        throw Error(sqlstate::feature_not_supported,
                    "Erlang nodes cannot be reached from this host",
                    "Their handshake needs MD5, which the OpenSSL library of this host refuses.");
    return digest;
}

bool same_digest(const Digest &a, std::string_view b) noexcept {
    return b.size() == a.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace pgcrew::erlang_bridge
