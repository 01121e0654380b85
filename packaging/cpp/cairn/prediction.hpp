// What a run of a model on an image gave. Plain values, no torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grid.hpp"

namespace cairn {

/// One landmark of an answer.
struct Landmark {
    std::string name;
    /// False where the model says that it is not in the image; it then has no position.
    bool found = false;
    /// LPS millimetres (x, y) or (x, y, z); units of px where the image does not know its pixel size.
    std::vector<double> point_mm;
    /// Continuous array index of the image as it was given, in the order column, row, slice; whole numbers are centres.
    std::vector<double> point_px;
    /// Probability in [0, 1] that it is in the image.
    float presence = 0.0F;
    /// Weighted root mean square distance of the votes from their mean, in the units of `point_mm`.
    float spread_mm = 0.0F;
    /// Radius that holds the true position in 90 % of cases; NaN where the model is not calibrated.
    float radius_mm = 0.0F;

    [[nodiscard]] std::string status() const { return found ? "predicted" : "absent"; }
};

/// The answer of a model.
struct Prediction {
    std::vector<Landmark> landmarks;
    /// Name and version of the model.
    std::string model;
    /// Where it ran: "cpu" or "cuda".
    std::string device;
    /// Wall time of the run, seconds.
    double elapsed_s = 0.0;
    /// Sentences to show to the person.
    std::vector<std::string> warnings;
};

}  // namespace cairn
