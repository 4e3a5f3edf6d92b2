// Follows the rows of a job, from the first one, while they are still being written.
#pragma once
#include "core/row_block.hpp"
#include "pg/registry.hpp"
#include "pg/row_type.hpp"
#include "pg/spool_file.hpp"

#include <memory>
#include <optional>
#include <string>

namespace pgcrew::bgjob {

// Nothing of the job is held on to: each look finds it again by its id, so a reader that dies
// leaves nothing behind, and a job that was detached meanwhile is an error 42704 at the next look.
class SpoolReader : NoCopy {
  public:
    SpoolReader(JobId id, int64 cookie) noexcept : id_(id), cookie_(cookie) {}
    ~SpoolReader();

    // Waits until the columns are known; empty when the job ended before it had any.
    std::optional<RowType> row_type();

    // The next block, once it is there; null when the job has ended and there is no more. Valid
    // until the next call. Blocks that have at most `skip` rows are left out and counted in it.
    const std::byte *next(uint64 &skip);

  private:
    enum class Look { Nothing, Block, File, End };
    Look look(uint64 &skip);
    const std::byte *copy_block();
    const std::byte *from_buffer(uint64 &skip);
    void fill_buffer();
    void open_file();
    void reserve(std::size_t bytes);
    template <class F> void wait_until(F seen);

    const JobId id_;
    const int64 cookie_;

    std::unique_ptr<std::byte[]> buffer_;
    std::size_t capacity_ = 0;

    // In memory: the block that was read last, and the one to read next.
    dsa_pointer last_ = InvalidDsaPointer, block_ = InvalidDsaPointer;
    std::size_t block_bytes_ = 0;
    bool queued_ = false; // the job, at the last look

    // Of the file: what the buffer holds from begin_ to end_ begins at file_position_.
    std::size_t begin_ = 0, end_ = 0;
    uint64 file_position_ = 0, file_bytes_ = 0;
    FileSet files_{};
    File file_ = 0; // 0: not open
};

} // namespace pgcrew::bgjob
