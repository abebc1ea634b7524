#include "summary.hpp"

#include <algorithm>

namespace log_analytics {

void summary::add(const entry& e) {
  constexpr std::uint16_t not_found_status = 404;
  ++requests_;
  add_saturated(bytes_, e.bytes);
  first_second_ = std::min(first_second_, e.utc_second);
  last_second_ = std::max(last_second_, e.utc_second);
  statuses_[std::min<std::size_t>(e.status, highest_status)].add(e.bytes);
  hours_[e.local_hour % hours_.size()].add(e.bytes);
  on_date(e.local_day).add(e.bytes);
  ++shapes_[static_cast<std::size_t>(e.shape) % shape_count];
  if (e.vhost == "-")
    without_vhost_.add(e.bytes);
  else
    vhosts_.add(e.vhost, e.bytes);
  methods_.add(e.method, e.bytes);
  paths_.add(e.path, e.bytes);
  referrers_.add(e.referrer, e.bytes);
  const auto host = hosts_.add(e.host, e.bytes);
  const auto agent = agents_.add(e.agent, e.bytes);
  visitors_.add(combine(host, agent + static_cast<std::uint64_t>(e.local_day)));
  if (e.served_us != entry::not_timed)
    add_served(e);
  if (e.status == not_found_status)
    not_found_.add(e.path, e.bytes);
}

void summary::add_served(const entry& e) {
  constexpr std::uint64_t nanoseconds = 1000;
  const auto took = static_cast<std::uint64_t>(e.served_us);
  ++served_[troupe::histogram::bucket_of(took * nanoseconds)];
  longest_served_ = std::max(longest_served_, took * nanoseconds);
  served_by_path_.add(e.path, took);
}

troupe::histogram summary::served() const {
  troupe::histogram all;
  for (std::size_t i = 0; i < served_.size(); ++i)
    all.add(i, served_[i]);
  all.add_totals(0, longest_served_);
  return all;
}

void summary::add_failed(std::string_view reason, std::uint64_t lines) {
  failed_ += lines;
  reasons_.add(row{.key = reason, .count = {lines, 0}});
}

counts& summary::on_date(std::int32_t day) {
  if (day == latest_day_ && latest_date_ != nullptr)
    return *latest_date_;
  const auto at = dates_.find(day);
  if (at == dates_.end() && dates_.size() >= most_dates)
    return other_dates_;
  latest_day_ = day;
  latest_date_ = at != dates_.end() ? &at->second : &dates_[day];
  return *latest_date_;
}

} // namespace log_analytics
