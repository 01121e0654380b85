// Cairn's landmark table as text: the same that core/landmark_files/csv.py writes. No files and no torch here.
#pragma once

#include <string>

#include "../cairn/grid.hpp"
#include "../cairn/prediction.hpp"

namespace cairn {

/// What a table says about the image that its landmarks belong to.
struct ImageLabel {
    /// Name of the file, without its folder.
    std::string name;
    std::string sha256;
    Grid grid;
    bool spacing_known = true;
    /// Where the pixel size comes from, in the words of SpacingSource in core/values/image.py.
    std::string spacing_source = "stated in the file";
};

/// Return the table in UTF-8. Spread and radius stand in px columns where the pixel size is unknown.
std::string format_csv(const Prediction& prediction, const ImageLabel& image);

}  // namespace cairn
