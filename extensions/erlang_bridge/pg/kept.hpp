// Answers that were looked up in tables or catalogues, kept until anything there changes. Of
// bounded size: when it is full, it starts anew.
#pragma once
#include "pg/own_tables.hpp"

#include <string>
#include <unordered_map>

namespace pgcrew::erlang_bridge {

template <class Answer> class Kept {
  public:
    template <class LookUp> Answer get(const std::string &key, LookUp &&look_up) {
        const std::uint64_t before = generation();
        if (before != generation_) {
            answers_.clear();
            generation_ = before;
        }
        if (const auto found = answers_.find(key); found != answers_.end())
            return found->second;
        Answer answer = look_up();
        if (generation() == before) { // else it may be old already
            if (answers_.size() >= most)
                answers_.clear();
            answers_.emplace(key, answer);
        }
        return answer;
    }

  private:
    static constexpr std::size_t most = 4096;
    std::unordered_map<std::string, Answer> answers_;
    std::uint64_t generation_ = 0;
};

} // namespace pgcrew::erlang_bridge
