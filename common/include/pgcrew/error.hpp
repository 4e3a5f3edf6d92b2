// The exceptions of the bundle. No server header here: core code and unit tests use this file too.
#pragma once
#include "pgcrew/sqlstate.hpp"

#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace pgcrew {

// Where an error was raised. std::source_location is missing from clang 14.
struct Where {
    const char *file, *function;
    int line;
    static constexpr Where here(const char *file = __builtin_FILE(),
                                const char *function = __builtin_FUNCTION(),
                                int line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

// An error raised by our own code.
class Error : public std::exception {
  public:
    explicit Error(SqlState state, std::string message, std::string detail = {},
                   std::string hint = {}, Where where = Where::here())
        : body_(std::make_shared<const Body>(
              Body{state, std::move(message), std::move(detail), std::move(hint), where})) {}
    const char *what() const noexcept override { return body_->message.c_str(); }
    SqlState state() const noexcept { return body_->state; }
    const std::string &detail() const noexcept { return body_->detail; }
    const std::string &hint() const noexcept { return body_->hint; }
    Where where() const noexcept { return body_->where; }

  private:
    struct Body {
        SqlState state;
        std::string message, detail, hint;
        Where where;
    };
    std::shared_ptr<const Body> body_; // shared: copying an exception must not throw
};

struct ServerErrorData; // every field of the server's record: server_error.hpp

// An ERROR raised by the server, caught at the border.
class ServerError : public std::exception {
  public:
    explicit ServerError(std::shared_ptr<const ServerErrorData> data) noexcept
        : data_(std::move(data)) {}
    const char *what() const noexcept override;
    SqlState state() const noexcept;
    const ServerErrorData &data() const noexcept { return *data_; }

  private:
    std::shared_ptr<const ServerErrorData> data_;
};

// A cancel request. Neither a ServerError nor a std::exception: no retry loop catches it by
// accident.
class Canceled {
  public:
    explicit Canceled(std::shared_ptr<const ServerErrorData> data) noexcept
        : data_(std::move(data)) {}
    const ServerErrorData &data() const noexcept { return *data_; }

  private:
    std::shared_ptr<const ServerErrorData> data_;
};
} // namespace pgcrew
