#include "pg/durable/alone.hpp"

#include "pgcrew/server_error.hpp"

#include <utility>

namespace pgcrew::bgjob {

void log_of_one() noexcept {
    try {
        static auto &last = *new std::string; // never destroyed
        const ServerErrorData error = describe_current_exception();
        const std::string message = error.message.value_or("");
        if (error.state != sqlstate::serialization_failure &&
            std::exchange(last, message) != message)
            log_server_error(error);
    } catch (...) { // no memory to say so
    }
}

} // namespace pgcrew::bgjob
