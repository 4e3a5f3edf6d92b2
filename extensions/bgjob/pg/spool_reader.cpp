// A look at the job is short and under the shared lock. What has been published never changes, so
// the bytes are copied piece by piece, and those of the file without the lock.
#include "pg/spool_reader.hpp"

#include "pg/access.hpp"
#include "pg/sleeper.hpp"
#include "pg/supervisor.hpp"

extern "C" {
#include <utils/wait_event.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t read_size = 262144; // bytes at a time, of memory or file

BlockHeader header_at(const std::byte *block) noexcept {
    BlockHeader header;
    memcpy(&header, block, sizeof header);
    return header;
}

} // namespace

SpoolReader::~SpoolReader() {
    if (file_ > 0)
        cleanup("closing a file of rows", [file = file_] { FileClose(file); });
}

template <class F> void SpoolReader::wait_until(F seen) {
    if (seen())
        return;
    Sleeper sleeper(waiting_room(id_));
    while (!seen()) {
        if (queued_)
            ensure_supervisor();
        sleeper.sleep(queued_ ? supervisor_check_ms : -1);
    }
}

std::optional<RowType> SpoolReader::row_type() {
    std::string packed;
    wait_until([&] {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id_, cookie_);
        queued_ = job.state == JobState::Queued;
        if (job.spool.row_type != InvalidDsaPointer)
            packed.assign(call([&] { return address<char>(job.spool.row_type); }),
                          job.spool.row_type_size);
        return !packed.empty() || finished(job.state);
    });
    return packed.empty() ? std::nullopt : std::optional(unpack_row_type(packed));
}

const std::byte *SpoolReader::next(uint64 &skip) {
    for (;;) {
        if (const std::byte *block = from_buffer(skip))
            return block;
        Look seen = Look::Nothing;
        wait_until([&] {
            seen = look(skip);
            return seen != Look::Nothing;
        });
        if (seen == Look::Block)
            return copy_block();
        if (seen == Look::End)
            return nullptr;
        fill_buffer();
    }
}

SpoolReader::Look SpoolReader::look(uint64 &skip) {
    Locked locked(LW_SHARED);
    const Job &job = require(locked, id_, cookie_);
    const Spool &spool = job.spool;
    queued_ = job.state == JobState::Queued;
    call([&] {
        block_ = last_ == InvalidDsaPointer ? spool.first_block : address<BlockHeader>(last_)->next;
        while (block_ != InvalidDsaPointer) {
            const auto *block = address<BlockHeader>(block_);
            block_bytes_ = block->bytes;
            if (skip == 0 || block->rows > skip)
                break;
            skip -= block->rows;
            last_ = block_;
            block_ = block->next;
        }
    });
    if (block_ != InvalidDsaPointer)
        return Look::Block;
    if (spool.file_bytes > file_position_ + (end_ - begin_)) {
        files_ = spool.files;
        file_bytes_ = spool.file_bytes;
        return Look::File;
    }
    return finished(job.state) ? Look::End : Look::Nothing;
}

const std::byte *SpoolReader::copy_block() {
    reserve(block_bytes_);
    for (std::size_t done = 0; done < block_bytes_; done += read_size) {
        Locked locked(LW_SHARED);
        (void)require(locked, id_, cookie_); // the block is there as long as the job is
        call([&] {
            memcpy(buffer_.get() + done, address<std::byte>(block_) + done,
                   Min(read_size, block_bytes_ - done));
        });
    }
    last_ = block_;
    return buffer_.get();
}

const std::byte *SpoolReader::from_buffer(uint64 &skip) {
    while (end_ - begin_ >= sizeof(BlockHeader)) {
        const std::byte *block = buffer_.get() + begin_;
        const BlockHeader header = header_at(block);
        const bool skipped = skip > 0 && header.rows <= skip;
        const bool whole = header.bytes <= end_ - begin_;
        if (!skipped && !whole)
            return nullptr;
        file_position_ += header.bytes;
        begin_ = whole ? begin_ + header.bytes : end_;
        if (!skipped)
            return block;
        skip -= header.rows;
    }
    return nullptr;
}

void SpoolReader::fill_buffer() {
    const std::size_t kept = end_ - begin_;
    reserve(kept < sizeof(BlockHeader)
                ? read_size
                : Max(read_size, std::size_t{header_at(buffer_.get() + begin_).bytes}));
    memmove(buffer_.get(), buffer_.get() + begin_, kept);
    begin_ = 0;
    end_ = kept;
    if (file_ <= 0)
        open_file();
    const uint64 at = file_position_ + kept;
    const uint64 wanted = Min(capacity_ - kept, file_bytes_ - at);
    errno = 0;
    const auto got = call([&] {
        return FileRead(file_, reinterpret_cast<char *>(buffer_.get() + kept),
                        static_cast<int>(Min(wanted, uint64{1} << 30)), static_cast<off_t>(at),
                        PG_WAIT_EXTENSION);
    });
    if (got < 0 && errno == ENOENT)
        throw_unknown_job(id_); // closed by the server to save descriptors, and removed meanwhile
    if (got <= 0)
        throw_spool_file_error("read", got < 0 ? errno : EIO);
    end_ += static_cast<std::size_t>(got);
}

void SpoolReader::open_file() {
    file_ = call([&] { return FileSetOpen(&files_, spool_file_name, O_RDONLY); });
    if (file_ <= 0)
        throw_unknown_job(id_); // detached since the last look
}

void SpoolReader::reserve(std::size_t bytes) {
    if (capacity_ >= bytes)
        return;
    auto larger = std::make_unique_for_overwrite<std::byte[]>(bytes);
    if (end_ > begin_)
        memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    buffer_ = std::move(larger);
    capacity_ = bytes;
}

} // namespace pgcrew::bgjob
