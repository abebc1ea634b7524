#pragma once

// Pipeline: named stages in a row, each with its own parallelism, buffer, order and error policy.
#include <troupe/batch.hpp>
#include <troupe/flow.hpp>
#include <troupe/fused.hpp>
#include <troupe/run.hpp>
#include <troupe/stage.hpp>
#include <troupe/transforms.hpp>
