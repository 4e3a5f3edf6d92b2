#include "pg/key_file.hpp"

#include "pg/settings.hpp"
#include "pgcrew/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace pgcrew::erlang_bridge {
namespace {

[[noreturn]] void throw_system_error(const char *what) {
    throw Error(SqlState("58030"),
                std::string("could not ") + what + " the key of the cookies: " + strerror(errno));
}

[[noreturn]] void throw_unsafe() {
    throw Error(sqlstate::object_not_in_prerequisite_state,
                "the key of the cookies cannot be trusted",
                "It must be a regular file of 32 bytes that belongs to the server's user, and that "
                "nobody else may read or write.",
                "See the setting erlang_bridge.key_file.");
}

class File {
  public:
    File(const std::string &path, int flags) noexcept
        : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)) {}
    File(const File &) = delete;
    File &operator=(const File &) = delete;
    ~File() {
        if (is_open())
            ::close(fd_);
    }
    bool is_open() const noexcept { return fd_ >= 0; }
    int fd() const noexcept { return fd_; }

  private:
    int fd_;
};

class RemovedAtEnd {
  public:
    explicit RemovedAtEnd(const std::string &path) noexcept : path_(path) {}
    RemovedAtEnd(const RemovedAtEnd &) = delete;
    RemovedAtEnd &operator=(const RemovedAtEnd &) = delete;
    ~RemovedAtEnd() { ::unlink(path_.c_str()); }

  private:
    const std::string &path_;
};

// A short read or write of 32 bytes does not happen with a regular file that is in order.
void write_durably(const File &file, const GuardedMemory &key) {
    errno = ENOSPC; // for a short one
    if (::write(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(file.fd()) != 0)
        throw_system_error("write");
}

void sync_folder_of(const std::string &path) {
    const std::size_t slash = path.rfind('/');
    const File folder(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                      O_RDONLY | O_DIRECTORY);
    if (!folder.is_open() || ::fsync(folder.fd()) != 0)
        throw_system_error("write");
}

// The file gets its name when it is complete, and only if no other has it by then.
void create(const std::string &path) {
    const std::string unfinished = path + ".new." + std::to_string(::getpid());
    ::unlink(unfinished.c_str()); // of a process that died
    const File file(unfinished, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open())
        throw_system_error("create");
    const RemovedAtEnd removed(unfinished);
    write_durably(file, new_sealing_key());
    if (::link(unfinished.c_str(), path.c_str()) != 0 && errno != EEXIST)
        throw_system_error("create");
    sync_folder_of(path);
}

GuardedMemory read(const File &file) {
    struct stat status {};
    if (::fstat(file.fd(), &status) != 0)
        throw_system_error("read");
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0 || status.st_size != sealing_key_size)
        throw_unsafe();
    GuardedMemory key(sealing_key_size);
    errno = EIO; // for a short one
    if (::read(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
        throw_system_error("read");
    return key;
}

} // namespace

GuardedMemory read_sealing_key(IfMissing if_missing) {
    const std::string path = settings::key_file; // servers stand in their data directory
    {
        const File file(path, O_RDONLY);
        if (file.is_open())
            return read(file);
    }
    if (errno == ELOOP)
        throw_unsafe();
    if (errno != ENOENT)
        throw_system_error("read");
    if (if_missing == IfMissing::Fail)
        throw Error(sqlstate::object_not_in_prerequisite_state, "the key of the cookies is missing",
                    {},
                    "Bring back the file that erlang_bridge.key_file names, or set the cookies "
                    "again with erlang_node_set_cookie().");
    create(path);
    const File file(path, O_RDONLY);
    if (!file.is_open())
        throw_system_error("read");
    return read(file);
}

} // namespace pgcrew::erlang_bridge
