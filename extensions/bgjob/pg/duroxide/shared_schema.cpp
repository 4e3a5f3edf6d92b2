#include "pg/duroxide/shared_schema.hpp"

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob::duroxide {

SharedSchema &require_shared_schema(Locked &locked, Oid schema) {
    SharedSchema *found = nullptr;
    for_each_shared_schema(locked, [&](SharedSchema &entry) {
        if (entry.schema == schema && entry.database == MyDatabaseId)
            found = &entry;
    });
    if (found != nullptr)
        return *found;
    return *call([&] {
        const dsa_pointer p = dsa_allocate0(area(), sizeof(SharedSchema));
        auto *entry = address<SharedSchema>(p);
        entry->database = MyDatabaseId;
        entry->schema = schema;
        for (int queue = 0; queue < 2; ++queue)
            entry->news[queue] = entry->due[queue] = DT_NOEND;
        entry->next = segment().duroxide_schemas;
        segment().duroxide_schemas = p;
        return entry;
    });
}

void drop_shared_schema(Locked &, Oid database, Oid schema) {
    call([&] {
        for (dsa_pointer *link = &segment().duroxide_schemas; *link != InvalidDsaPointer;) {
            const dsa_pointer p = *link;
            auto *entry = address<SharedSchema>(p);
            if (entry->database != database || entry->schema != schema) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            dsa_free(area(), p);
        }
    });
}

} // namespace pgcrew::bgjob::duroxide
