// Rows of text in aligned columns.
#pragma once

#include <string>
#include <vector>

#include "client/cli/output.h"

namespace sluice::cli {

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires: as many cells as columns.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // The titles (bold on a terminal) and the rows.
  void Print(Output& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "name  value" lines without titles.
void PrintFacts(Output& out, const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace sluice::cli
