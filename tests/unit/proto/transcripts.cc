#include "tests/unit/proto/transcripts.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace sluice::wire {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

std::vector<std::string> ArrowTexts() {
  std::vector<std::string> texts;
  bool continues = false;
  for (const std::string& line : ProtocolLines()) {
    if (line.starts_with("-> ") || line.starts_with("<- ")) {
      texts.push_back(line);
      continues = true;
    } else if (continues && line.starts_with("    ")) {
      texts.back() += line;
    } else {
      continues = false;
    }
  }
  return texts;
}

const MethodDescriptor* FindMethod(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return DescriptorPool::generated_pool()->FindMethodByName("sluice.v1." + name);
}

}  // namespace

std::vector<std::string> ProtocolLines() {
  std::ifstream file(SLUICE_PROTOCOL_MD);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << SLUICE_PROTOCOL_MD;
  return lines;
}

std::vector<Exchange> Transcripts() {
  std::vector<Exchange> exchanges;
  const MethodDescriptor* method = nullptr;
  for (const std::string& text : ArrowTexts()) {
    Exchange exchange;
    exchange.text = text;
    exchange.request = text.starts_with("-> ");
    std::string rest = text.substr(3);
    exchange.opens = exchange.request && rest[0] != '{';
    if (exchange.opens) {
      const std::size_t space = rest.find(' ');
      method = FindMethod(rest.substr(0, space));
      rest = rest.substr(space + 1);
    }
    exchange.method = method;
    if (method == nullptr) {
      ADD_FAILURE() << "no such call: " << text;
      break;
    }
    if (rest[0] == '{') {
      const auto* type = exchange.request ? method->input_type() : method->output_type();
      exchange.message.reset(MessageFactory::generated_factory()->GetPrototype(type)->New());
      const auto parsed = google::protobuf::util::JsonStringToMessage(rest, exchange.message.get());
      EXPECT_TRUE(parsed.ok()) << text << "\n" << parsed.ToString();
    } else {
      exchange.status = rest;
    }
    exchanges.push_back(std::move(exchange));
  }
  EXPECT_GT(exchanges.size(), 40u);
  return exchanges;
}

}  // namespace sluice::wire
