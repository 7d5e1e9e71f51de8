// Reads rows of numbers and describes each column; with two or more columns also fits the last one by
// a linear function of the others (least squares over the normal equations).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Row = std::vector<double>;

class Matrix {
 public:
  Matrix(std::size_t rows, std::size_t columns) : columns_(columns), cells_(rows * columns) {}
  double& at(std::size_t row, std::size_t column) { return cells_[row * columns_ + column]; }
  std::size_t rows() const { return cells_.size() / columns_; }

  // Solves a * x = b, where b is the last column: elimination with the largest pivot first.
  Row solve() {
    const std::size_t n = rows();
    for (std::size_t pivot = 0; pivot < n; ++pivot) {
      std::size_t best = pivot;
      for (std::size_t row = pivot + 1; row < n; ++row) {
        if (std::fabs(at(row, pivot)) > std::fabs(at(best, pivot))) best = row;
      }
      if (std::fabs(at(best, pivot)) < 1e-9) throw std::runtime_error("the columns depend on each other");
      for (std::size_t column = 0; column <= n; ++column) std::swap(at(pivot, column), at(best, column));
      for (std::size_t row = 0; row < n; ++row) {
        if (row == pivot) continue;
        const double factor = at(row, pivot) / at(pivot, pivot);
        for (std::size_t column = pivot; column <= n; ++column) {
          at(row, column) -= factor * at(pivot, column);
        }
      }
    }
    Row solution(n);
    for (std::size_t i = 0; i < n; ++i) solution[i] = at(i, n) / at(i, i);
    return solution;
  }

 private:
  std::size_t columns_;
  std::vector<double> cells_;
};

std::vector<Row> read_rows(std::istream& in) {
  std::vector<Row> rows;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    Row row;
    for (double value; words >> value;) row.push_back(value);
    const std::string where = "line " + std::to_string(number);
    if (!words.eof()) throw std::runtime_error(where + " has something that is no number");
    if (row.empty()) continue;
    if (!rows.empty() && rows.front().size() != row.size()) {
      throw std::runtime_error(where + " has another number of columns");
    }
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw std::runtime_error("there are no numbers");
  return rows;
}

void describe(const std::vector<Row>& rows, std::size_t column) {
  std::vector<double> values;
  double sum = 0;
  for (const auto& row : rows) {
    values.push_back(row[column]);
    sum += row[column];
  }
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double mean = sum / static_cast<double>(n);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : 0;
  const double median = (values[(n - 1) / 2] + values[n / 2]) / 2;
  std::printf("column %zu: n %zu min %.4g median %.4g max %.4g mean %.4g deviation %.4g\n", column + 1, n,
              values.front(), median, values.back(), mean, deviation);
}

void fit(const std::vector<Row>& rows) {
  const std::size_t n = rows.front().size();  // unknowns: one per column but the last, and a constant
  Matrix equations(n, n + 1);
  for (const auto& row : rows) {
    Row factors(row.begin(), row.end() - 1);
    factors.push_back(1);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) equations.at(i, k) += factors[i] * factors[k];
      equations.at(i, n) += factors[i] * row.back();
    }
  }
  const Row solution = equations.solve();
  std::printf("fit:");
  for (std::size_t i = 0; i + 1 < n; ++i) std::printf(" %+.4g*c%zu", solution[i], i + 1);
  std::printf(" %+.4g\n", solution.back());
}

}  // namespace

int main() {
  try {
    const auto rows = read_rows(std::cin);
    for (std::size_t column = 0; column < rows.front().size(); ++column) describe(rows, column);
    if (rows.front().size() > 1) fit(rows);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stats: %s\n", error.what());
    return 1;
  }
  return 0;
}
