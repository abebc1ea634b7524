#!/usr/bin/env bash
# What Doxygen reads of headers and pages. Whether it then has anything to say, the step `docs` of ./check shows.
source "$(dirname "$0")/common.sh"

filtered() { # FILE, its text on stdin; what is expected in `wanted`
  mkdir -p "$(dirname "$1")" && cat >"$1"
  expect 0 awk -f "$TROUPE_SOURCE_DIR/scripts/docs.awk" "$1"
  same wanted "$out" "what is read of $1"
}

cat >wanted <<'END'
/// Lets at most `r<T>` items pass.
///
///     f | rate_limit<T>("throttle", r)
///
/// - **Shape**: flow\<T\> -\> flow\<T\>; one actor;
///   order kept.
/// - **Errors**: none.
///
/// - **least_loaded**: the one with
///   fewest items.
/// - **by_key**: the same key.
///
/// A line that ends in "\\n",
/// as here: not a list.
flow<T> rate_limit();




int x; ///< a flow\<T\>
END
filtered rate_limit.hpp <<'END'
/// Lets at most `r<T>` items pass.
///
///     f | rate_limit<T>("throttle", r)
///
/// Shape:  flow<T> -> flow<T>; one actor;
///         order kept.
/// Errors: none.
///
/// least_loaded: the one with
///               fewest items.
/// by_key:       the same key.
///
/// A line that ends in "\n",
/// as here: not a list.
flow<T> rate_limit();

namespace detail {
/// Of nobody's business.
} // namespace detail
int x; ///< a flow<T>
END

cat >wanted <<'END'
# Fan-out {#page-docs-patterns-fan-out}
## `by_key`, and why {#page-docs-patterns-fan-out-by_key-and-why}
See [this](@ref page-docs-patterns-fan-out-cost), [that](@ref page-readme) and [the code](@ref page-docs-house-the-cast);
![a picture](../pictures/fan.svg) of hello.cpp, and [CAF](https://www.actor-framework.org).
```cpp
# [no](heading.md)
```
## Cost {#page-docs-patterns-fan-out-cost}
## Cost {#page-docs-patterns-fan-out-cost-1}
END
filtered docs/patterns/fan-out.md <<'END'
# Fan-out
## `by_key`, and why
See [this](#cost), [that](../../README.md) and [the code](../house.md#the-cast);
![a picture](../pictures/fan.svg) of [hello.cpp](../../examples/hello.cpp), and [CAF](https://www.actor-framework.org).
```cpp
# [no](heading.md)
```
## Cost
## Cost
END
