// The main function of every test program. Both macros, because the precompiled header has included
// doctest already, and only a first include derives one from the other.
#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
