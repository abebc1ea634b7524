// expect: troupe: this service does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/service_of.hpp>
#include <troupe/sources.hpp>

namespace tr = troupe;

auto wrong(const std::vector<std::string>& words, const caf::actor& actor) {
  return tr::from("words", words) | tr::service_of<int, int>(actor);
}
