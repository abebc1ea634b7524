#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "probe.hpp"
#include <troupe/cast/crew_book.hpp>

using namespace probes;

namespace {

/// What a distributor does with its book when `late` is announced to it, as itself.
std::vector<std::uint32_t> take_in(bench& b, const crew_book& book, const probe& merger,
                                   const probe& late) {
  std::vector<std::uint32_t> slots;
  const probe distributor{b.sys};
  distributor.as_itself([&](neighbour& self) {
    slots = book.take_in(self, crew_msg{{late.actor()}, merger.actor(), {}},
                         [](const caf::actor&) { return std::uint32_t{7}; });
  });
  return slots;
}

} // namespace

TEST_SUITE("crew_book") {
  TEST_CASE("is over when all have been told of the end, and have gone") {
    crew_book book;
    CHECK_FALSE(book.is_over()); // nobody has come yet
    book.joined();
    book.joined();
    CHECK(book.dismiss());
    CHECK_FALSE(book.dismiss()); // once
    book.gone();
    CHECK(book.alive() == 1);
    CHECK_FALSE(book.is_over());
    book.gone();
    CHECK(book.is_over());
  }

  TEST_CASE("one that comes late is connected, and the merger knows of it") {
    bench b;
    const probe merger{b.sys};
    const probe late{b.sys};
    CHECK(take_in(b, {}, merger, late) == std::vector<std::uint32_t>{7});
    CHECK(late.said() == "wire");
    CHECK(merger.said() == "lane");
  }

  TEST_CASE("one that comes after the end is sent home, and the merger never hears of it") {
    bench b;
    const probe merger{b.sys};
    const probe late{b.sys};
    crew_book book;
    book.dismiss();
    CHECK(take_in(b, book, merger, late).empty());
    CHECK(late.said() == "abort");
    CHECK(merger.said().empty());
  }
}
