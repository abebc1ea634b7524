#include "pipeline.hpp"

#include <any>

#include <troupe/sinks.hpp>
#include <troupe/stage.hpp>

namespace log_analytics {

troupe::result<record> parse_line(const troupe::line& line) {
  auto request = parse(line.text());
  if (!request)
    return troupe::fail(troupe::errc::stage_failed, std::string{to_string(request.error())});
  return record{line, *request};
}

void aggregate::add(const record& r) {
  if (range_.contains(r.request.utc_second))
    figures_.add(r.request);
  else
    figures_.add_outside();
  // One writer: a load and a store are cheaper than a locked addition.
  lines_.store(lines() + 1, std::memory_order_relaxed);
  bytes_.store(bytes() + r.origin.text().size() + 1, std::memory_order_relaxed);
}

troupe::run start_run(caf::actor_system& sys, const std::string& file, std::size_t workers,
                      aggregate& into, dead_letter_file& dead) {
  // Some milliseconds of work on each edge: the reader has a thread of its own, and a core that is
  // shared with other programs may come late.
  constexpr std::size_t buffer = 4 * 1024;
  auto flow
      = troupe::lines("read", file, {.buffer = buffer, .too_long = troupe::long_line::cut})
        | troupe::stage("parse", parse_line,
                        {.parallel = workers,
                         .order = troupe::emit::as_completed, // a sum has no order
                         .buffer = buffer,
                         .on_error = troupe::on_error::dead_letter})
        | troupe::sink("aggregate", [&into](const record& r) { into.add(r); }, {.buffer = buffer});
  // The letter's own text names the item besides; reasons are counted, so there must be few of
  // them.
  const auto bury = [&dead](const troupe::dead_letter& letter) {
    const auto line = std::any_cast<troupe::line>(letter.item);
    const auto result = parse(line.text());
    dead.add(line.number(),
             result ? std::string_view{letter.reason.message()} : to_string(result.error()),
             line.text());
  };
  return troupe::start(sys, flow, troupe::run_options{.dead_letters = bury});
}

} // namespace log_analytics
