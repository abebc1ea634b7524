#include <troupe/run/crash_record.hpp>

#include <utility>

#include <troupe/detail/refusal.hpp>

namespace troupe::detail {

namespace {

std::string sentence_of(const restart_intensity& i) {
  return std::to_string(i.restarts()) + (i.restarts() == 1 ? " restart in " : " restarts in ")
         + as_text(i.period());
}

} // namespace

bool is_never(const restart_intensity& i) noexcept {
  return i.restarts() == 0 && i.period() == duration::max();
}

crash_record::crash_record(restart_intensity i)
    : restarts_(!is_never(i)), intensity_(std::move(i)) {}

std::optional<error> crash_record::note(const error& reason, time_point now) {
  const std::lock_guard lock{mutex_};
  if (intensity_.record(now))
    return std::nullopt;
  return error{errc::stage_failed,
               {},
               "crashed more often than its intensity of " + sentence_of(intensity_)
                   + " allows; the last reason: " + reason.message()};
}

} // namespace troupe::detail
