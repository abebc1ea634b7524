#pragma once

#include <caf/config.hpp>
#if __has_include(<caf/version.hpp>)
#include <caf/version.hpp>
#endif

// CAF_VERSION itself cannot tell: CAF 1.1.0 spells it as an octal number.
#if defined(CAF_VERSION_MAJOR)
#define TROUPE_CAF_1X 1
#elif CAF_VERSION >= 1706 && CAF_VERSION < 1800
#define TROUPE_CAF_1X 0
#else
#error "troupe needs CAF 0.17.6 or CAF >= 1.0"
#endif
