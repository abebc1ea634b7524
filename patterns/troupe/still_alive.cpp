#include <troupe/still_alive.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>
#include <utility>

#include <troupe/detail/elapsed.hpp>
#include <troupe/detail/refusal.hpp>
#include <troupe/run/system_book.hpp>

namespace troupe {

namespace {

std::string name_of(const graph_sample& s) {
  if (!s.name.empty() || s.stages.empty())
    return s.name;
  const auto& first = s.stages.front().name;
  return s.stages.size() == 1 ? first : first + " … " + s.stages.back().name;
}

std::string_view words_for(standing s) noexcept {
  switch (s) {
  case standing::running:
    return "running";
  case standing::draining:
    return "told to finish";
  case standing::stopping:
    return "told to stop";
  case standing::let_go:
    return "told to finish, its handle is gone";
  case standing::over:
    return "over, and nobody waits for what is left";
  }
  return "unknown";
}

std::string counted(std::uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string{what} + (n == 1 ? "" : "s");
}

// Of the only one that works; items are counted from 0.
std::string at_item(const std::vector<actor_sample>& actors) {
  const auto a = std::find_if(actors.begin(), actors.end(),
                              [](const auto& x) { return x.doing == phase::working; });
  return a->first_item == a->last_item ? " at item " + std::to_string(a->first_item)
                                       : " at one of items " + std::to_string(a->first_item)
                                             + " to " + std::to_string(a->last_item);
}

// What the actors of a stage do, those of the same phase together: "2 working for up to 4.2 s".
std::string doings(const stage_sample& stage, time_point at) {
  std::string text;
  const auto add = [&](std::size_t n, std::string_view what, duration longest) {
    text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + std::string{what} + " for "
            + (n > 1 ? "up to " : "") + detail::as_text(longest);
  };
  for (const auto p : {phase::working, phase::held_back, phase::pacing, phase::retrying,
                       phase::paused, phase::idle}) {
    std::size_t n = 0;
    duration longest{};
    for (const auto& a : stage.actors)
      if (a.doing == p) {
        ++n;
        longest = std::max(longest, detail::elapsed(a.since, at));
      }
    if (n > 0)
      add(n, to_string(p), longest);
    if (n == 1 && p == phase::working)
      text += at_item(stage.actors);
  }
  // A service counts calls, and does not know what its actors do.
  if (stage.actors.empty() && !stage.running.empty())
    add(stage.running.size(), "in a function",
        *std::max_element(stage.running.begin(), stage.running.end()));
  return text;
}

// Those that are not zero: what never happened is not worth a line's length.
std::string counts(const stage_sample& stage) {
  const auto& c = stage.totals;
  const std::array<std::pair<std::string_view, std::uint64_t>, 11> all{
      {{"received", c.received},
       {"delivered", c.delivered},
       {"filtered", c.filtered},
       {"dropped", c.dropped},
       {"shed", c.shed},
       {"failed", c.failed},
       {"abandoned", c.abandoned},
       {"in flight", c.in_flight},
       {"redelivered", c.redelivered},
       {"restarts", c.restarts},
       {"waiting", stage.mailbox_depth}}};
  std::string text = "received " + std::to_string(c.received);
  for (const auto& [what, n] : all)
    if (n > 0 && what != "received")
      text += ", " + std::string{what} + " " + std::to_string(n);
  return text;
}

} // namespace

std::string to_string(const live_run& r) {
  std::string text = "run \"" + r.name + "\": " + std::string{words_for(r.standing)} + "; "
                     + counted(r.actors, "actor");
  for (const auto& stage : r.sample.stages) {
    const auto doing = doings(stage, r.sample.at);
    text += "\n  " + stage.name + ": " + (doing.empty() ? "" : doing + "; ") + counts(stage);
  }
  return text + "\n  " + to_string(r.waits);
}

std::ostream& operator<<(std::ostream& out, const live_run& r) { return out << to_string(r); }

std::vector<live_run> still_alive(caf::actor_system& sys) {
  std::vector<live_run> all;
  for (const auto& run : detail::system_book::of(sys)->list()) {
    live_run r{.standing = run->standing(), .actors = run->actors_left(), .sample = run->sample()};
    if (r.actors == 0) // it has ended since
      continue;
    r.name = name_of(r.sample);
    r.waits = stall_in(r.sample);
    all.push_back(std::move(r));
  }
  return all;
}

} // namespace troupe
