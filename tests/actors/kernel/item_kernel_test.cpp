#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <troupe/kernel/item_kernel.hpp>

using namespace troupe::detail;

namespace {

/// Stands for the actor: notes what it is told, and answers each failure alike.
class host_stub final : public kernel_host {
public:
  host_stub() : kernel_host(halt, context_, troupe::loss::none) {}

  void time_items() { times_items_ = true; }
  troupe::time_point now() const noexcept override {
    return troupe::time_point{std::chrono::seconds{readings++}};
  }
  void took(troupe::duration d, troupe::time_point) noexcept override { times.push_back(d); }
  remedy failed(item_fault fault, const batch_base& in, const item_view&) override {
    counts().fail(1);
    faults.push_back(std::to_string(in.cursor) + ": " + fault.why.message()
                     + (fault.thrown ? ", thrown" : ", returned"));
    return answer;
  }
  void enough() override {}
  void end_with(troupe::error) override {}
  void keep(const caf::actor&) override {}
  void show(const troupe::error&, const item_view&) noexcept override {}

  std::atomic<bool> halt{false};
  remedy answer{};
  std::vector<std::string> faults;
  std::vector<troupe::duration> times;
  mutable int readings = 0;

private:
  troupe::context context_;
};

/// Twice each item; 3 is refused, 5 throws, 7 is an error.
struct twice : faulty {
  using input = int;
  using output = int;

  disposition operator()(int& item, emitter<int>& out, kernel_host&) {
    if (item == 5)
      throw std::runtime_error{"five"};
    if (item == 7) {
      fault.emplace(item_fault{{troupe::errc::stage_failed, {}, "seven"}});
      return disposition::failed;
    }
    if (item == 3)
      return disposition::filtered;
    out(2 * item);
    return disposition::delivered;
  }
};

/// A kernel, what comes in, and room for what goes out.
struct bench {
  bench(std::vector<int> items, std::size_t room) {
    in.reserve(items.size());
    for (const auto i : items)
      in.items.push_back(i);
    host.counts().receive(items.size());
    out.reserve(room);
    out.limit = room;
  }
  bool step() { return kernel.step(in, &out, host); }
  std::vector<int> made() { return {out.items.begin(), out.items.end()}; }

  item_kernel<twice> kernel{twice{}};
  batch<int> in;
  batch<int> out;
  host_stub host;
};

using strings = std::vector<std::string>;

} // namespace

TEST_SUITE("item_kernel") {
  TEST_CASE("one item after the other, each counted as what became of it") {
    bench b{{1, 3, 2}, 8};

    CHECK_FALSE(b.step());
    CHECK(b.made() == std::vector{2, 4});
    CHECK(b.in.left() == 0);
    CHECK(b.host.counts().totals().delivered == 2);
    CHECK(b.host.counts().totals().filtered == 1);
    CHECK(b.host.counts().totals().in_flight == 0);
  }

  TEST_CASE("it stops where there is no room, behind the last item that was handed on") {
    bench b{{1, 2, 4}, 2};

    CHECK_FALSE(b.step());
    CHECK(b.made() == std::vector{2, 4});
    CHECK(b.in.cursor == 2);
    CHECK(b.host.counts().totals().in_flight == 1);
  }

  TEST_CASE(
      "what throws and what returns an error costs one item, and what came before is counted") {
    bench b{{1, 5, 2, 7, 4}, 8};

    CHECK_FALSE(b.step());
    CHECK(b.host.faults == strings{"1: five, thrown", "3: seven, returned"});
    CHECK(b.made() == std::vector{2, 4, 8});
    CHECK(b.host.counts().totals().delivered == 3);
    CHECK(b.host.counts().totals().failed == 2);
    CHECK(b.host.counts().totals().balanced());
  }

  TEST_CASE("an item that is to stay is where it was, and a kernel to be renewed says so") {
    bench stays{{1, 5, 2}, 8};
    stays.host.answer = {.stays = true};
    CHECK_FALSE(stays.step());
    CHECK(stays.in.cursor == 1);

    bench renewed{{1, 5, 2}, 8};
    renewed.host.answer = {.renew = true};
    CHECK(renewed.step());
    CHECK(renewed.in.cursor == 2);
    CHECK(renewed.made() == std::vector{2});
  }

  TEST_CASE("a run that was halted begins no further item") {
    bench b{{1, 2}, 8};
    b.host.halt = true;

    CHECK_FALSE(b.step());
    CHECK(b.in.cursor == 0);
    CHECK(b.made().empty());
  }

  TEST_CASE("slow items are timed one by one, with one reading of the clock each") {
    bench b{{1, 2, 3}, 8};
    b.host.time_items();

    CHECK_FALSE(b.step());
    CHECK(b.host.times == std::vector<troupe::duration>(3, std::chrono::seconds{1}));
    CHECK(b.host.readings == 4);
  }
}
