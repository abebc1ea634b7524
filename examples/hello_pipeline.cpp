// hello_pipeline: squares a million numbers with four actors, keeps the odd ones, sums them.
//
//   numbers ----> square x4 ----> odd ----> sum ----> print      items
//           <----           <----     <----     <----            demand

#include <functional>
#include <iostream>
#include <optional>

#include <troupe/troupe.hpp>

namespace tr = troupe;

int main() {
  tr::config cfg;
  caf::actor_system sys{cfg};

  const auto count
      = [n = 0L]() mutable { return n < 1'000'000 ? std::optional{++n} : std::nullopt; };
  const auto flow
      = tr::produce<long>("numbers", count)
        | tr::map("square", [](long x) { return x * x; }, {.parallel = 4})
        | tr::filter("odd", [](long x) { return x % 2 == 1; })
        | tr::reduce("sum", 0L, std::plus<>{})
        | tr::sink("print", [](long sum) { std::cout << "the sum is " << sum << '\n'; });

  std::cout << flow.topology();
  const tr::report end = tr::start(sys, flow).wait();
  std::cout << end;
  return end.clean() ? 0 : 1;
}
