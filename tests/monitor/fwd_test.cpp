#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include <troupe/fwd.hpp>

namespace {

// What a header may mention without its definition: before any of them is there.
using mentions = void(const troupe::run&, const troupe::flow<int>&, const troupe::lanes<int>&,
                      const troupe::service<int, int>&, const troupe::alert&, troupe::errc);

} // namespace

#include <troupe/troupe.hpp>

namespace {

template <class... T>
constexpr bool all_defined = ((sizeof(T) > 0) && ...);

} // namespace

TEST_SUITE("fwd") {
  TEST_CASE("each name that is declared is that of a type which the umbrella defines") {
    namespace tr = troupe;
    static_assert(all_defined<tr::context, tr::error, tr::on_error, tr::rate, tr::report,
                              tr::time_span, tr::counters, tr::dead_letter, tr::graph_metrics,
                              tr::settings, tr::stage_metrics, tr::errc>);
    static_assert(
        all_defined<tr::flow<int>, tr::lanes<int>, tr::run, tr::topology, tr::run_options,
                    tr::service<int, int>, tr::dead_letter_file, tr::dump_on, tr::limiter,
                    tr::manager, tr::optimizer, tr::semaphore, tr::shutdown_signals, tr::supervisor,
                    tr::supervisor_spec, tr::monitor, tr::threshold, tr::alert>);
    CHECK(std::is_abstract_v<tr::observer>);
  }
}
