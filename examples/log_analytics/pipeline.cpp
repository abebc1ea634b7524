#include "pipeline.hpp"

#include "fields.hpp"
#include "input.hpp"

#include <algorithm>
#include <any>
#include <utility>

#include <troupe/sinks.hpp>
#include <troupe/transforms.hpp>

namespace log_analytics {

namespace {

// Some milliseconds of work on each edge: the reader has a thread of its own, and a core that is
// shared with other programs may come late.
constexpr std::size_t buffer = 4 * 1024;

/// The stage "parse".
record parse_line(troupe::line&& line, const line_format& format, const selection& wanted) {
  record r{.origin = std::move(line)};
  r.refused = format.parse_into(r.parsed, r.origin.text());
  if (r.refused)
    return r;
  auto& request = r.parsed.request;
  if (wanted.no_query)
    request.path = request.path.substr(0, request.path.find('?'));
  r.wanted = wanted.range.contains(request.utc_second, request.local_second)
             && std::all_of(wanted.filters.begin(), wanted.filters.end(),
                            [&](const filter& f) { return f.passes(request); });
  return r;
}

constexpr troupe::lines_options as_logs_are{.buffer = buffer,
                                            .too_long = troupe::long_line::cut,
                                            .broken = troupe::broken_input::end,
                                            .nuls = troupe::nul_bytes::skip_leading};

/// All lines in one format.
troupe::flow<record> records(const troupe::flow<troupe::line>& lines, const read_options& how,
                             const line_format& format) {
  const auto parse = [&wanted = how.wanted, &format](troupe::line line) {
    return parse_line(std::move(line), format, wanted);
  };
  return lines | troupe::map("parse", parse, {.parallel = how.workers, .buffer = buffer});
}

/// Where lines may say how to read those behind them: a stage looks at one after the other.
troupe::flow<record> records(const troupe::flow<troupe::line>& lines, const read_options& how) {
  const auto with_format = [&by = how.by, before = how.lines_before](troupe::line line) {
    const auto* const format = by.format_of(line.text(), before + line.number());
    return readable{std::move(line), format};
  };
  const auto parse = [&wanted = how.wanted](readable line) {
    return parse_line(std::move(line.text), *line.format, wanted);
  };
  return lines | troupe::map("format", with_format, {.buffer = buffer})
         | troupe::map("parse", parse, {.parallel = how.workers, .buffer = buffer});
}

troupe::run start_counting(caf::actor_system& sys, const troupe::flow<record>& records,
                           std::uint64_t lines_before, aggregate& into, dead_letter_file& dead) {
  const auto flow = records
                    | troupe::sink("aggregate", [&into](const record& r) { return into.add(r); },
                                   {.buffer = buffer, .on_error = troupe::on_error::dead_letter});
  const auto bury = [&dead, lines_before](const troupe::dead_letter& letter) {
    const auto r = std::any_cast<record>(letter.item);
    dead.add(lines_before + r.origin.number(),
             r.refused ? to_string(*r.refused) : std::string_view{letter.reason.message()},
             r.origin.text());
  };
  return troupe::start(sys, flow, troupe::run_options{.dead_letters = bury});
}

} // namespace

const line_format* formats::format_of(std::string_view text, std::uint64_t number) {
  constexpr std::string_view fields = "#Fields:";
  constexpr std::string_view date = "#Date: ";
  text = without_marks(text);
  if (number == 1) {
    current_ = &given_;
    fields_.clear();
    date_.clear();
  }
  if (!given_.is_told_by_the_log() || !text.starts_with('#'))
    return current_;
  if (text.starts_with(date)) {
    constexpr std::size_t day_length = 10; // a time follows
    date_ = text.substr(date.size(), day_length);
  } else if (text.starts_with(fields)) {
    fields_ = text.substr(fields.size());
  }
  if (!fields_.empty())
    use_fields();
  return current_;
}

// The date counts only where lines have none.
void formats::use_fields() {
  const bool dated = (' ' + fields_).find(" date") != std::string::npos;
  const std::pair key{fields_, dated ? std::string{} : date_};
  auto known = known_.find(key);
  if (known == known_.end() && known_.size() < most
      && known_bytes_ + fields_.size() <= most_bytes) {
    known = known_.emplace(key, line_format::of_w3c(key.first, key.second)).first;
    known_bytes_ += fields_.size();
  }
  current_ = known != known_.end() ? &known->second : &refusing_;
}

const line_format* formats::format_of_all(const std::string& file) const {
  return !given_.is_told_by_the_log() || !may_have_directives(file) ? &given_ : nullptr;
}

troupe::result<void> aggregate::add(const record& r) {
  if (r.refused && !is_skipped(*r.refused)) {
    figures_->add_failed(to_string(*r.refused));
    return troupe::fail(troupe::errc::stage_failed, std::string{to_string(*r.refused)});
  }
  if (r.refused)
    figures_->add_skipped();
  else if (r.wanted)
    figures_->add(r.parsed.request);
  else
    figures_->add_outside();
  // One writer: a load and a store are cheaper than a locked addition.
  lines_.store(lines() + 1, std::memory_order_relaxed);
  bytes_.store(bytes() + r.origin.text().size() + 1, std::memory_order_relaxed);
  return {};
}

troupe::run start_run(caf::actor_system& sys, const std::string& file, const read_options& how,
                      aggregate& into, dead_letter_file& dead) {
  const auto lines = troupe::lines("read", file, as_logs_are);
  const auto* const format = how.by.format_of_all(file);
  return start_counting(sys, format != nullptr ? records(lines, how, *format) : records(lines, how),
                        how.lines_before, into, dead);
}

troupe::run start_run(caf::actor_system& sys, std::istream& text, const read_options& how,
                      aggregate& into, dead_letter_file& dead) {
  return start_counting(sys, records(troupe::lines("read", text, as_logs_are), how),
                        how.lines_before, into, dead);
}

} // namespace log_analytics
