#include "pgcrew/reserved_ids.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include <storage/fd.h>
}

namespace pgcrew {
namespace {
int open_file(const char *file, int flags) {
    const int fd = OpenTransientFile(file, flags | PG_BINARY);
    if (fd < 0 && (errno != ENOENT || (flags & O_CREAT) != 0))
        ereport(WARNING,
                (errcode_for_file_access(), errmsg("could not open file \"%s\": %m", file)));
    return fd;
}
} // namespace

int64 read_reserved_ids(const char *file) {
    const int fd = open_file(file, O_RDONLY);
    if (fd < 0)
        return 0;
    int64 highest = 0;
    if (read(fd, &highest, sizeof highest) != sizeof highest || highest < 0)
        highest = 0;
    CloseTransientFile(fd);
    return highest;
}

void write_reserved_ids(const char *file, int64 highest) {
    const int fd = open_file(file, O_WRONLY | O_CREAT);
    if (fd < 0)
        return;
    errno = 0;
    if (pwrite(fd, &highest, sizeof highest, 0) != sizeof highest)
        ereport(WARNING,
                (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", file)));
    CloseTransientFile(fd);
}

} // namespace pgcrew
