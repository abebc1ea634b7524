#include <troupe/run/head_count.hpp>

namespace troupe::detail {

namespace {

// Not a sum, which may be more than fits.
bool passes(std::optional<std::size_t> most, std::size_t there, std::size_t asked) {
  return most && asked > 0 && (there > *most || asked > *most - there);
}

std::string refused(const std::string& who, std::size_t asked, std::string_view what,
                    std::size_t there, std::string_view limit, std::size_t most) {
  return who + " asks for " + std::to_string(asked) + " " + std::string{what}
         + (asked == 1 ? "" : "s") + (what == "thread" ? " of its own" : "") + ", with "
         + std::to_string(there) + " there, and limits." + std::string{limit} + " is "
         + std::to_string(most);
}

} // namespace

head_count& head_count::operator+=(head_count more) noexcept {
  actors += more.actors;
  own_threads += more.own_threads;
  return *this;
}

head_count& head_count::operator-=(head_count fewer) noexcept {
  actors -= fewer.actors;
  own_threads -= fewer.own_threads;
  return *this;
}

std::optional<std::string> head_limits::refusal(const std::vector<head_request>& wanted,
                                                head_count there) const {
  for (const auto& w : wanted) {
    if (passes(most_own_threads, there.own_threads, w.heads.own_threads))
      return refused(w.who, w.heads.own_threads, "thread", there.own_threads, "most_own_threads",
                     *most_own_threads);
    if (passes(most_actors, there.actors, w.heads.actors))
      return refused(w.who, w.heads.actors, "actor", there.actors, "most_actors", *most_actors);
    there += w.heads;
  }
  return std::nullopt;
}

} // namespace troupe::detail
