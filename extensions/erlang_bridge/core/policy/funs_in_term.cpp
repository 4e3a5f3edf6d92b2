#include "core/policy/funs_in_term.hpp"

#include "core/etf/reader.hpp"
#include "core/policy/permission.hpp"
#include "pgcrew/error.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t most_funs = 64;

class Funs final : public TermVisitor {
  public:
    void export_fun(const Export &fun) override { add(fun.module, fun.function); }
    bool begin_fun(const Fun &fun) override {
        add(fun.module, closure);
        return true; // its variables may hold others
    }
    std::vector<FunName> take() noexcept { return std::move(found_); }

  private:
    void add(std::string_view module, std::string_view function) {
        const auto same = [&](const FunName &fun) {
            return fun.module == module && fun.function == function;
        };
        if (std::any_of(found_.begin(), found_.end(), same))
            return;
        if (found_.size() == most_funs)
            throw Error(sqlstate::program_limit_exceeded, "too many different funs in a term",
                        "At most " + std::to_string(most_funs) + " can be checked.");
        found_.push_back({std::string(module), std::string(function)});
    }
    std::vector<FunName> found_;
};

} // namespace

std::vector<FunName> funs_in_term(std::string_view term, const Limits &limits) {
    Funs visitor;
    read_whole_term(term, visitor, limits);
    return visitor.take();
}

} // namespace pgcrew::erlang_bridge
