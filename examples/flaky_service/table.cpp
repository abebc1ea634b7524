#include "flaky_service/table.hpp"

#include <chrono>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <string>
#include <string_view>

namespace flaky_service {

namespace {

double seconds(troupe::duration d) { return std::chrono::duration<double>(d).count(); }

/// How long a caller has waited on average.
std::string mean_wait(const tally& t) {
  if (t.ended() == 0)
    return "-";
  return std::to_string(std::lround(1000 * seconds(t.waited) / static_cast<double>(t.ended())))
         + " ms";
}

void line(std::ostream& out, std::string_view what, std::uint64_t without, std::uint64_t with) {
  out << std::left << std::setw(26) << what << std::right << std::setw(9) << without << std::setw(9)
      << with << '\n';
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

} // namespace

void table::head() {
  const std::lock_guard lock{mutex_};
  out_ << "                    without a breaker        with a breaker\n"
       << "    time  backend   load  failed    wait     load  failed  refused    wait  state\n";
}

void table::add(const row& r) {
  const std::lock_guard lock{mutex_};
  out_ << std::fixed << std::setprecision(2) << std::setw(6) << seconds(r.at) << " s  " << std::left
       << std::setw(8) << to_string(r.backend) << std::right << std::setw(6) << r.without.load
       << std::setw(8) << r.without.callers.failed << std::setw(8) << mean_wait(r.without.callers)
       << std::setw(9) << r.with.load << std::setw(8) << r.with.callers.failed << std::setw(9)
       << r.with.callers.refused << std::setw(8) << mean_wait(r.with.callers) << "  " << r.breaker
       << '\n'
       << std::flush;
}

void table::add(const troupe::breaker_event& e) {
  const std::lock_guard lock{mutex_};
  out_ << std::fixed << std::setprecision(2) << std::setw(6) << seconds(e.at - start_)
       << " s  the breaker: " << e.from << " -> " << e.to << '\n'
       << std::flush;
}

void table::end(const client_row& without, const client_row& with) {
  const std::lock_guard lock{mutex_};
  out_ << '\n' << std::setw(35) << "without" << std::setw(9) << "with" << '\n';
  line(out_, "calls", without.callers.ended(), with.callers.ended());
  line(out_, "  answered", without.callers.answered, with.callers.answered);
  line(out_, "  failed", without.callers.failed, with.callers.failed);
  line(out_, "  refused by the breaker", without.callers.refused, with.callers.refused);
  line(out_, "reached the backend", without.load, with.load);
  const auto before = seconds(without.callers.waited);
  const auto after = seconds(with.callers.waited);
  const auto calls = static_cast<std::int64_t>(without.load) - static_cast<std::int64_t>(with.load);
  out_ << std::setprecision(1) << "callers waited, seconds   " << std::setw(9) << before
       << std::setw(9) << after << "\n\n"
       << "saved: " << calls << " calls of the backend ("
       << std::lround(percent(static_cast<double>(calls), static_cast<double>(without.load)))
       << " %), " << before - after << " s of waiting ("
       << std::lround(percent(before - after, before)) << " %)\n";
}

} // namespace flaky_service
