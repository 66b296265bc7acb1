#include "server/handlers/cosine.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace mobileclip::server {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                            [](float x, float y) { return double{x} * double{y}; });
}

std::vector<double> norms(const Vectors& vectors) {
  std::vector<double> result;
  result.reserve(vectors.size());
  for (const auto& vector : vectors) result.push_back(std::sqrt(dot(vector, vector)));
  return result;
}

}  // namespace

proto::Matrix cosine_matrix(const Vectors& rows, const Vectors& columns) {
  const std::vector<double> row_norms = norms(rows);
  const std::vector<double> column_norms = norms(columns);
  proto::Matrix matrix{.rows = rows.size(), .columns = columns.size(), .values = {}};
  matrix.values.reserve(rows.size() * columns.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const double scale = row_norms[r] * column_norms[c];
      const double cosine = scale > 0 ? dot(rows[r], columns[c]) / scale : 0.0;
      matrix.values.push_back(static_cast<float>(std::clamp(cosine, -1.0, 1.0)));
    }
  }
  return matrix;
}

proto::Matrix softmax_rows(const proto::Matrix& matrix, float scale) {
  proto::Matrix result{.rows = matrix.rows, .columns = matrix.columns, .values = {}};
  result.values.reserve(matrix.values.size());
  std::vector<double> weights(matrix.columns);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    const auto row = matrix.row(r);
    const double largest = double{scale} * double{*std::max_element(row.begin(), row.end())};
    std::transform(row.begin(), row.end(), weights.begin(),
                   [&](float x) { return std::exp(double{scale} * double{x} - largest); });
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (const double weight : weights) result.values.push_back(static_cast<float>(weight / sum));
  }
  return result;
}

}  // namespace mobileclip::server
