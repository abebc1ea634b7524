// zipped_sensors: two sensors that report one by one, paired reading by reading.
//
//   temperature --+
//                 +--> zip --> comfort --> print
//   humidity -----+
//
// The n-th reading of one belongs to the n-th of the other. `zip` holds back the sensor that is
// ahead, by no more than its buffer, and ends with the shorter one.

#include <cmath>
#include <iostream>
#include <optional>
#include <utility>

#include <troupe/troupe.hpp>

namespace tr = troupe;

namespace {

/// So many readings on a curve.
auto sensor(int readings, double mean, double swing) {
  return [=, n = 0]() mutable -> std::optional<double> {
    if (n == readings)
      return std::nullopt;
    return mean + swing * std::sin(0.1 * n++);
  };
}

} // namespace

int main() {
  const auto temperature = tr::produce<double>("temperature", sensor(10'000, 21, 4));
  const auto humidity = tr::produce<double>("humidity", sensor(9'990, 50, 15));
  int pairs = 0;
  int muggy = 0;
  const auto flow = tr::zip("pair", temperature, humidity, {.buffer = 16})
                    | tr::sink("comfort", [&](const std::pair<double, double>& reading) {
                        const auto [degrees, percent] = reading;
                        ++pairs;
                        muggy += degrees > 23 && percent > 55 ? 1 : 0;
                      });

  tr::config cfg;
  caf::actor_system sys{cfg};
  std::cout << flow.topology();
  const tr::report end = tr::start(sys, flow).wait();
  const auto unpaired = end.stage("pair").filtered;
  std::cout << end << '\n'
            << pairs << " pairs, " << muggy << " of them warm and damp. The temperature was "
            << unpaired << " readings ahead when the\nhumidity ended: zip never held more than the "
            << "16 of its buffer, and counts as filtered what\nhas no partner.\n";
  return end.clean() && pairs == 9'990 && unpaired <= 16 ? 0 : 1;
}
