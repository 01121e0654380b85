// PNG, JPEG, TIFF and BMP files, decoded by ITK: pixels as everybody sees them, and a physical size only where it can
// be believed, by the rules of core/images/pictures.py. A photograph that is stored rotated is refused here.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "../cairn/paths.hpp"
#include "itk_decoder.hpp"

namespace cairn {

namespace {

/// Pixel sizes that a radiograph or a photograph of one may have.
constexpr double least_believable_mm = 0.005, most_believable_mm = 5.0;
constexpr double mm_per_inch = 25.4;
/// Pillow, which tells Python the resolution of BMP files, takes a metre for 39.3701 inches.
constexpr double pillow_metre = 1000.0 / (mm_per_inch * 39.3701);

/// A pixel size, x first.
using Size = std::array<double, 2>;

/// The bytes of a file, read as numbers; 0 beyond its end.
class Bytes {
public:
    explicit Bytes(const std::filesystem::path& path) {
        std::ifstream stream(path, std::ios::binary);
        text_.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }

    [[nodiscard]] std::size_t size() const { return text_.size(); }
    [[nodiscard]] std::string_view text(std::size_t at, std::size_t count) const {
        return at < text_.size() ? std::string_view(text_).substr(at, count) : std::string_view();
    }
    [[nodiscard]] std::uint8_t byte(std::size_t at) const {
        return at < text_.size() ? static_cast<std::uint8_t>(text_[at]) : std::uint8_t{0};
    }
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t count, bool big_endian) const {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte(big_endian ? at + i : at + count - 1 - i);
        return value;
    }
    [[nodiscard]] std::size_t find(std::string_view wanted, std::size_t before) const {
        return std::string_view(text_).substr(0, before).find(wanted);
    }

private:
    std::string text_;
};

/// Tell whether a JPEG stream runs from its first marker to its end marker.
bool jpeg_is_whole(const Bytes& data) {
    for (std::size_t at = 2; at + 1 < data.size();) {
        if (data.byte(at) != 0xFF || data.byte(at + 1) == 0x00 || data.byte(at + 1) == 0xFF) {
            ++at;
            continue;
        }
        const std::uint8_t marker = data.byte(at + 1);
        if (marker == 0xD9) return true;
        at += 2;
        // A segment says its own length; skipping it skips the thumbnails inside, which have end markers of their own.
        if (!((marker >= 0xD0 && marker <= 0xD8) || marker == 0x01)) at += data.number(at, 2, true);
    }
    return false;
}

/// Tell whether a BMP file holds all its rows.
bool bmp_is_whole(const Bytes& data) {
    if (data.size() < 54) return false;
    const std::uint32_t compression = data.number(30, 4, false);
    if (compression != 0 && compression != 3) return data.size() >= data.number(2, 4, false);
    const auto width = std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(data.number(18, 4, false))));
    const auto height = std::abs(static_cast<std::int64_t>(static_cast<std::int32_t>(data.number(22, 4, false))));
    const std::int64_t row_bytes = (width * data.number(28, 2, false) + 31) / 32 * 4;
    const auto room = static_cast<std::int64_t>(data.size()) - static_cast<std::int64_t>(data.number(10, 4, false));
    return room >= 0 && (row_bytes == 0 || height <= room / row_bytes);
}

/// The orientation (tag 274; 1 is upright) of a TIFF file or of the Exif block of a JPEG file.
std::uint32_t orientation_of(const Bytes& data) {
    std::size_t start = 0;
    if (data.text(0, 2) == "\xFF\xD8") {
        const std::size_t exif = data.find(std::string_view("Exif\0\0", 6), std::size_t{1} << 16);
        if (exif == std::string_view::npos) return 1;
        start = exif + 6;
    }
    const bool big_endian = data.text(start, 4) == std::string_view("MM\0*", 4);
    if (!big_endian && data.text(start, 4) != std::string_view("II*\0", 4)) return 1;
    const std::size_t directory = start + data.number(start + 4, 4, big_endian);
    const std::uint32_t count = data.number(directory, 2, big_endian);
    for (std::size_t entry = directory + 2; entry < directory + 2 + 12 * std::size_t{count}; entry += 12) {
        if (data.number(entry, 2, big_endian) != 274) continue;
        const std::uint32_t value = data.number(entry + 8, 2, big_endian);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

std::optional<Size> size_of(double x_per_m, double y_per_m) {
    if (!(x_per_m > 0) || !(y_per_m > 0)) return std::nullopt;
    return Size{1000.0 / x_per_m, 1000.0 / y_per_m};
}

/// The pixel size of a PNG's pHYs chunk; none where it has none or gives no unit.
std::optional<Size> png_size(const Bytes& data) {
    for (std::size_t at = 8; at + 12 <= data.size();) {
        const std::uint32_t length = data.number(at, 4, true);
        if (data.text(at + 4, 4) == "pHYs" && length == 9) {
            if (data.byte(at + 16) != 1) return std::nullopt;
            return size_of(data.number(at + 8, 4, true), data.number(at + 12, 4, true));
        }
        at += 12 + std::size_t{length};
    }
    return std::nullopt;
}

/// Tell whether somebody measured a resolution: it is plausible, and not what programs write when they do not know.
bool is_believable(const Size& size, bool from_itk) {
    const auto [low, high] = std::minmax(size[0], size[1]);
    if (!(low >= least_believable_mm && high <= most_believable_mm) || high > 2 * low) return false;
    for (const double default_dpi : {72.0, 96.0, 25.4}) {  // the last is ITK's 1 mm
        if (default_dpi == 25.4 && !from_itk) continue;
        for (const double side : size) {
            const double dpi = mm_per_inch / side;
            if (std::abs(dpi - default_dpi) <= 0.002 * std::max(dpi, default_dpi)) return false;
        }
    }
    return true;
}

/// The pixel size that a file states if it can be believed; a print resolution is taken with a warning.
std::optional<Size> believed_size(Kind kind, const Decoded& found, const Bytes& data, ImageFile& image) {
    const Size from_itk = {found.spacing[0], found.spacing[1]};
    std::optional<Size> size = from_itk;
    bool is_measured = false;
    if (kind == Kind::png) {
        size = png_size(data);
        // ITK reads the sCAL chunk, the scale of the subject itself, and says 1 where there is none.
        is_measured = from_itk != Size{1.0, 1.0} || size == from_itk;
        if (is_measured) size = from_itk;
    } else if (kind == Kind::bmp) {
        const auto x_per_m = static_cast<std::int32_t>(data.number(38, 4, false));
        const auto y_per_m = static_cast<std::int32_t>(data.number(42, 4, false));
        size = size_of(x_per_m * pillow_metre, y_per_m * pillow_metre);
    }
    if (!size || !is_believable(*size, kind == Kind::jpeg || kind == Kind::tiff)) return std::nullopt;
    if (is_measured) return size;
    image.spacing_source = "print resolution stated in the file";
    image.warnings.push_back("The pixel size of " + general_text((*size)[0], 4) + " × " + general_text((*size)[1], 4) +
                             " mm is the print resolution in the file; check that it is the true one.");
    return size;
}

}  // namespace

void read_picture(const std::filesystem::path& path, Kind kind, ImageFile& image) {
    const std::string& name = image.name;
    const Bytes data(path);
    if ((kind == Kind::jpeg && !jpeg_is_whole(data)) || (kind == Kind::bmp && !bmp_is_whole(data)))
        throw incomplete(name);
    if ((kind == Kind::jpeg || kind == Kind::tiff) && orientation_of(data) != 1)
        throw Error(name + " is stored rotated, and cairn-run does not rotate pictures.",
                    "Rotate it in an image program and save it again, or use cairn localize.");
    Decoded found = decoded(path, kind, name, [](const Decoded&) {});
    take_brightness(found, name, image);
    image.grid.shape.assign(found.size.rbegin(), found.size.rend());
    std::vector<double> spacing(found.size.size(), 1.0);
    image.spacing_known = false;
    if (found.size.size() == 2) {
        if (const auto size = believed_size(kind, found, data, image)) {
            image.spacing_known = true;
            spacing = {(*size)[1], (*size)[0]};
        }
    }
    image.grid = Grid::from_spacing(image.grid.shape, spacing);
}

}  // namespace cairn
