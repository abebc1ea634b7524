#pragma once

// Limits of the calls in flight that adapt themselves, all alike: `on_sample(rtt, in_flight,
// dropped)` after each call, `limit()` before the next.
//
// aimd_limit:     looks at losses only: for a dependency that drops or times out when overloaded.
// vegas_limit:    looks at the fastest call: for one whose latency without load is steady.
// gradient_limit: looks at the average call: for one whose latency varies by itself.
#include <troupe/policy/aimd_limit.hpp>
#include <troupe/policy/gradient_limit.hpp>
#include <troupe/policy/vegas_limit.hpp>
