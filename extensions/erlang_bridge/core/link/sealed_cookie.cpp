#include "core/link/sealed_cookie.hpp"

#include <cstring>
#include <new>
#include <sodium.h>
#include <stdexcept>
#include <utility>

namespace pgcrew::erlang_bridge {
namespace {

// version | nonce | box of: hash of the node's name | length of the cookie | cookie, zeroes
constexpr char version = 1;
constexpr std::size_t hash_size = crypto_generichash_BYTES,
                      nonce_size = crypto_secretbox_NONCEBYTES;
constexpr std::size_t plain_size = hash_size + 1 + Cookie::longest;
constexpr std::size_t box_size = plain_size + crypto_secretbox_MACBYTES;
constexpr std::size_t sealed_size = 1 + nonce_size + box_size;
static_assert(sealing_key_size == crypto_secretbox_KEYBYTES);
static_assert(Cookie::longest <= 255);

void start_sodium() {
    if (sodium_init() < 0) // does nothing from the second time on
        throw std::runtime_error("libsodium cannot be used");
}

const unsigned char *bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char *>(text.data());
}

void hash_name(std::string_view node, unsigned char *to) {
    crypto_generichash(to, hash_size, bytes(node), node.size(), nullptr, 0);
}

} // namespace

GuardedMemory::GuardedMemory(std::size_t size) : size_(size) {
    start_sodium();
    data_ = static_cast<unsigned char *>(sodium_malloc(size));
    if (data_ == nullptr)
        throw std::bad_alloc();
    sodium_memzero(data_, size);
}

GuardedMemory::GuardedMemory(GuardedMemory &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

GuardedMemory::~GuardedMemory() { sodium_free(data_); }

GuardedMemory new_sealing_key() {
    GuardedMemory key(sealing_key_size);
    randombytes_buf(key.data(), key.size());
    return key;
}

std::string seal_cookie(const Cookie &cookie, std::string_view node, const GuardedMemory &key) {
    const GuardedMemory plain(plain_size);
    hash_name(node, plain.data());
    plain.data()[hash_size] = static_cast<unsigned char>(cookie.bytes().size());
    std::memcpy(plain.data() + hash_size + 1, cookie.bytes().data(), cookie.bytes().size());

    std::string sealed(sealed_size, version);
    auto *const nonce = reinterpret_cast<unsigned char *>(sealed.data() + 1);
    randombytes_buf(nonce, nonce_size);
    crypto_secretbox_easy(nonce + nonce_size, plain.data(), plain_size, nonce, key.data());
    return sealed;
}

std::optional<Cookie> open_sealed_cookie(std::string_view sealed, std::string_view node,
                                         const GuardedMemory &key) {
    if (sealed.size() != sealed_size || sealed.front() != version)
        return std::nullopt;
    const unsigned char *const nonce = bytes(sealed) + 1;
    const GuardedMemory plain(plain_size);
    if (crypto_secretbox_open_easy(plain.data(), nonce + nonce_size, box_size, nonce, key.data()) !=
        0)
        return std::nullopt;
    unsigned char name[hash_size];
    hash_name(node, name);
    if (sodium_memcmp(name, plain.data(), hash_size) != 0)
        return std::nullopt;
    return Cookie::from_latin1(
        {reinterpret_cast<const char *>(plain.data()) + hash_size + 1, plain.data()[hash_size]});
}

} // namespace pgcrew::erlang_bridge
