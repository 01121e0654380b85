// The tags of a DICOM file that matter for geometry, read by GDCM, and what they say about one slice. No pixels here,
// and nothing about how slices make a volume. By the rules of core/images/dicom/header.py.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "../cairn/grid.hpp"

namespace cairn {

/// One DICOM file.
struct Slice {
    std::filesystem::path path;
    std::string name;
    /// Patient and series: slices of two patients must never make one body, whatever identifiers were copied.
    std::string series;
    std::string modality;
    std::int64_t rows = 0, columns = 0, frames = 1, samples = 1;
    /// Pixel size (y, x); none where the file does not say.
    std::optional<std::array<double, 2>> spacing_mm;
    /// Which of the file's pixel sizes that is, in the words of SpacingSource in core/values/image.py.
    std::string spacing_source;
    /// Whether position and orientation are known, and whether the file can be part of a volume.
    bool is_placed = false, is_stackable = false;
    /// LPS: the first pixel's centre, and unit vectors along increasing row and increasing column.
    Vector origin_mm{}, down = {0, 1, 0}, right = {1, 0, 0};
    std::vector<std::string> warnings;

    /// Unit vector in which the slices of a volume are counted.
    [[nodiscard]] Vector normal() const;
};

/// Tell whether a file begins as a DICOM file does.
bool is_dicom(const std::filesystem::path& path);

/// Read a DICOM file's tags; none where it holds no image. Throws Error where its header is damaged.
std::optional<Slice> read_slice(const std::filesystem::path& path);

}  // namespace cairn
