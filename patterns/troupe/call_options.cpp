#include <troupe/call_options.hpp>

#include <stdexcept>
#include <string>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

void check(const std::string& where, std::string_view option, count given, long long most) {
  if (given.value() < 1)
    detail::refuse(where, option, std::to_string(given.value()), "at least 1");
  if (given.value() > most)
    detail::refuse(where, option, std::to_string(given.value()), "at most " + std::to_string(most));
}

} // namespace

void validate(const call_options& o, const std::string& name) {
  if (name.empty())
    throw std::invalid_argument("call: its name is empty");
  const auto where = "call \"" + name + "\"";
  check(where, "workers", o.workers, 10'000);
  check(where, "queue", o.queue, 1'000'000'000'000);
  detail::check_not_negative(where, "restarts.min", o.restarts.min);
  if (o.restarts.max < o.restarts.min)
    detail::refuse(where, "restarts.max", detail::as_text(o.restarts.max),
                   "at least restarts.min, " + detail::as_text(o.restarts.min));
  if (!(o.restarts.factor >= 0.0 && o.restarts.factor <= 1.0))
    detail::refuse(where, "restarts.factor", detail::as_text(o.restarts.factor), "0 to 1");
}

} // namespace troupe
