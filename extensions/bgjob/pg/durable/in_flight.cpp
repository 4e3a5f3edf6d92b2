#include "pg/durable/in_flight.hpp"

#include "pg/registry.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
#include <miscadmin.h>
#include <pgstat.h>
#include <storage/fd.h>
}

namespace pgcrew::bgjob {
namespace {

struct Record {
    JobId job; // 0: none
    Oid database;
    uint32 unused;
};

constexpr const char *running_file = PG_STAT_TMP_DIR "/bgjob.running";
constexpr const char *unclean_file = PG_STAT_TMP_DIR "/bgjob.unclean";
constexpr int most_unclean = 1024; // kept for databases that nobody has looked at

Record *mine = nullptr;

// Server calls.
void complain(const char *file) {
    ereport(WARNING, (errcode_for_file_access(), errmsg("could not use file \"%s\": %m", file)));
}

struct Unclean {
    int count;
    Record record[most_unclean];
};

// Server calls. The records of a file that are of a job; none if it cannot be read.
void read_records(const char *file, Unclean &into) {
    const int fd = OpenTransientFile(file, O_RDONLY | PG_BINARY);
    if (fd < 0) {
        if (errno != ENOENT)
            complain(file);
        return;
    }
    Record record;
    while (into.count < most_unclean && read(fd, &record, sizeof record) == sizeof record)
        if (record.job != 0)
            into.record[into.count++] = record;
    CloseTransientFile(fd);
}

// Server calls.
void write_records(const char *file, const Unclean &from) {
    const int fd = OpenTransientFile(file, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);
    const auto size = static_cast<ssize_t>(sizeof(Record)) * from.count;
    if (fd < 0 || write(fd, from.record, static_cast<size_t>(size)) != size)
        complain(file);
    if (fd >= 0)
        CloseTransientFile(fd);
}

} // namespace

void open_in_flight_file(int slot) {
    call([slot] {
        const Size size = sizeof(Record) * static_cast<Size>(max_worker_processes);
        const int fd = OpenTransientFile(running_file, O_RDWR | O_CREAT | PG_BINARY);
        const Record nothing{};
        void *at = MAP_FAILED;
        // Where nothing was written there may be no room later, when a note would be a SIGBUS.
        if (fd >= 0 && pwrite(fd, &nothing, sizeof nothing,
                              static_cast<off_t>(sizeof nothing) * slot) == sizeof nothing)
            at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            complain(running_file);
        else
            mine = static_cast<Record *>(at) + slot;
        if (fd >= 0)
            CloseTransientFile(fd);
    });
}

void note_in_flight(JobId job) noexcept {
    if (mine == nullptr)
        return;
    mine->database = MyDatabaseId;
    mine->job = job;
}

void put_unclean_ends_aside() {
    static Unclean all; // too large for the stack of a function
    all.count = 0;
    read_records(unclean_file, all);
    const int before = all.count;
    read_records(running_file, all);
    if (all.count > before)
        write_records(unclean_file, all);
    if (unlink(running_file) != 0 && errno != ENOENT)
        complain(running_file);
}

std::vector<JobId> take_unclean_ends(Oid database) {
    static Unclean all, others;
    all.count = others.count = 0;
    {
        const Locked locked(LW_EXCLUSIVE); // dispatchers of other databases do the same
        call([database] {
            read_records(unclean_file, all);
            for (int i = 0; i < all.count; ++i)
                if (all.record[i].database != database)
                    others.record[others.count++] = all.record[i];
            if (others.count < all.count)
                write_records(unclean_file, others);
        });
    }
    std::vector<JobId> jobs;
    for (int i = 0; i < all.count; ++i)
        if (all.record[i].database == database)
            jobs.push_back(all.record[i].job);
    return jobs;
}

} // namespace pgcrew::bgjob
