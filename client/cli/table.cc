#include "client/cli/table.h"

#include <algorithm>

#include "client/cli/payload.h"

namespace sluice::cli {
namespace {

std::string Pad(const std::string& text, std::size_t width, Table::Align align) {
  const std::string space(width - std::min(width, DisplayWidth(text)), ' ');
  return align == Table::Align::kRight ? space + text : text + space;
}

}  // namespace

void Table::Print(Output& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += "  ";
      text += Pad(cell(i), widths[i], columns_[i].align);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  out.WriteLine(out.Bold(line([&](std::size_t i) { return columns_[i].title; })));
  for (const auto& row : rows_) out.WriteLine(line([&](std::size_t i) { return row[i]; }));
}

void PrintFacts(Output& out, const std::vector<std::pair<std::string, std::string>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) width = std::max(width, DisplayWidth(name));
  for (const auto& [name, value] : facts) out.WriteLine(Pad(name, width, Table::Align::kLeft) + "  " + value);
}

}  // namespace sluice::cli
