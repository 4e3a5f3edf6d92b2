#include "pg/state_file.hpp"

#include "pgcrew/boundary.hpp"
#include "pgcrew/guards.hpp"

#include <cerrno>
#include <fcntl.h>

extern "C" {
#include <pgstat.h>
#include <storage/fd.h>
}

namespace pgcrew::walrus {
namespace {

constexpr const char *path = PGSTAT_STAT_PERMANENT_DIRECTORY "/walrus.json";
constexpr const char *new_path = PGSTAT_STAT_PERMANENT_DIRECTORY "/walrus.json.tmp";
constexpr std::size_t most_bytes = 1 << 20;

void warn(const char *doing) {
    call([&] {
        ereport(WARNING,
                (errcode_for_file_access(), errmsg("could not %s file \"%s\": %m", doing, path)));
    });
}

// Empty: there is none, or it cannot be read.
std::string read_file() {
    const int fd = call([] { return OpenTransientFile(path, O_RDONLY | PG_BINARY); });
    if (fd < 0) {
        if (errno != ENOENT)
            warn("open");
        return {};
    }
    std::string text(most_bytes + 1, '\0');
    std::size_t size = 0;
    ssize_t n = 0;
    while (size < text.size() && (n = read(fd, text.data() + size, text.size() - size)) > 0)
        size += static_cast<std::size_t>(n);
    if (n < 0)
        warn("read");
    call([&] { CloseTransientFile(fd); });
    text.resize(n < 0 || size > most_bytes ? 0 : size);
    return text;
}

bool write_all(int fd, std::string_view text) noexcept {
    errno = 0;
    const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written && errno == 0)
        errno = ENOSPC; // the server's convention for a short write
    return written;
}
} // namespace

Remembered load_state() {
    const OwnerScope owner("walrus state file");
    const std::string text = read_file();
    if (text.empty())
        return {};
    try {
        return remembered(text);
    } catch (const Error &e) {
        call([&] {
            ereport(
                WARNING,
                (errmsg("walrus forgets what it learned: file \"%s\" cannot be understood", path),
                 errdetail_internal("%s", e.detail().empty() ? e.what() : e.detail().c_str())));
        });
        return {};
    }
}

bool save_state(const Remembered &state) {
    const OwnerScope owner("walrus state file");
    const std::string text = to_text(state);
    const int fd =
        call([] { return OpenTransientFile(new_path, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY); });
    if (fd < 0) {
        warn("create");
        return false;
    }
    const bool written = write_all(fd, text);
    if (!written)
        warn("write");
    call([&] { CloseTransientFile(fd); });
    // fsyncs the file, renames it and fsyncs the folder
    return written && call([] { return durable_rename(new_path, path, WARNING); }) == 0;
}
} // namespace pgcrew::walrus
