// NRRD files (.nrrd, and .nhdr with its data file). The spaces LPS, RAS and LAS come out as LPS; any other is read with
// a warning.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "../cairn/paths.hpp"
#include "image_file.hpp"

namespace cairn {

namespace {

Number number_named(const std::string& type, const std::string& name) {
    constexpr std::array<std::pair<std::string_view, Number>, 40> types = {{
        {"signed char", Number::i8},
        {"int8", Number::i8},
        {"int8_t", Number::i8},
        {"uchar", Number::u8},
        {"unsigned char", Number::u8},
        {"uint8", Number::u8},
        {"uint8_t", Number::u8},
        {"short", Number::i16},
        {"short int", Number::i16},
        {"signed short", Number::i16},
        {"signed short int", Number::i16},
        {"int16", Number::i16},
        {"int16_t", Number::i16},
        {"ushort", Number::u16},
        {"unsigned short", Number::u16},
        {"unsigned short int", Number::u16},
        {"uint16", Number::u16},
        {"uint16_t", Number::u16},
        {"int", Number::i32},
        {"signed int", Number::i32},
        {"int32", Number::i32},
        {"int32_t", Number::i32},
        {"uint", Number::u32},
        {"unsigned int", Number::u32},
        {"uint32", Number::u32},
        {"uint32_t", Number::u32},
        {"longlong", Number::i64},
        {"long long", Number::i64},
        {"long long int", Number::i64},
        {"signed long long", Number::i64},
        {"signed long long int", Number::i64},
        {"int64", Number::i64},
        {"int64_t", Number::i64},
        {"ulonglong", Number::u64},
        {"unsigned long long", Number::u64},
        {"unsigned long long int", Number::u64},
        {"uint64", Number::u64},
        {"uint64_t", Number::u64},
        {"float", Number::f32},
        {"double", Number::f64},
    }};
    for (const auto& [known, number] : types) {
        if (known == type) return number;
    }
    throw Error(name + " holds a rare kind of numbers.", "Convert it, for example with 3D Slicer.");
}

/// Read "(1,0,0) (0,1,0)", with or without spaces inside; no vectors at all where one of them is none of `count`
/// numbers.
std::vector<Vector> vectors_of(const std::string& text, std::size_t count) {
    std::vector<Vector> vectors;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(" \t", at)) != std::string::npos) {
        const std::size_t end = text.find(')', at);
        if (text[at] != '(' || end == std::string::npos) return {};
        std::string inside = text.substr(at + 1, end - at - 1);
        std::replace(inside.begin(), inside.end(), ',', ' ');
        const std::vector<double> numbers = numbers_of(inside);
        if (numbers.size() != count) return {};
        Vector vector{};
        std::copy(numbers.begin(), numbers.end(), vector.begin());
        vectors.push_back(vector);
        at = end + 1;
    }
    return vectors;
}

/// Return the texts between quotation marks.
std::vector<std::string> quoted(const std::string& text) {
    std::vector<std::string> found;
    for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
        const std::size_t end = text.find('"', at + 1);
        if (end == std::string::npos) break;
        found.push_back(text.substr(at + 1, end - at - 1));
        at = end;
    }
    return found;
}

/// Refuse what cannot be one channel of one 2D or 3D image, and return the rank.
std::size_t checked_rank(const TextHeader& header, const std::string& name) {
    const auto rank = finite_number(header.of({"dimension"}));
    if (!rank || (*rank != std::floor(*rank)) || *rank < 1 || *rank > 16) throw damaged_header(name);
    const std::string kinds = lower(header.of({"kinds"}));
    for (const std::string& kind : words_of(kinds)) {
        if (kind != "domain" && kind != "space" && kind != "???" && kind != "none")
            throw Error(name + " holds several values per voxel, or several volumes, and cairn-run reads one.",
                        "Save one of them on its own, or use cairn localize.");
    }
    if (*rank != 2 && *rank != 3)
        throw Error(name + " has " + general_text(*rank) + (*rank == 1 ? " axis" : " axes") +
                        ", and cairn-run reads 2D and 3D images.",
                    "Save one volume of it on its own.");
    return static_cast<std::size_t>(*rank);
}

/// What an NRRD's space calls positive becomes LPS by these signs of x, y, z; none for a space that is no patient's.
std::optional<Vector> lps_from(const std::string& space, const std::string& name) {
    constexpr std::array<std::pair<std::string_view, Vector>, 6> spaces = {{{"lps", {1, 1, 1}},
                                                                            {"left-posterior-superior", {1, 1, 1}},
                                                                            {"ras", {-1, -1, 1}},
                                                                            {"right-anterior-superior", {-1, -1, 1}},
                                                                            {"las", {1, -1, 1}},
                                                                            {"left-anterior-superior", {1, -1, 1}}}};
    for (const auto& [known, signs] : spaces) {
        if (known == space) return signs;
    }
    if (space.empty() || space == "scanner-xyz" || space == "3d-right-handed" || space == "3d-left-handed")
        return std::nullopt;
    throw Error(name + " lies in a space that cairn-run does not know.",
                "Save it in the space LPS, for example with 3D Slicer.");
}

/// Where index 0 is and where each axis leads, x first, in the file's own space and unit.
struct Axes {
    std::vector<Vector> step;
    Vector origin{};
};

Axes axes_of(const TextHeader& header, std::size_t ndim, const std::string& name, bool& spacing_known) {
    Axes axes;
    if (const std::string stated = header.of({"space directions"}); !stated.empty()) {
        const auto space_ndim = finite_number(header.of({"space dimension"}));
        if (header.of({"space"}).empty() && space_ndim && *space_ndim != static_cast<double>(ndim))
            throw Error(name + " places its " + std::to_string(ndim) + " axes in a space of " +
                            general_text(*space_ndim) + " dimensions, which cairn-run does not read.",
                        "Save it with as many axes, or use cairn localize.");
        axes.step = vectors_of(stated, ndim);
        if (axes.step.size() != ndim) throw damaged_header(name);
        if (const std::string origin = header.of({"space origin"}); !origin.empty()) {
            const std::vector<Vector> found = vectors_of(origin, ndim);
            if (found.size() != 1) throw damaged_header(name);
            axes.origin = found.front();
        }
        return axes;
    }
    if (!header.of({"axis mins", "axismins", "axis maxs", "axismaxs"}).empty() || !header.of({"space origin"}).empty())
        throw Error(name + " places its axes without space directions, which cairn-run does not read.",
                    "Save it again, for example with 3D Slicer.");
    const std::vector<double> spacing = spacing_of(header.of({"spacings"}), ndim, name);
    spacing_known = !spacing.empty();
    for (std::size_t axis = 0; axis < ndim; ++axis) {
        axes.step.push_back({});
        axes.step[axis][axis] = spacing_known ? spacing[axis] : 1.0;
    }
    return axes;
}

void place(const TextHeader& header, const std::string& name, ImageFile& image) {
    const std::size_t ndim = image.grid.ndim();
    const Axes axes = axes_of(header, ndim, name, image.spacing_known);
    double factor = 1.0;
    if (image.spacing_known)
        factor = mm_per_unit(quoted(header.of({"space units", "units"})), image.warnings);
    else
        image.warnings.emplace_back("The file does not say its voxel size; distances are in voxels.");
    const std::optional<Vector> signs = ndim == 3 ? lps_from(lower(header.of({"space"})), name) : std::nullopt;
    if (ndim == 3 && !signs)
        image.warnings.emplace_back(
            "The file does not say where its voxels are in the patient; left and right are not certain.");
    for (std::size_t row = 0; row < ndim; ++row) {
        const double scale = factor * (signs ? (*signs)[row] : 1.0);
        image.grid.mm_from_index.offset[row] = axes.origin[row] * scale;
        for (std::size_t axis = 0; axis < ndim; ++axis)
            image.grid.mm_from_index.matrix[row][ndim - 1 - axis] = axes.step[axis][row] * scale;
    }
    std::vector<double> spacing = image.grid.spacing_mm();
    std::reverse(spacing.begin(), spacing.end());
    check_spacing(name, spacing);
}

ByteSource::Packing packing_of(const TextHeader& header, const std::string& name) {
    const std::string encoding = lower(header.of({"encoding"}));
    if (encoding == "raw") return ByteSource::Packing::none;
    if (encoding == "gzip" || encoding == "gz") return ByteSource::Packing::zipped;
    if (encoding.empty()) throw damaged_header(name);
    throw Error(name + " stores its voxels in an encoding that cairn-run does not read.",
                "Save it with the encoding raw or gzip.");
}

bool is_big_endian(const TextHeader& header, const ImageFile& image) {
    const std::string endian = lower(header.of({"endian"}));
    if (endian != "big" && endian != "little" && bytes_of(image.number) > 1) throw damaged_header(image.name);
    return endian == "big";
}

}  // namespace

void read_nrrd(const std::filesystem::path& path, ImageFile& image) {
    const std::string& name = image.name;
    const TextHeader header = read_text_header(path);
    image.grid.shape = shape_of(header.of({"sizes"}), checked_rank(header, name), name);
    image.number = number_named(lower(header.of({"type"})), name);
    place(header, name, image);
    for (const std::string& skipped : {header.of({"line skip", "lineskip"}), header.of({"byte skip", "byteskip"})}) {
        if (!skipped.empty() && skipped != "0")
            throw Error(name + " has voxels that do not begin where their file does, which cairn-run does not read.",
                        "Save it again, for example with 3D Slicer.");
    }
    const std::string data_name = header.of({"data file", "datafile"});
    const bool inside = data_name.empty();
    const ByteSource::Packing packing = packing_of(header, name);
    ByteSource source(inside ? path : data_file_beside(path, data_name), inside ? header.end : 0, packing);
    read_voxels(source, is_big_endian(header, image), name, image);
    if (packing == ByteSource::Packing::zipped) source.drain();
}

}  // namespace cairn
