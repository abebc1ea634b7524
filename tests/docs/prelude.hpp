#pragma once

// What every block of C++ in the documents takes as given; what one of them takes besides stands in
// the page, in a comment in front of it.

#include <cmath>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/troupe.hpp>

namespace tr = troupe;
using namespace std::chrono_literals;

extern caf::actor_system sys;
extern tr::context ctx;
extern tr::monitor watch;

struct order {
  int id = 0;
  std::string customer = {};
  int quantity = 0;
};
extern tr::flow<order> orders;
void book(order);
