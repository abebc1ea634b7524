#include <troupe/policy/recommendation.hpp>

#include <ostream>

#include <troupe/detail/advice_text.hpp>

namespace troupe {

std::string_view to_string(advice_type type) noexcept {
  switch (type) {
  case advice_type::workers:
    return "workers";
  case advice_type::buffer:
    return "buffer";
  case advice_type::batch:
    return "batch";
  case advice_type::fused:
    return "fused";
  case advice_type::dispatch:
    return "dispatch";
  case advice_type::merge:
    return "merge";
  case advice_type::rate:
    return "rate";
  case advice_type::breaker:
    return "breaker";
  case advice_type::memory:
    return "memory";
  }
  return "unknown";
}

std::string_view to_string(limit_cause cause) noexcept {
  switch (cause) {
  case limit_cause::source:
    return "source";
  case limit_cause::function:
    return "function";
  case limit_cause::one_worker:
    return "one_worker";
  case limit_cause::most_workers:
    return "most_workers";
  case limit_cause::rate:
    return "rate";
  case limit_cause::breaker:
    return "breaker";
  case limit_cause::hops:
    return "hops";
  case limit_cause::cores:
    return "cores";
  case limit_cause::memory:
    return "memory";
  }
  return "unknown";
}

std::string to_string(const flow_limit& limit) {
  switch (limit.cause) {
  case limit_cause::source:
    return "the sources give no more";
  case limit_cause::function:
    return limit.stage + " takes all the time of its workers";
  case limit_cause::one_worker:
    return limit.stage + " takes all its time, and its workers cannot be more";
  case limit_cause::most_workers:
    return limit.stage + " takes all the time of as many workers as it may have";
  case limit_cause::rate:
    return limit.stage + " lets no more in, by its rate";
  case limit_cause::breaker:
    return limit.stage + " lets little in, because its circuit breaker is open";
  case limit_cause::hops:
    return "to pass items on to " + limit.stage + " takes longer than its function does";
  case limit_cause::cores:
    return "the processors are busy";
  case limit_cause::memory:
    return "there is no memory for more workers";
  }
  return "unknown";
}

namespace {

std::string shown(const expectation& e) {
  using namespace detail;
  return "throughput " + shown_number(e.throughput.before) + " -> " + shown_rate(e.throughput.after)
         + ", latency " + shown_time(e.latency.before) + " -> " + shown_time(e.latency.after)
         + ", memory " + shown_bytes(e.memory.before) + " -> " + shown_bytes(e.memory.after);
}

} // namespace

std::string to_string(const recommendation& rec) {
  return std::to_string(rec.priority) + " " + (rec.run.empty() ? "" : rec.run + ": ") + rec.stage
         + ": " + rec.change + ": " + rec.evidence + "; " + shown(rec.expected);
}

std::ostream& operator<<(std::ostream& out, const recommendation& rec) {
  return out << to_string(rec);
}

std::string to_string(const advice& a) {
  if (a.recommendations.empty())
    return "nothing to change";
  std::string text;
  for (const auto& rec : a.recommendations)
    text += to_string(rec) + '\n';
  return text + "then " + to_string(a.then_limit);
}

std::ostream& operator<<(std::ostream& out, const advice& a) { return out << to_string(a); }

} // namespace troupe
