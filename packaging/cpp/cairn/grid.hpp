// Where the samples of an image are: array indices (z, y, x), LPS millimetres (x, y, z), and the canonical order of
// axes. The only place here that relates the two (docs/coordinates.md). No torch here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"
#include "number_text.hpp"

namespace cairn {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;  // rows

inline constexpr Matrix identity = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/// Return the inverse; throws std::domain_error where there is none.
inline Matrix inverse(const Matrix& m) {
    const auto minor = [&](std::size_t row, std::size_t column) {
        const std::size_t r0 = row == 0 ? 1 : 0, r1 = row == 2 ? 1 : 2, c0 = column == 0 ? 1 : 0,
                          c1 = column == 2 ? 1 : 2;
        return m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    };
    const double determinant = m[0][0] * minor(0, 0) - m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    if (!std::isfinite(determinant) || std::abs(determinant) < 1e-12)
        throw std::domain_error("a matrix without an inverse");
    Matrix result{};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            result[column][row] = ((row + column) % 2 == 0 ? 1.0 : -1.0) * minor(row, column) / determinant;
        }
    }
    return result;
}

/// A map `matrix * v + offset`. In 2D the third row and column are those of the identity.
struct Affine {
    Matrix matrix = identity;
    Vector offset{};

    [[nodiscard]] Vector operator()(const Vector& v) const {
        Vector result = offset;
        for (std::size_t row = 0; row < 3; ++row) {
            for (std::size_t column = 0; column < 3; ++column) result[row] += matrix[row][column] * v[column];
        }
        return result;
    }
};

/// A regular grid of samples in physical space.
struct Grid {
    /// Samples per axis in array order, (y, x) or (z, y, x).
    std::vector<std::int64_t> shape;
    /// From a continuous array index (z, y, x; whole numbers are centres) to LPS mm (x, y, z). In 2D (y, x) to (x, y).
    Affine mm_from_index;

    /// An axis-aligned grid with index 0 at the origin; one spacing per axis, in array order.
    static Grid from_spacing(std::vector<std::int64_t> shape, const std::vector<double>& spacing_mm) {
        Grid grid{std::move(shape), {}};
        const std::size_t ndim = grid.shape.size();
        for (std::size_t axis = 0; axis < ndim; ++axis) {
            for (std::size_t row = 0; row < ndim; ++row) {
                grid.mm_from_index.matrix[row][axis] = row + axis + 1 == ndim ? spacing_mm.at(axis) : 0.0;
            }
        }
        return grid;
    }

    [[nodiscard]] std::size_t ndim() const { return shape.size(); }

    /// Distance between neighbouring samples per array axis, mm.
    [[nodiscard]] std::vector<double> spacing_mm() const {
        std::vector<double> spacing;
        const Matrix& m = mm_from_index.matrix;
        for (std::size_t axis = 0; axis < ndim(); ++axis) {
            double sum = 0.0;
            for (std::size_t row = 0; row < ndim(); ++row) sum += m[row][axis] * m[row][axis];
            spacing.push_back(std::sqrt(sum));
        }
        return spacing;
    }

    [[nodiscard]] Affine index_from_mm() const {
        Affine back{inverse(mm_from_index.matrix), {}};
        const Vector shifted = back(mm_from_index.offset);
        for (std::size_t row = 0; row < 3; ++row) back.offset[row] = -shifted[row];
        return back;
    }

    /// The same samples with each axis' step multiplied; index 0 stays where it is.
    [[nodiscard]] Grid scaled(const std::vector<double>& factors) const {
        Grid grid = *this;
        for (std::size_t axis = 0; axis < ndim(); ++axis) {
            for (std::size_t row = 0; row < ndim(); ++row) grid.mm_from_index.matrix[row][axis] *= factors.at(axis);
        }
        return grid;
    }

    /// "1935 × 2400" in the order x, y, z.
    [[nodiscard]] std::string size_text(const std::string& between) const {
        std::string text;
        for (std::size_t axis = ndim(); axis-- > 0;) text += std::to_string(shape[axis]) + (axis > 0 ? between : "");
        return text;
    }
    /// The spacing in the order x, y, z.
    [[nodiscard]] std::string spacing_text(const std::string& between) const {
        std::string text;
        const std::vector<double> spacing = spacing_mm();
        for (std::size_t axis = ndim(); axis-- > 0;) text += general_text(spacing[axis]) + (axis > 0 ? between : "");
        return text;
    }
};

/// How an array becomes the one that networks see: `order[k]` is the old axis that becomes axis k, then some are
/// flipped.
struct AxisOrder {
    std::vector<std::int64_t> order;
    std::vector<std::int64_t> flipped;
    Grid grid;
};

/// Return how the array axes of a volume come to lie along (S, P, L), as closely as flips and transpositions allow.
/// Networks see array axes, scanners store them in any order. A 2D image has no such convention and stays as it is.
inline AxisOrder canonical_order(const Grid& grid) {
    AxisOrder result{std::vector<std::int64_t>(grid.ndim()), {}, grid};
    std::iota(result.order.begin(), result.order.end(), 0);
    if (grid.ndim() == 2) return result;
    const std::vector<double> spacing = grid.spacing_mm();
    const Matrix& old = grid.mm_from_index.matrix;
    std::array<bool, 3> row_used{}, axis_used{};
    for (int round = 0; round < 3; ++round) {
        std::size_t best_row = 0, best_axis = 0;
        double best = -1.0;
        for (std::size_t row = 0; row < 3; ++row) {
            for (std::size_t axis = 0; axis < 3; ++axis) {
                const double along = std::abs(old[row][axis] / spacing[axis]);
                if (!row_used[row] && !axis_used[axis] && along > best) {
                    best = along;
                    best_row = row;
                    best_axis = axis;
                }
            }
        }
        row_used[best_row] = axis_used[best_axis] = true;
        result.order[2 - best_row] = static_cast<std::int64_t>(best_axis);
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const auto from = static_cast<std::size_t>(result.order[axis]);
        const bool forward = old[2 - axis][from] > 0;
        result.grid.shape[axis] = grid.shape[from];
        for (std::size_t row = 0; row < 3; ++row) {
            result.grid.mm_from_index.matrix[row][axis] = (forward ? 1.0 : -1.0) * old[row][from];
            if (!forward)
                result.grid.mm_from_index.offset[row] += old[row][from] * static_cast<double>(grid.shape[from] - 1);
        }
        if (!forward) result.flipped.push_back(static_cast<std::int64_t>(axis));
    }
    return result;
}

}  // namespace cairn
