#include "orders/journal.hpp"

#include <chrono>
#include <iomanip>
#include <ostream>

namespace shop {

void journal::add(const troupe::alert& a) {
  const std::lock_guard lock{mutex_};
  raised_ += a.state == troupe::alert_state::raised ? 1 : 0;
  out_ << std::fixed << std::setprecision(1) << std::setw(5)
       << std::chrono::duration<double>(a.at - start_).count() << " s  " << a << '\n'
       << std::flush;
}

void journal::add(const troupe::dead_letter& d) {
  const std::lock_guard lock{mutex_};
  auto& h = heaps_[{d.stage, d.reason.code()}];
  if (h.letters++ > 0)
    return;
  h.first_item = d.text;
  h.first_reason = d.reason.message();
}

std::uint64_t journal::alerts_raised() const {
  const std::lock_guard lock{mutex_};
  return raised_;
}

std::uint64_t journal::dead_letters() const {
  const std::lock_guard lock{mutex_};
  std::uint64_t sum = 0;
  for (const auto& [where, h] : heaps_)
    sum += h.letters;
  return sum;
}

void journal::print_dead_letters() const {
  const std::lock_guard lock{mutex_};
  for (const auto& [where, h] : heaps_)
    out_ << std::setw(6) << h.letters << "  " << where.first << ", "
         << troupe::to_string(where.second) << "; the first: \"" << h.first_item
         << "\": " << h.first_reason << '\n';
}

} // namespace shop
