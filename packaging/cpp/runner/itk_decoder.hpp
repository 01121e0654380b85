// Decoding through ITK, where this program was built with it: pixels, and what ITK takes for the geometry. Whether that
// can be believed is decided by the readers of the formats. ITK's own types stay in itk_decoder.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "image_file.hpp"

namespace cairn {

/// What ITK found in a file; axes in the file's order x, y, z, voxels with the channels innermost.
struct Decoded {
    std::vector<std::int64_t> size;
    std::size_t channels = 1;
    Number number = Number::u8;
    std::vector<double> spacing;
    std::vector<double> origin;
    /// One unit vector per axis.
    std::vector<std::vector<double>> direction;
    std::vector<std::byte> voxels;
    /// Of a DICOM file: values by tag, such as "0028|0030"; sequences and binary values are left out.
    std::map<std::string, std::string> tags;

    /// Bytes of all voxels.
    [[nodiscard]] std::uint64_t needed_bytes() const;
};

/// Read a file's header and, if `check` of it does not throw, its voxels. Throws Error where ITK cannot read it.
Decoded decoded(const std::filesystem::path& path, Kind kind, const std::string& name,
                const std::function<void(const Decoded&)>& check);
/// Read the header only.
Decoded decoded_header(const std::filesystem::path& path, Kind kind, const std::string& name);

/// Put the voxels into an image, colours as their luminance (core/images/itk.py); throws Error where they are none.
void take_brightness(Decoded& found, const std::string& name, ImageFile& image);

}  // namespace cairn
