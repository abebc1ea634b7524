#include <troupe/detail/actor_thread.hpp>

#include <array>
#include <stdexcept>
#include <string>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace troupe::detail {

namespace {

// All schedulers name their threads so, ours too; CAF has no other way to tell. Foreign actors run
// there as well.
bool is_schedulers_thread() noexcept {
#ifdef __linux__
  std::array<char, 16> name{};
  return ::prctl(PR_GET_NAME, name.data()) == 0
         && std::string_view{name.data()} == "caf.multiplexer";
#else
  return false;
#endif
}

} // namespace

bool in_actor() noexcept { return actors_entered > 0 || is_schedulers_thread(); }

void refuse_to_wait(std::string_view what, std::string_view instead) {
  if (in_actor())
    throw std::logic_error(std::string{what}
                           + " would wait, and is called inside an actor, on whose thread what it "
                             "waits for may have to run; "
                           + std::string{instead});
}

} // namespace troupe::detail
