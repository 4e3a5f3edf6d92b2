#include "pg/durable/job_key.hpp"

#include "pg/durable/owners_sql.hpp"

namespace pgcrew::bgjob {

std::optional<int64> claim_job_key(Oid role, const std::string &key, int64 job) {
    constexpr int most_tries = 10; // the one it stood for may be forgotten between two statements
    OwnersSql sql;
    for (int i = 0; i < most_tries; ++i) {
        const Rows known = sql.execute("SELECT k.job FROM bgjob.job_key k"
                                       " WHERE k.role = $1"
                                       " AND k.key = $2",
                                       role, key);
        if (!known.empty())
            return known.get<std::int64_t>(0, 0);
        const Rows added = sql.execute("INSERT INTO bgjob.job_key (role, key, job)"
                                       " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                                       role, key, static_cast<std::int64_t>(job));
        if (added.processed() > 0)
            return std::nullopt;
    }
    throw Error(sqlstate::serialization_failure, "the key of the job is being changed");
}

} // namespace pgcrew::bgjob
