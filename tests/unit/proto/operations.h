// Operations written as text, for tables of tests.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "proto/wire.h"

namespace sluice::wire {

inline v1::Operation ToOperation(const std::string& text) {
  v1::Operation operation;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &operation)) << text;
  return operation;
}

inline Parsed ParseText(const std::string& text) { return Parse(ToOperation(text)); }

// The command of a valid operation.
template <typename Kind>
Kind Accepted(Parsed parsed) {
  if (const auto* invalid = std::get_if<Invalid>(&parsed)) {
    ADD_FAILURE() << invalid->message;
    return {};
  }
  return std::get<Kind>(std::move(std::get<Routed>(parsed).command));
}

// The refusal of an invalid one.
inline Invalid Refused(Parsed parsed) {
  if (const auto* invalid = std::get_if<Invalid>(&parsed)) return *invalid;
  ADD_FAILURE() << "accepted";
  return {};
}

}  // namespace sluice::wire
