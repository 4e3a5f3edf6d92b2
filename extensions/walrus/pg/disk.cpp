#include "pg/disk.hpp"

#include "pgcrew/boundary.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <sys/statvfs.h>

extern "C" {
#include <access/xlog.h>
#include <access/xlog_internal.h>
#include <replication/slot.h>
#include <storage/fd.h>
}

namespace pgcrew::walrus {
namespace {

constexpr int most_files = 1'000'000; // looked at in a folder

// Files of a folder below the data folder whose names satisfy `counts`.
template <class F> std::int64_t count_files(const char *folder, F counts) {
    return call([&] {
        std::int64_t found = 0;
        DIR *dir = AllocateDir(folder);
        if (dir == nullptr)
            return found;
        int left = most_files;
        while (const dirent *entry = ReadDirExtended(dir, folder, LOG)) {
            if (--left == 0)
                break;
            found += counts(entry->d_name) ? 1 : 0;
        }
        FreeDir(dir);
        return found;
    });
}

// The oldest location that a replication slot needs; 0: none does.
XLogRecPtr oldest_slot() {
    return call([] {
        XLogRecPtr oldest = InvalidXLogRecPtr;
        LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
        for (int i = 0; i < max_replication_slots; ++i) {
            ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];
            if (!slot->in_use)
                continue;
            SpinLockAcquire(&slot->mutex);
            const XLogRecPtr needed = slot->data.restart_lsn;
            SpinLockRelease(&slot->mutex);
            if (needed != InvalidXLogRecPtr && (oldest == InvalidXLogRecPtr || needed < oldest))
                oldest = needed;
        }
        LWLockRelease(ReplicationSlotControlLock);
        return oldest;
    });
}

bool ends_with_ready(const char *name) noexcept {
    const std::size_t length = strlen(name);
    return length > 6 && strcmp(name + length - 6, ".ready") == 0;
}

// What no checkpoint removes: the most that a slot, the archiver or wal_keep_size holds.
std::int64_t retained(std::int64_t segment) {
    const XLogRecPtr redo = call([] { return GetRedoRecPtr(); });
    const XLogRecPtr oldest = oldest_slot();
    const std::int64_t by_slots =
        oldest != InvalidXLogRecPtr && oldest < redo ? static_cast<std::int64_t>(redo - oldest) : 0;
    const std::int64_t by_archiver =
        XLogArchivingActive() ? segment * count_files(XLOGDIR "/archive_status", ends_with_ready)
                              : 0;
    return std::max({by_slots, by_archiver, wal_keep_size_mb * megabyte});
}
} // namespace

void read_disk(Environment &environment) {
    const std::int64_t segment = environment.geometry.segment_mb * megabyte;
    environment.wal_used =
        segment * count_files(XLOGDIR, [](const char *name) { return IsXLogFileName(name); });
    environment.wal_retained = std::min(retained(segment), environment.wal_used);

    struct statvfs disk;
    environment.disk_free = statvfs(XLOGDIR, &disk) == 0
                                ? static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize)
                                : -1;
    struct stat wal, data;
    environment.own_filesystem =
        stat(XLOGDIR, &wal) == 0 && stat(".", &data) == 0 && wal.st_dev != data.st_dev;
}
} // namespace pgcrew::walrus
