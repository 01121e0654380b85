// NIfTI files (version 1) in one file, zipped or not: header, geometry and voxels, by the rules of
// core/images/nifti.py. RAS becomes LPS here; what is doubtful about the geometry is said in a warning.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "image_file.hpp"

namespace cairn {

namespace {

constexpr std::size_t header_bytes = 348;
/// Difference, in voxels, up to which the two geometries of a file say the same: they are written in float32.
constexpr double alike = 1e-3;

/// The fields of the header, in the byte order of the file.
class HeaderBytes {
public:
    explicit HeaderBytes(ByteSource& source) {
        source.read(bytes_.data(), bytes_.size());
        std::int32_t size = 0;
        std::memcpy(&size, bytes_.data(), sizeof size);
        swapped_ = size != static_cast<std::int32_t>(header_bytes);
    }

    [[nodiscard]] bool big_endian() const { return swapped_ != (std::endian::native == std::endian::big); }
    [[nodiscard]] int byte(std::size_t at) const { return std::to_integer<int>(bytes_[at]); }
    template <typename T>
    [[nodiscard]] T number(std::size_t at, std::size_t which = 0) const {
        std::array<std::byte, sizeof(T)> raw{};
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at + which * sizeof(T)), sizeof(T), raw.begin());
        if (swapped_) std::reverse(raw.begin(), raw.end());
        return std::bit_cast<T>(raw);
    }

private:
    std::array<std::byte, header_bytes> bytes_{};
    bool swapped_ = false;
};

/// What the header says that matters here, in mm and RAS; the axes in the file's order x, y, z.
struct Header {
    std::vector<std::int64_t> sizes;
    Vector spacing{};
    int datatype = 0;
    bool big_endian = false;
    std::uint64_t data_offset = 0;
    float slope = 0, intercept = 0;
    double mm_per_unit = 1.0;
    std::optional<Affine> qform, sform;

    [[nodiscard]] std::int64_t size(std::size_t axis) const { return axis < sizes.size() ? sizes[axis] : 1; }
};

/// The place that a quaternion, an offset and the voxel size give, as method 2 of the standard has it.
Affine qform_of(const HeaderBytes& bytes, const Vector& spacing) {
    Vector part{};
    for (std::size_t i = 0; i < 3; ++i) part[i] = bytes.number<float>(256, i);
    const double length = std::max(1.0, std::hypot(part[0], part[1], part[2]));  // a rotation never scales
    const double b = part[0] / length, c = part[1] / length, d = part[2] / length;
    const double a = std::sqrt(std::max(0.0, 1.0 - (b * b + c * c + d * d)));
    Affine form;
    form.matrix = {{{a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
                    {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
                    {2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c}}};
    const double handedness = bytes.number<float>(76) < 0 ? -1.0 : 1.0;
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t axis = 0; axis < 3; ++axis)
            form.matrix[row][axis] *= spacing[axis] * (axis == 2 ? handedness : 1.0);
        form.offset[row] = bytes.number<float>(268, row);
    }
    return form;
}

Affine sform_of(const HeaderBytes& bytes) {
    Affine form;
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t axis = 0; axis < 3; ++axis) form.matrix[row][axis] = bytes.number<float>(280, 4 * row + axis);
        form.offset[row] = bytes.number<float>(280, 4 * row + 3);
    }
    return form;
}

Affine scaled(Affine form, double factor) {
    for (std::size_t row = 0; row < 3; ++row) {
        for (double& step : form.matrix[row]) step *= factor;
        form.offset[row] *= factor;
    }
    return form;
}

Header parsed(ByteSource& source, const std::string& name) {
    const HeaderBytes bytes(source);
    if (bytes.byte(345) == 'i')  // "ni1": the voxels are in a file beside
        throw Error(name + " is only a header, with its voxels in a file beside it, which cairn-run does not read.",
                    "Save the image as a single .nii or .nii.gz file, or use cairn localize.");
    Header header;
    const auto rank = bytes.number<std::int16_t>(40);
    if (rank < 1 || rank > 7) throw damaged_header(name);
    for (std::size_t axis = 1; axis <= static_cast<std::size_t>(rank); ++axis) {
        header.sizes.push_back(bytes.number<std::int16_t>(40, axis));
        if (header.sizes.back() < 1) throw damaged_header(name);
    }
    const int unit = bytes.byte(123) & 7;
    header.mm_per_unit = unit == 1 ? 1e3 : unit == 3 ? 1e-3 : 1.0;
    Vector spacing{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double size = bytes.number<float>(76, axis + 1);
        spacing[axis] = size > 0 || header.size(axis) > 1 ? size : 1.0;  // an axis with one sample needs no step
        header.spacing[axis] = spacing[axis] * header.mm_per_unit;
    }
    header.datatype = bytes.number<std::int16_t>(70);
    header.big_endian = bytes.big_endian();
    const auto offset = bytes.number<float>(108);
    const bool is_stated = std::isfinite(offset) && offset >= static_cast<float>(header_bytes);
    header.data_offset = is_stated ? static_cast<std::uint64_t>(std::min(offset, 1e15F)) : 352;
    header.slope = bytes.number<float>(112);
    header.intercept = bytes.number<float>(116);
    if (bytes.number<std::int16_t>(252) > 0) header.qform = scaled(qform_of(bytes, spacing), header.mm_per_unit);
    if (bytes.number<std::int16_t>(254) > 0) header.sform = scaled(sform_of(bytes), header.mm_per_unit);
    return header;
}

/// Tell whether both forms put all corners of the volume at the same places.
bool say_the_same(const Header& header) {
    double apart = 0.0;
    for (int corner = 0; corner < 8; ++corner) {
        Vector index{};
        for (std::size_t axis = 0; axis < 3; ++axis)
            index[axis] = (corner >> axis & 1) == 0 ? 0.0 : static_cast<double>(header.size(axis) - 1);
        const Vector q_mm = (*header.qform)(index), s_mm = (*header.sform)(index);
        for (std::size_t row = 0; row < 3; ++row) {
            const double distance = std::abs(q_mm[row] - s_mm[row]);
            if (!(distance <= apart)) apart = distance;  // NaN is kept
        }
    }
    const auto [smallest, largest] = std::minmax_element(header.spacing.begin(), header.spacing.end());
    const double sizes = static_cast<double>(header.size(0) + header.size(1) + header.size(2));
    return apart <= std::max(alike * sizes * *largest, 0.01 * *smallest);
}

/// Return the sform where there is one, else the qform, else the voxel size alone.
Affine chosen_form(const Header& header, std::vector<std::string>& warnings) {
    if (!header.qform && !header.sform) {
        warnings.emplace_back(
            "The file does not say where its voxels are in the patient; left and right are not certain.");
        Affine form;  // as ITK: x is left, y is back
        form.matrix = {{{-header.spacing[0], 0, 0}, {0, -header.spacing[1], 0}, {0, 0, header.spacing[2]}}};
        return form;
    }
    if (!header.sform) return *header.qform;
    if (!header.qform) {
        bool differs = false;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const Matrix& m = header.sform->matrix;
            const double own = std::hypot(m[0][axis], m[1][axis], m[2][axis]);
            differs = differs || std::abs(own - header.spacing[axis]) > 0.01 * std::abs(header.spacing[axis]);
        }
        if (differs) warnings.emplace_back("The file holds two different voxel sizes; that of the sform was used.");
        return *header.sform;
    }
    if (say_the_same(header)) return *header.sform;
    const Grid grid{{header.size(2), header.size(1), header.size(0)}, reversed_axes(*header.sform)};
    const bool slanted = !has_right_angles(grid);
    warnings.emplace_back(
        slanted ? "The file holds two different geometries, sform and qform; the qform was used, because the "
                  "axes of the sform are not at right angles."
                : "The file holds two different geometries, sform and qform; the sform was used.");
    return slanted ? *header.qform : *header.sform;
}

void place(const Header& header, const std::string& name, ImageFile& image) {
    std::vector<double> spatial;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (header.size(axis) > 1) spatial.push_back(header.spacing[axis]);
    }
    if (!std::all_of(spatial.begin(), spatial.end(), [](double size) { return size > 0; }))
        throw spacing_error(name, spatial);
    if (header.mm_per_unit != 1.0)
        image.warnings.push_back(std::string("The file measures in ") +
                                 (header.mm_per_unit > 1 ? "metres" : "micrometres") + "; they were converted to mm.");
    Grid grid{{header.size(2), header.size(1), header.size(0)}, reversed_axes(chosen_form(header, image.warnings))};
    for (std::size_t row = 0; row < 2; ++row) {  // RAS to LPS
        for (double& step : grid.mm_from_index.matrix[row]) step *= -1.0;
        grid.mm_from_index.offset[row] *= -1.0;
    }
    const Matrix& m = grid.mm_from_index.matrix;
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t axis = 0; axis < 3; ++axis) {
            if (!std::isfinite(m[row][axis]) || !std::isfinite(grid.mm_from_index.offset[row]))
                throw spacing_error(name);
        }
    }
    const std::vector<double> columns_mm = grid.spacing_mm();
    std::vector<double> counted;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (grid.shape[axis] > 1) counted.push_back(columns_mm[axis]);
    }
    check_spacing(name, counted);
    const bool is_flat = header.sizes.size() == 2 && m[2][1] == 0 && m[2][2] == 0 && m[0][0] == 0 && m[1][0] == 0;
    if (is_flat) {
        const Affine& old = grid.mm_from_index;
        Affine flat;
        flat.matrix = {{{m[0][1], m[0][2], 0}, {m[1][1], m[1][2], 0}, {0, 0, 1}}};
        flat.offset = {old.offset[0], old.offset[1], 0};
        grid = Grid{{grid.shape[1], grid.shape[2]}, flat};
    }
    image.grid = grid;
}

Number number_of(const Header& header, const std::string& name) {
    switch (header.datatype) {
        case 2: return Number::u8;
        case 4: return Number::i16;
        case 8: return Number::i32;
        case 16: return Number::f32;
        case 64: return Number::f64;
        case 256: return Number::i8;
        case 512: return Number::u16;
        case 768: return Number::u32;
        case 1024: return Number::i64;
        case 1280: return Number::u64;
        case 32:
        case 1792:
        case 2048: throw Error(name + " holds complex numbers.", "Export its magnitude and open that.");
        case 128:
        case 2304:
            throw Error(name + " is a colour image, and cairn-run reads one value per pixel.",
                        "Save its brightness, or use cairn localize.");
        default:
            throw Error(name + " holds a rare kind of numbers (NIfTI type " + std::to_string(header.datatype) + ").",
                        "Convert it to NRRD.");
    }
}

/// Replace stored numbers by what they stand for, in float32.
template <typename T>
void rescale(ImageFile& image, float slope, float intercept) {
    using Precise = std::conditional_t<std::is_same_v<T, float>, float, double>;
    const std::size_t count = image.voxels.size() / sizeof(T);
    std::vector<std::byte> meant(count * sizeof(float));
    for (std::size_t i = 0; i < count; ++i) {
        T stored{};
        std::memcpy(&stored, image.voxels.data() + i * sizeof(T), sizeof(T));
        const auto value = static_cast<float>(static_cast<Precise>(stored) * static_cast<Precise>(slope) +
                                              static_cast<Precise>(intercept));
        std::memcpy(meant.data() + i * sizeof(float), &value, sizeof value);
    }
    image.voxels = std::move(meant);
    image.number = Number::f32;
}

}  // namespace

void read_nifti(const std::filesystem::path& path, ImageFile& image) {
    const std::string& name = image.name;
    const auto packing = is_gzip(path) ? ByteSource::Packing::zipped : ByteSource::Packing::none;
    ByteSource source(path, 0, packing);
    const Header header = parsed(source, name);
    place(header, name, image);
    image.number = number_of(header, name);
    for (std::size_t axis = 3; axis < header.sizes.size(); ++axis) {
        if (header.sizes[axis] > 1)
            throw Error(name + " holds several volumes, and cairn-run reads one.",
                        "Save one of them on its own, or use cairn localize.");
    }
    source.skip(header.data_offset - header_bytes);
    read_voxels(source, header.big_endian, name, image);
    source.drain();
    const bool scaled = std::isfinite(header.slope) && std::isfinite(header.intercept) && header.slope != 0 &&
                        !(header.slope == 1 && header.intercept == 0);
    if (!scaled) return;
    visit_number(image.number, [&](auto zero) { rescale<decltype(zero)>(image, header.slope, header.intercept); });
}

}  // namespace cairn
