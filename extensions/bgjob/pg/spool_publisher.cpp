// Blocks go to shared memory while the job's share lasts and to its temporary file from then on,
// never back, so a reader takes all of the chain first and then the file. Bytes are put in place
// before the lock is taken; under it they are only linked in, and the readers woken.
#include "pg/spool_publisher.hpp"

namespace pgcrew::bgjob {
namespace {

// The server numbers the sets of files of a process from 0 below INT_MAX, and names them by process
// id and number. Rows outlive their worker: another process may get its id, but not this number.
constexpr uint32 first_number_of_ours = 0x80000000U;

struct Found {
    pg_atomic_uint64 *row_count;
    uint64 memory_limit;
    bool wanted;
};

} // namespace

SpoolPublisher::SpoolPublisher(JobId id) : id_(id) {
    Locked locked(LW_SHARED);
    Job &job = *locked.find_working(id);
    row_count_ = &job.rows;
    memory_limit_ = job.spool.memory_limit;
    wanted_ = job.keeps_rows && !job.detached;
}

SpoolPublisher::~SpoolPublisher() { discard(type_); }

dsa_pointer SpoolPublisher::to_memory(const std::byte *block, std::size_t size) {
    if (has_file_ || memory_bytes_ + size > memory_limit_)
        return InvalidDsaPointer;
    const dsa_pointer at = try_allocate(size);
    if (at != InvalidDsaPointer)
        call([&] { memcpy(address<char>(at), block, size); });
    return at;
}

void SpoolPublisher::choose_place() {
    call([&] { FileSetInit(&files_); });
    files_.number = first_number_of_ours | (static_cast<uint32>(id_) & ~first_number_of_ours);
}

// The registry learns of the file before it exists, so that it is always removed with the job.
void SpoolPublisher::open_file() {
    if (has_file_) {
        file_ = call([&] { return FileSetOpen(&files_, spool_file_name, O_RDWR); });
        if (file_ <= 0)
            throw_spool_file_error("open", errno);
        return;
    }
    {
        Locked locked(LW_EXCLUSIVE);
        Spool &spool = locked.find_working(id_)->spool;
        spool.files = files_;
        spool.has_file = true;
    }
    has_file_ = true;
    file_ = call([&] { return FileSetCreate(&files_, spool_file_name); });
}

void SpoolPublisher::to_file(const std::byte *block, std::size_t size) {
    if (file_ <= 0)
        open_file();
    for (std::size_t done = 0; done < size;) {
        const auto part = static_cast<int>(Min(size - done, std::size_t{1} << 30));
        errno = 0;
        const auto written = call([&] {
            auto *from = const_cast<char *>(reinterpret_cast<const char *>(block + done));
            return FileWrite(file_, from, part, static_cast<off_t>(file_bytes_ + done),
                             PG_WAIT_EXTENSION);
        });
        if (written <= 0)
            throw_spool_file_error("write", errno == 0 ? ENOSPC : errno);
        done += static_cast<std::size_t>(written);
    }
}

void SpoolPublisher::publish(BlockBuilder &block, const std::string &row_type, Wake wake) {
    const std::size_t size = block.empty() ? 0 : block.bytes();
    dsa_pointer at = InvalidDsaPointer;
    broken_ = true; // until all is well
    if (!type_published_ && type_ == InvalidDsaPointer) {
        type_ = allocate(row_type.size(), "the columns of a result");
        call([&] { memcpy(address<char>(type_), row_type.data(), row_type.size()); });
    }
    if (size > 0) {
        const std::byte *bytes = block.seal();
        at = to_memory(bytes, size);
        if (at == InvalidDsaPointer)
            to_file(bytes, size);
    }
    if (!link(at, size, block.rows(), row_type.size(), wake) && at != InvalidDsaPointer)
        call([&] { dsa_free(area(), at); });
    (at != InvalidDsaPointer ? memory_bytes_ : file_bytes_) += size;
    block.clear();
    broken_ = false;
}

// False when there is nobody left to read.
bool SpoolPublisher::link(dsa_pointer at, std::size_t size, uint32 rows, std::size_t type_size,
                          Wake wake) {
    Locked locked(LW_EXCLUSIVE);
    Job &job = *locked.find_working(id_);
    wanted_ = !job.detached;
    if (!wanted_)
        return false;
    Spool &spool = job.spool;
    if (!type_published_) {
        spool.row_type = std::exchange(type_, InvalidDsaPointer);
        spool.row_type_size = static_cast<uint32>(type_size);
        type_published_ = true;
    }
    if (at == InvalidDsaPointer) {
        spool.file_bytes += size;
    } else {
        if (spool.last_block == InvalidDsaPointer)
            spool.first_block = at;
        else
            call([&] { address<BlockHeader>(spool.last_block)->next = at; });
        spool.last_block = at;
        spool.memory_bytes += size;
    }
    spool.rows_published += rows;
    if (wake == Wake::Readers)
        locked.wake.waiters(id_);
    return true;
}

void SpoolPublisher::close_file() {
    if (file_ > 0)
        call([&] { FileClose(file_); });
    file_ = 0;
}

} // namespace pgcrew::bgjob
