// The rows of bgjob.child: the children of workflows, and how they ended.
#pragma once
#include "core/durable_state.hpp"
#include "pg/durable/private_table.hpp"

namespace pgcrew::bgjob {

// Children of a map run so many at a time. The numbers stand in the table: none of them ever
// changes its meaning.
enum class Turn : int16 {
    Always = 0, // it is not of a map
    HasCome = 1,
    Waits = 2 // for another child to end
};

struct Child {
    int64 job = 0;
    DurableState state = DurableState::None; // None: has not ended
    Turn turn = Turn::Always;
    std::string sqlstate, message;
    std::optional<std::string> result;
};

// The same without what it told, for there may be a million of them.
struct ChildMark {
    int64 job;
    DurableState state;
    Turn turn;
    ItemPointerData place;
};

class ChildTable : NoCopy {
  public:
    void add(int64 parent, int64 job, Turn turn = Turn::Always);
    std::optional<Child> find(int64 parent, int64 job);
    std::vector<Child> of(int64 parent);

    // In the order of their ids, from the one with this id on.
    std::vector<ChildMark> marks(int64 parent, int64 first = 0);
    // At most so many that wait for their turn, behind that id.
    std::vector<int64> waiting(int64 parent, int64 after, std::size_t most);

    // False if somebody else has the row.
    [[nodiscard]] bool give_turn(int64 parent, int64 job);
    // Whether it was of a map.
    bool note_end(int64 parent, const Child &child);
    void remove_all(int64 parent, int64 first = 0); // from that id on

  private:
    PrivateTable table_{"child"};
};

} // namespace pgcrew::bgjob
