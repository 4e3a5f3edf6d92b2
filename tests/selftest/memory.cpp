// Memory: what is in use, and what happens when there is none.
#include "pgcrew/args.hpp"
#include "pgcrew/spi.hpp"
#include "probe.hpp"

#include <malloc.h>
#include <stdexcept>
#include <sys/resource.h>

using selftest::Probe;

namespace {

// Leaves malloc with nothing to give, then gives everything back.
class Famine : pgcrew::NoCopy {
  public:
    Famine() {
        getrlimit(RLIMIT_AS, &old_);
        const rlimit tight{0, old_.rlim_max};
        setrlimit(RLIMIT_AS, &tight);
        for (std::size_t size = std::size_t{1} << 20; size >= sizeof(void *); size /= 2)
            while (void *block = std::malloc(size)) {
                *static_cast<void **>(block) = blocks_;
                blocks_ = block;
            }
    }
    ~Famine() {
        setrlimit(RLIMIT_AS, &old_);
        while (blocks_ != nullptr) {
            void *next = *static_cast<void **>(blocks_);
            std::free(blocks_);
            blocks_ = next;
        }
    }

  private:
    rlimit old_{};
    void *blocks_ = nullptr;
};
} // namespace

// Bytes that malloc has handed out; memory contexts are made of them, too.
PGCREW_FUNCTION(selftest_malloc_in_use) {
    const struct mallinfo2 info = mallinfo2();
    PG_RETURN_INT64(static_cast<int64>(info.uordblks + info.hblkhd));
}

PGCREW_FUNCTION(selftest_famine) {
    const std::string kind = pgcrew::Args(fcinfo).text(0);
    const Probe probe;
    const Famine famine;
    if (kind == "palloc") // the server cannot allocate
        pgcrew::call([] { return palloc(Size{100} << 20); });
    if (kind == "error record") // a server error that cannot be copied
        pgcrew::call([] { return selftest::divide_by_zero(); });
    if (kind == "new") // C++ cannot allocate
        throw pgcrew::Error(pgcrew::sqlstate::invalid_parameter_value, std::string(1 << 20, 'x'));
    if (kind == "exception") // not even the exception object: it comes from an emergency pool
        throw std::runtime_error("from the pool");
    if (kind == "query") // somewhere in the executor
        pgcrew::Spi().execute("select repeat('x', 50000000)");
    PG_RETURN_VOID();
}
