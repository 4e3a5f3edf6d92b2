#include "pg/duroxide/turn_lease.hpp"

namespace pgcrew::bgjob::duroxide {

TurnLease turn_lease(Provider &provider, NullableDatum token) {
    TurnLease lease;
    if (token.isnull)
        return lease;
    const std::optional<std::string_view> instance = token_subject(view_of(token.value));
    if (!instance)
        return lease;
    lease.token = token.value;
    lease.instance = text_datum(*instance);
    SubjectLock(SubjectLock::Instance, provider.schema(), *instance).take();
    lease.now = server_now();
    Seek seek = of_key(instance_locks::InstanceId, lease.instance);
    lease.row = provider.find(InstanceLocksPkey, seek);
    if (lease && lease.row.text(instance_locks::LockToken) != view_of(token.value))
        lease.row.tuple = nullptr;
    lease.live = lease && lease.row.int64_of(instance_locks::LockedUntil) > unix_ms(lease.now);
    return lease;
}

void turn_is_over(const char *message) {
    throw Error(sqlstate::object_not_in_prerequisite_state, message,
                "The lease of the instance is over, or the instance was deleted.");
}

} // namespace pgcrew::bgjob::duroxide
