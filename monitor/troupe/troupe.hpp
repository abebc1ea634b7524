#pragma once

// All of troupe. Each concept also has a header of its own.
#include <troupe/balancer.hpp>
#include <troupe/broadcast.hpp>
#include <troupe/cache.hpp>
#include <troupe/config.hpp>
#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/manager.hpp>
#include <troupe/monitor.hpp>
#include <troupe/outbox.hpp>
#include <troupe/pipeline.hpp>
#include <troupe/policy/concurrency_limit.hpp>
#include <troupe/policy/pool_resizer.hpp>
#include <troupe/producer_consumer.hpp>
#include <troupe/report.hpp>
#include <troupe/result.hpp>
#include <troupe/scatter_gather.hpp>
#include <troupe/semaphore.hpp>
#include <troupe/service.hpp>
#include <troupe/shutdown_signals.hpp>
#include <troupe/with_retry.hpp>
#include <troupe/with_timeout.hpp>
#include <troupe/worker_pool.hpp>
