#include "pg/duroxide/lease.hpp"

extern "C" {
#include <common/hashfn.h>
#include <storage/lock.h>
#include <utils/fmgrprotos.h>
#include <utils/uuid.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

LOCKTAG tag_of(uint64 key) {
    LOCKTAG tag;
    // As pg_advisory_xact_lock(hashtextextended(instance, schema)) does.
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32),
                         static_cast<uint32>(key), 1);
    return tag;
}

} // namespace

Lease new_lease(std::string_view subject, int64 duration_ms) {
    const pg_uuid_t *random = DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, Datum{0}));
    static_assert(UUID_LEN == token_random_bytes);
    const auto size = static_cast<int>(token_length(subject));
    auto *token = static_cast<text *>(palloc(VARHDRSZ + static_cast<Size>(size)));
    SET_VARSIZE(token, VARHDRSZ + size);
    write_token(std::span<const unsigned char, token_random_bytes>(random->data), subject,
                VARDATA(token));
    const TimestampTz now = server_now();
    return {now, unix_ms(now), later_ms(unix_ms(now), duration_ms), PointerGetDatum(token)};
}

SubjectLock::SubjectLock(Kind kind, Oid schema, std::string_view subject)
    : key_(hash_bytes_extended(reinterpret_cast<const unsigned char *>(subject.data()),
                               static_cast<int>(subject.size()), schema | uint64{kind} << 32)) {}

bool SubjectLock::try_take() const {
    const LOCKTAG tag = tag_of(key_);
    return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void SubjectLock::take() const {
    const LOCKTAG tag = tag_of(key_);
    (void)LockAcquire(&tag, ExclusiveLock, false, false);
}

void SubjectLock::release() const {
    const LOCKTAG tag = tag_of(key_);
    LockRelease(&tag, ExclusiveLock, false);
}

} // namespace pgcrew::bgjob::duroxide
