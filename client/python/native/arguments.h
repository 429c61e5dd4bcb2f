// The arguments of puts and gets, as the SDK takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <pybind11/pybind11.h>

#include <sluice/options.h>
#include <sluice/queue.h>

namespace sluice::python {

// One item.
detail::PutItems ItemsOf(const pybind11::bytes& payload, std::string_view content_type, std::int64_t priority,
                         const pybind11::object& headers);
// Tuples of (payload, content type, priority, headers).
detail::PutItems ItemsOf(const pybind11::sequence& items);

GetManyOptions GetManyOptionsOf(std::optional<double> timeout, std::size_t min_items, double linger,
                                bool until_finished);

}  // namespace sluice::python
