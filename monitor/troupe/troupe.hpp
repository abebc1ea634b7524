#pragma once

// All of troupe. Each concept also has a header of its own.
#include <troupe/broadcast.hpp>
#include <troupe/config.hpp>
#include <troupe/context.hpp>
#include <troupe/error.hpp>
#include <troupe/fan_in.hpp>
#include <troupe/fan_out.hpp>
#include <troupe/monitor.hpp>
#include <troupe/pipeline.hpp>
#include <troupe/producer_consumer.hpp>
#include <troupe/report.hpp>
#include <troupe/result.hpp>
#include <troupe/service.hpp>
#include <troupe/worker_pool.hpp>
