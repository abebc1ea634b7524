#include <troupe/policy/gather.hpp>

#include <troupe/detail/refusal.hpp>

namespace troupe {

namespace {

std::string_view option_name(gather::rule r) {
  return r == gather::rule::best ? "gather::best" : "gather::quorum";
}

void check(gather how, count services, std::string_view where) {
  if (services.value() < 1)
    detail::refuse(where, "services", std::to_string(services.value()), "at least 1");
  if (how.chosen() == gather::rule::all)
    return;
  const auto needed = how.needed().value();
  if (needed < 1 || needed > services.value())
    detail::refuse(where, option_name(how.chosen()), std::to_string(needed),
                   "1 to the number of services, " + std::to_string(services.value()));
}

} // namespace

gather_machine::gather_machine(gather how, count services, std::string_view where) : how_(how) {
  check(how, services, where);
  answered_.resize(services, false);
}

gather_state gather_machine::answer(std::size_t service, bool success) {
  if (state_ != gather_state::waiting || answered_.at(service))
    return state_;
  answered_[service] = true;
  ++(success ? succeeded_ : failed_);
  return state_ = decide();
}

gather_state gather_machine::expire() {
  if (state_ == gather_state::waiting)
    state_ = succeeded_ >= how_.needed() ? gather_state::done : gather_state::failed;
  return state_;
}

gather_state gather_machine::decide() const noexcept {
  const std::size_t needed = how_.needed();
  if (answered_.size() - failed_ < needed)
    return gather_state::failed;
  const bool stops_early
      = how_.chosen() == gather::rule::first || how_.chosen() == gather::rule::quorum;
  if (all_answered() || (stops_early && succeeded_ >= needed))
    return gather_state::done;
  return gather_state::waiting;
}

std::vector<std::size_t> gather_machine::open() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < answered_.size(); ++i)
    if (!answered_[i])
      indices.push_back(i);
  return indices;
}

} // namespace troupe
