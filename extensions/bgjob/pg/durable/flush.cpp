#include "pg/durable/flush.hpp"

#include "pgcrew/guards.hpp"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
#include <access/xlog_internal.h>
#include <access/xloginsert.h>
#include <catalog/pg_control.h>
#include <replication/syncrep.h>
#include <replication/walsender.h>
}

namespace pgcrew::bgjob {
namespace {

// The end of what has been written. At the begin of a page the next record goes behind its header,
// which is not there yet and cannot be flushed.
XLogRecPtr end_of_log() {
    const XLogRecPtr next = GetXLogInsertRecPtr();
    if (XLogSegmentOffset(next, wal_segment_size) == SizeOfXLogLongPHD)
        return next - SizeOfXLogLongPHD;
    if (next % XLOG_BLCKSZ == SizeOfXLogShortPHD)
        return next - SizeOfXLogShortPHD;
    return next;
}

// The end of a record that says nothing. Those who wait for a standby have to wait for different
// places (src/backend/replication/syncrep.c, SyncRepQueueIsOrderedByLSN()).
XLogRecPtr own_place_in_log() {
    char nothing = 0;
    XLogBeginInsert();
    XLogSetRecordFlags(XLOG_MARK_UNIMPORTANT); // it keeps no idle server awake
    XLogRegisterData(&nothing, sizeof(nothing));
    return XLogInsert(RM_XLOG_ID, XLOG_NOOP);
}

} // namespace

void flush_before_telling() {
    const HoldInterrupts held; // the wait for a standby looks for a cancel by itself
    call([] {
        if (RecoveryInProgress())
            return;
        const bool waits_for_standby = SyncRepRequested() && *SyncRepStandbyNames;
        const XLogRecPtr end = waits_for_standby ? own_place_in_log() : end_of_log();
        XLogFlush(end);
        if (waits_for_standby)
            SyncRepWaitForLSN(end, true);
    });
}

} // namespace pgcrew::bgjob
