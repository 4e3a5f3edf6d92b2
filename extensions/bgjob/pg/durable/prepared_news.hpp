// Transactions that were prepared with news for the dispatcher. They are committed by another
// session, or another life of the server, that tells nobody.
#pragma once
#include "pg/durable/at_commit.hpp"

namespace pgcrew::bgjob {

// For the dispatcher, at each look: as long as there may be such transactions all that it could
// have been told becomes part of the news from time to time. True if there may be some.
bool look_for_prepared_news(News &news);

} // namespace pgcrew::bgjob
