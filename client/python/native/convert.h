// Between Python's plain values and those of the SDK. Times are seconds in Python.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>

#include <sluice/client.h>

namespace sluice::python {

// None or seconds; rounded up to milliseconds, and at most a year: the longest that the server knows.
WaitTime WaitTimeOf(std::optional<double> seconds);
std::chrono::milliseconds MillisecondsOf(double seconds);

// None or a dict of str.
std::vector<std::pair<std::string, std::string>> HeadersOf(const pybind11::object& headers);
pybind11::list ToPython(const std::vector<std::pair<std::string, std::string>>& headers);

// TypeError: a name that is no setting, or a value of another type.
QueueSettings SettingsOf(const pybind11::dict& settings);
QueueUpdate UpdateOf(const pybind11::dict& changes);
const char* DurabilityName(Durability durability);
pybind11::dict ToPython(const QueueSettings& settings);
pybind11::dict ToPython(const QueueStats& stats);
pybind11::dict ToPython(const QueueCounts& counts);
pybind11::dict ToPython(const QueueDescription& description);
pybind11::dict ToPython(const PeekedPayload& item);
double ToPython(TimePoint time);  // seconds since the Unix epoch

}  // namespace sluice::python
