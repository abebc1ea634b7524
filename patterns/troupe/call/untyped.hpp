#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <troupe/result.hpp>
#include <troupe/tools/held.hpp>

namespace troupe::detail {

/// A request or an answer in the hands of a served call's actor and layers: they pass it on, and
/// only who asks and the functions know its type. So they are compiled once, and not for each call.
using untyped = std::shared_ptr<void>;

/// An answer that cannot be moved is replaced by an error.
template <class Resp>
result<untyped> without_type(result<Resp>& r) {
  if (!r)
    return tl::unexpected<error>{std::move(r).error()};
  if constexpr (std::is_void_v<Resp>) {
    return untyped{};
  } else {
    try {
      return untyped{std::make_shared<Resp>(std::move(*r))};
    } catch (...) {
      return result<untyped>{tl::unexpect, not_handed_on("answer")};
    }
  }
}

/// The same way back; `service` is whose answer it is.
template <class Resp>
result<Resp> with_type(result<untyped>& r, const std::string& service) {
  if (!r)
    return tl::unexpected<error>{std::move(r).error()};
  if constexpr (std::is_void_v<Resp>) {
    return {};
  } else {
    try {
      return result<Resp>{std::move(*static_cast<Resp*>(r->get()))};
    } catch (...) {
      return result<Resp>{tl::unexpect, not_handed_on("answer").with_stage(service)};
    }
  }
}

} // namespace troupe::detail
