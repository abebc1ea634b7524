#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <troupe/kernel/item_account.hpp>
#include <troupe/kernel/metric_block.hpp>
#include <troupe/policy/demand_ledger.hpp>

namespace tr = troupe;

TEST_SUITE("demand_ledger") {
  TEST_CASE("opens batches until as many items are out as it may have, one batch at a time") {
    tr::demand_ledger l{{.items = 3, .capacity = 1}};

    l.open();
    CHECK(!l.may_open());
    l.sent(1);
    for (int i = 0; i < 2; ++i) {
      CHECK(l.may_open());
      l.open();
      l.sent(1);
    }
    CHECK(!l.may_open());
    l.home(1, 1);
    CHECK(l.may_open());
    CHECK(l.items_away() == 2);
  }

  TEST_CASE("opens no batch before there is room for a whole one") {
    tr::demand_ledger l{{.items = 10, .capacity = 4}};
    l.open();
    l.sent(1);
    l.home(1, 4);
    for (int i = 0; i < 2; ++i) {
      CHECK(l.may_open());
      l.open();
      l.sent(4);
    }
    CHECK(!l.may_open()); // room for 2, and 4 are wanted

    l.home(4, 4);
    CHECK(l.may_open());
  }

  TEST_CASE("a batch that is being filled never outgrows the room there is") {
    tr::demand_ledger l{{.items = 4, .capacity = 2}};
    for (int i = 0; i < 3; ++i) {
      l.open();
      l.sent(1);
    }
    l.open();
    CHECK(l.limit() == 1);
    l.home(1, 2);
    CHECK(l.limit() == 2);
    l.home(1, 2);
    CHECK(l.limit() == 2);
  }

  TEST_CASE("sends a batch when it is full, or when nothing else is on its way") {
    tr::demand_ledger l{{.items = 32, .capacity = 8}};
    l.open();
    CHECK(!l.should_send(0));
    CHECK(l.should_send(1));
    l.sent(1);
    l.home(1, 8);
    l.open();
    l.sent(8);
    l.open();

    CHECK(!l.should_send(7));
    CHECK(l.should_send(8));
    l.home(8, 8);
    CHECK(l.should_send(7));
  }

  TEST_CASE("the receiver's wish limits a batch to 1..capacity; before the first it is 1") {
    tr::demand_ledger l{{.items = 32, .capacity = 8}};
    CHECK(l.limit() == 1);
    const std::vector<std::pair<std::size_t, std::size_t>> table{{5, 5}, {0, 1}, {8, 8}, {100, 8}};
    for (const auto& [want, limit] : table) {
      l.open();
      l.sent(1);
      l.home(1, want);
      CHECK(l.limit() == limit);
    }
  }

  TEST_CASE("what is known to hold less than is wanted needs only that much room") {
    tr::demand_ledger l{{.items = 8, .capacity = 8}};
    l.open();
    l.sent(1);
    l.home(1, 8);
    l.open();
    l.sent(5);
    CHECK(!l.may_open());
    CHECK(!l.may_open(4));
    CHECK(l.may_open(3));
    CHECK(l.may_open(0));
    l.open();
    CHECK(l.limit() == 3);
    CHECK(!l.may_open(0)); // one at a time
  }

  TEST_CASE("keeps no more batches than have room beside each other, at the size that is wanted") {
    tr::demand_ledger l{{.items = 1024, .capacity = 512}};
    CHECK(l.batches() == 1025); // single items, until more are wanted
    l.open();
    l.sent(1);
    l.home(1, 512);
    CHECK(l.batches() == 3);
  }

  TEST_CASE("is settled when everything is home and nothing is being filled") {
    tr::demand_ledger l{{.items = 2, .capacity = 4}};
    CHECK(l.settled());
    l.open();
    CHECK(!l.settled());
    l.keep();
    CHECK(l.settled());
    l.open();
    l.sent(1);
    CHECK(!l.settled());
    l.home(1, 4);
    CHECK(l.settled());
  }

  TEST_CASE("with several receivers a partial batch leaves as long as one of them is idle") {
    tr::demand_ledger l{{.items = 100, .capacity = 10, .receivers = 3}};
    l.open();
    l.sent(1);
    l.home(1, 10);
    for (int busy = 0; busy < 3; ++busy) {
      l.open();
      CHECK(l.should_send(1));
      l.sent(1);
    }
    l.open();
    CHECK(!l.should_send(1));
    CHECK(!l.should_send(9));
    CHECK(l.should_send(10));
    l.home(1, 10);
    CHECK(l.should_send(1));
  }
}

TEST_SUITE("plan_edge") {
  TEST_CASE("holds what the buffer says, unless there are more actors than that") {
    for (std::size_t buffer : {1, 2, 3, 5, 8, 100, 1024, 100'000})
      for (std::size_t bytes : {1, 8, 100, 4096, 100'000})
        for (std::size_t senders : {1, 2, 3, 16})
          for (std::size_t receivers : {1, 2, 7, 64}) {
            CAPTURE(buffer);
            CAPTURE(bytes);
            CAPTURE(senders);
            CAPTURE(receivers);
            const auto p = tr::plan_edge(buffer, bytes, senders, receivers);
            CHECK(p.items >= 1);
            CHECK(p.capacity >= 1);
            CHECK(p.capacity <= p.items);
            CHECK(senders * p.items <= std::max({buffer, senders, receivers}));
            CHECK(senders * (p.items + 1) > std::max({buffer, senders, receivers}));
            CHECK((p.capacity == 1 || p.capacity * bytes <= 32 * 1024));
          }
  }

  TEST_CASE("there is a full batch for each party, and at least two") {
    for (std::size_t senders : {1, 2, 4, 8})
      for (std::size_t receivers : {1, 2, 4, 8}) {
        CAPTURE(senders);
        CAPTURE(receivers);
        const auto p = tr::plan_edge(1024, 8, senders, receivers);
        CHECK(senders * (p.items / p.capacity) >= std::max({std::size_t{2}, senders, receivers}));
      }
  }
}

TEST_SUITE("account") {
  TEST_CASE("every item is in flight until exactly one call says what became of it") {
    tr::detail::item_account a;
    a.receive(10);
    CHECK(a.totals().in_flight == 10);
    a.deliver(3);
    a.filter(2);
    a.drop(1);
    a.shed(1);
    a.fail(1);
    CHECK(a.totals().balanced());
    CHECK(a.totals().in_flight == 2);
    a.abandon_rest();
    CHECK(a.totals().abandoned == 2);
    CHECK(a.totals().in_flight == 0);
    CHECK(a.totals().balanced());
  }

  TEST_CASE("a published block reads back what was published, and blocks add up") {
    tr::detail::metric_block one;
    tr::detail::metric_block two;
    one.publish({.received = 3, .delivered = 2, .in_flight = 1}, std::chrono::nanoseconds{5});
    two.publish({.received = 4, .delivered = 4}, std::chrono::nanoseconds{6});

    tr::counters sum;
    tr::duration busy{};
    one.add_to(sum, busy);
    two.add_to(sum, busy);

    CHECK(sum.received == 7);
    CHECK(sum.delivered == 6);
    CHECK(sum.in_flight == 1);
    CHECK(busy.count() == 11);
  }
}
