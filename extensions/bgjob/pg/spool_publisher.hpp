// Hands blocks of rows from a worker to the readers of its job.
#pragma once
#include "core/row_block.hpp"
#include "pg/registry.hpp"
#include "pg/spool_file.hpp"

#include <string>

namespace pgcrew::bgjob {

class SpoolPublisher : NoCopy {
  public:
    // Nobody: the job is about to end, which wakes the readers anyway.
    enum class Wake { Readers, Nobody };

    explicit SpoolPublisher(JobId id);
    ~SpoolPublisher();

    // False when nobody will read the rows: the job was submitted, or detached meanwhile.
    bool wanted() const noexcept { return wanted_; }
    // Whether an attempt to publish has failed.
    bool broken() const noexcept { return broken_; }

    // How many rows have arisen, for the views.
    void set_row_count(uint64 rows) noexcept { pg_atomic_write_u64(row_count_, rows); }

    // Where the file will be, should there be one: temp_tablespaces is asked, which needs the
    // transaction. Before the first block.
    void choose_place();

    // Makes the block readable and clears it. The description of the columns goes with the first.
    void publish(BlockBuilder &block, const std::string &row_type, Wake wake);

    // The file must not stay open when the transaction ends.
    void close_file();
    // The transaction was rolled back, which closed the file.
    void forget_file() noexcept { file_ = 0; }

  private:
    dsa_pointer to_memory(const std::byte *block, std::size_t size);
    void to_file(const std::byte *block, std::size_t size);
    void open_file();
    bool link(dsa_pointer at, std::size_t size, uint32 rows, std::size_t type_size, Wake wake);

    const JobId id_;
    pg_atomic_uint64 *row_count_ = nullptr; // the job's; lives while its worker runs
    bool wanted_ = false;
    bool broken_ = false;
    bool type_published_ = false;
    dsa_pointer type_ = InvalidDsaPointer; // had, but not published
    bool has_file_ = false;
    uint64 memory_limit_ = 0, memory_bytes_ = 0, file_bytes_ = 0;
    FileSet files_{};
    File file_ = 0; // 0: not open
};

} // namespace pgcrew::bgjob
