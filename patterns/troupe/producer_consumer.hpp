#pragma once

// Producer / consumer: sources that make items, sinks that use them up, a bounded link in between.
#include <troupe/inbox.hpp>
#include <troupe/lines.hpp>
#include <troupe/run.hpp>
#include <troupe/sinks.hpp>
#include <troupe/sources.hpp>
