// expect: troupe: a rate needs its period; write per_second(500), per_minute(90) or every(250ms)

#include <troupe/limit_policy.hpp>

auto wrong() { return troupe::rate_limit(10, {.burst = 5}); }
