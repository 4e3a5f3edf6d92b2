#include "core/fairness.hpp"

#include <tuple>

namespace pgcrew::bgjob {

int neediest(const std::vector<Demand> &crews) noexcept {
    int best = -1;
    const auto rank = [](const Demand &d) {
        return std::tuple(d.role_workers, d.workers, d.waiting_since);
    };
    for (int i = 0; i < static_cast<int>(crews.size()); ++i) {
        const Demand &d = crews[static_cast<std::size_t>(i)];
        if (d.unserved <= 0 || (d.max_workers > 0 && d.workers >= d.max_workers))
            continue;
        if (best < 0 || rank(d) < rank(crews[static_cast<std::size_t>(best)]))
            best = i;
    }
    return best;
}

bool gives_way(int own_role_workers, int own_workers, int starving_role_workers,
               int starving_workers, bool same_role) noexcept {
    const int own = same_role ? own_workers : own_role_workers;
    const int starving = same_role ? starving_workers : starving_role_workers;
    return starving == 0 || own > starving + 1;
}

} // namespace pgcrew::bgjob
