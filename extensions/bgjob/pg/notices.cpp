// The server sends messages through a table of functions; a worker has no client, so ours stands
// there. It is called while a message is in flight, where nothing may fail: it copies into a static
// buffer, and shared memory is asked for when the job is over.
#include "pg/notices.hpp"

#include "pg/access.hpp"

#include <algorithm>
#include <vector>

// libpq.h is needed for its table of functions alone. What it includes, libpq-be.h, would want the
// headers of Kerberos: the few names of it that are used here stand here.
#define LIBPQ_BE_H
extern "C" {
#include <libpq/pqcomm.h>
#include <nodes/pg_list.h>
struct Port;
struct ClientSocket;
extern PGDLLIMPORT ProtocolVersion FrontendProtocol;
#include <libpq/libpq.h>
#include <libpq/pqmq.h>
#include <mb/pg_wchar.h>
#include <tcop/dest.h>
#include <tcop/tcopprot.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr char notice_message = 'N'; // of the frontend/backend protocol
constexpr uint32 max_notice_bytes = 65536;
constexpr uint32 max_notices = 100;

// In front of each message's bytes.
struct NoticeHeader {
    uint32 bytes;
    int32 encoding; // of the texts: the worker's client encoding, which the job may change
};

// What lies in shared memory.
struct NoticeChunk {
    dsa_pointer next; // none: there is one chunk
    char messages[FLEXIBLE_ARRAY_MEMBER];
};

struct Collected {
    uint32 bytes, messages, dropped;
    char data[max_notice_bytes];
} collected;

void collect(const char *text, size_t size) noexcept {
    NoticeHeader header{static_cast<uint32>(size), pg_get_client_encoding()};
    if (collected.messages >= max_notices || size > max_notice_bytes - sizeof header ||
        collected.bytes > max_notice_bytes - sizeof header - size) {
        ++collected.dropped;
        return;
    }
    char *at = collected.data + collected.bytes;
    memcpy(at, &header, sizeof header);
    memcpy(at + sizeof header, text, size);
    collected.bytes += static_cast<uint32>(sizeof header + size);
    ++collected.messages;
}

void reset_connection() {}
int flush() { return 0; }
bool is_send_pending() { return false; }
int put_message(char type, const char *text, size_t size) {
    if (type == notice_message)
        collect(text, size);
    return 0;
}
void put_message_later(char type, const char *text, size_t size) {
    (void)put_message(type, text, size);
}

constexpr PQcommMethods methods = {
    callback<&reset_connection>, callback<&flush>,       callback<&flush>,
    callback<&is_send_pending>,  callback<&put_message>, callback<&put_message_later>};

void hand_over(JobId id) {
    dsa_pointer at = InvalidDsaPointer;
    if (collected.bytes > 0)
        at = try_allocate(offsetof(NoticeChunk, messages) + collected.bytes);
    if (at != InvalidDsaPointer)
        call([&] {
            auto *chunk = address<NoticeChunk>(at);
            chunk->next = InvalidDsaPointer;
            memcpy(chunk->messages, collected.data, collected.bytes);
        });
    else
        collected.dropped += collected.messages;

    Locked locked(LW_EXCLUSIVE);
    NoticeLog &log = locked.find_working(id)->notices;
    log.first = log.last = at;
    log.bytes = at != InvalidDsaPointer ? collected.bytes : 0;
    log.dropped = collected.dropped;
}

// --- replay ---------------------------------------------------------------------------------

// Server calls.
char *to_server_encoding(char *text, int encoding) {
    if (text == nullptr)
        return nullptr;
    return pg_any_to_server(text, static_cast<int>(strlen(text)), encoding);
}

void raise_notice(char *message, int size, int encoding) {
    StringInfoData info;
    info.data = message;
    info.len = info.maxlen = size;
    info.cursor = 0;
    ErrorData notice;
    pq_parse_errornotice(&info, &notice);
    if (notice.elevel >= ERROR)
        return; // not a notice, whatever it is
    for (char **text : {&notice.message, &notice.detail, &notice.hint, &notice.context,
                        &notice.schema_name, &notice.table_name, &notice.column_name,
                        &notice.datatype_name, &notice.constraint_name, &notice.internalquery})
        *text = to_server_encoding(*text, encoding);
    notice.cursorpos = 0; // it pointed into the job's SQL, not the reader's
    ThrowErrorData(&notice);
}

} // namespace

void install_notice_capture() {
    PqCommMethods = &methods;
    FrontendProtocol = PG_PROTOCOL_LATEST;
}

NoticeCapture::NoticeCapture(JobId id) noexcept : id_(id) {
    collected.bytes = collected.messages = collected.dropped = 0;
    whereToSendOutput = DestRemote;
}

NoticeCapture::~NoticeCapture() {
    whereToSendOutput = DestNone;
    if (collected.messages > 0 || collected.dropped > 0)
        cleanup("keeping a job's messages", [id = id_] { hand_over(id); });
}

void replay_notices(JobId id, int64 cookie) {
    std::string messages;
    uint32 dropped = 0;
    {
        Locked locked(LW_SHARED);
        const NoticeLog &log = require(locked, id, cookie).notices;
        if (log.bytes > 0)
            messages.assign(call([&] { return address<NoticeChunk>(log.first)->messages; }),
                            log.bytes);
        dropped = log.dropped;
    }
    for (std::size_t at = 0; at + sizeof(NoticeHeader) <= messages.size();) {
        NoticeHeader header;
        memcpy(&header, messages.data() + at, sizeof header);
        at += sizeof header;
        call([&] {
            raise_notice(messages.data() + at, static_cast<int>(header.bytes), header.encoding);
        });
        at += header.bytes;
    }
    if (dropped > 0)
        call([&] {
            ereport(NOTICE, errmsg_plural("%u more notice was dropped",
                                          "%u more notices were dropped", dropped, dropped));
        });
}

} // namespace pgcrew::bgjob
