#include <troupe/report.hpp>

#include <algorithm>
#include <ostream>
#include <stdexcept>

namespace troupe {

bool report::clean() const noexcept {
  const auto settled = [](const auto& entry) {
    const auto& c = entry.second;
    return c.failed + c.abandoned + c.in_flight + c.dropped + c.shed == 0;
  };
  return !error_ && std::all_of(stages_.begin(), stages_.end(), settled);
}

const counters& report::stage(const std::string& name) const {
  for (const auto& [stage, counts] : stages_)
    if (stage == name)
      return counts;
  throw std::invalid_argument("report: there is no stage \"" + name + "\" in this flow");
}

std::ostream& operator<<(std::ostream& out, const report& r) {
  for (const auto& [name, c] : r.stages()) {
    out << name << ": received " << c.received << ", emitted " << c.emitted << ", delivered "
        << c.delivered;
    const auto also = [&](const char* what, std::uint64_t n) {
      if (n > 0)
        out << ", " << what << ' ' << n;
    };
    also("filtered", c.filtered);
    also("dropped", c.dropped);
    also("shed", c.shed);
    also("failed", c.failed);
    also("abandoned", c.abandoned);
    out << '\n';
  }
  if (r.error())
    out << "error: " << *r.error() << '\n';
  return out;
}

} // namespace troupe
