#include <troupe/gather_options.hpp>

#include <troupe/detail/refusal.hpp>

namespace troupe {

void validate(const gather_options& o, const std::string& name, std::size_t services) {
  const auto me = "scatter_gather \"" + name + "\"";
  if (name.empty())
    detail::refuse(me, "name", "\"\"", "at least one character");
  const gather_machine checked{o.gather, services, me};
  detail::check_not_negative(me, "within", o.within);
  detail::check_count(me, "workers", o.workers, 1, 10'000);
  detail::check_count(me, "in_flight", o.in_flight, 1, 1'000'000'000);
}

} // namespace troupe
