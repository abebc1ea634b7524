#pragma once

// Circuit breaker: a supervisor between callers and workers that stops calling what fails too
// often, waits, and lets a few through on trial. `call` takes the policy, `svc.breaker()` and
// `r.breaker(stage)` give the handle, `breaker_machine` has the decisions.
#include <troupe/breaker_handle.hpp>
#include <troupe/call.hpp>
#include <troupe/policy/breaker_machine.hpp>
#include <troupe/policy/circuit_breaker.hpp>
#include <troupe/service.hpp>
