// expect: troupe: this service does not accept the item type that the flow hands it

#include <string>
#include <vector>

#include <troupe/service.hpp>
#include <troupe/sources.hpp>

namespace tr = troupe;

auto wrong(const std::vector<std::string>& words, const tr::service<int, int>& svc) {
  return tr::from("words", words) | svc;
}
