// MetaImage files (.mha, and .mhd with its data file). The axes are LPS, whatever AnatomicalOrientation says, as ITK
// reads them.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "../cairn/paths.hpp"
#include "image_file.hpp"

namespace cairn {

namespace {

bool is_true(const std::string& value) {
    return !value.empty() && (value[0] == 't' || value[0] == 'T' || value[0] == '1');
}

Number number_named(const std::string& type, const std::string& name) {
    constexpr std::array<std::pair<std::string_view, Number>, 12> types = {{{"MET_UCHAR", Number::u8},
                                                                            {"MET_CHAR", Number::i8},
                                                                            {"MET_USHORT", Number::u16},
                                                                            {"MET_SHORT", Number::i16},
                                                                            {"MET_UINT", Number::u32},
                                                                            {"MET_INT", Number::i32},
                                                                            {"MET_ULONG", Number::u32},
                                                                            {"MET_LONG", Number::i32},
                                                                            {"MET_ULONG_LONG", Number::u64},
                                                                            {"MET_LONG_LONG", Number::i64},
                                                                            {"MET_FLOAT", Number::f32},
                                                                            {"MET_DOUBLE", Number::f64}}};
    for (const auto& [known, number] : types) {
        if (known == type) return number;
    }
    throw Error(name + " holds a rare kind of numbers.", "Convert it to NRRD.");
}

/// Refuse what cannot be one channel of one 2D or 3D image, and return the rank.
std::size_t checked_rank(const TextHeader& header, const std::string& name) {
    const std::string rank = header.of({"ndims"});
    if (rank == "4" || rank == "5")
        throw Error(name + " has " + rank + " axes, and cairn-run reads 2D and 3D images.",
                    "Save one volume of it on its own.");
    if (rank != "2" && rank != "3") throw damaged_header(name);
    const std::string channels = header.of({"elementnumberofchannels"});
    if (!channels.empty() && channels != "1")
        throw Error(name + " holds several values per pixel, and cairn-run reads one.",
                    "Save its brightness, or use cairn localize.");
    if (const std::string binary = header.of({"binarydata"}); !binary.empty() && !is_true(binary))
        throw Error(name + " stores its voxels as text, which cairn-run does not read.",
                    "Save it again, for example with 3D Slicer.");
    return rank == "2" ? 2 : 3;
}

/// Put axes and origin, which the file gives in the order x, y, z, into the grid.
void place(const TextHeader& header, const std::string& name, ImageFile& image) {
    const std::size_t ndim = image.grid.ndim();
    std::vector<double> spacing = spacing_of(header.of({"elementspacing", "elementsize"}), ndim, name);
    image.spacing_known = !spacing.empty();
    double factor = 1.0;
    if (image.spacing_known) {
        factor = mm_per_unit({header.of({"distanceunits"})}, image.warnings);
        for (double& size : spacing) size *= factor;
        check_spacing(name, spacing);
    } else {
        spacing.assign(ndim, 1.0);
        image.warnings.emplace_back("The file does not say its voxel size; distances are in voxels.");
    }
    const auto numbers = [&](std::initializer_list<std::string_view> keys, std::vector<double> otherwise) {
        const std::string text = header.of(keys);
        if (text.empty()) return otherwise;
        std::vector<double> found = numbers_of(text);
        if (found.size() != otherwise.size()) throw damaged_header(name);
        return found;
    };
    std::vector<double> unturned(ndim * ndim, 0.0);
    for (std::size_t axis = 0; axis < ndim; ++axis) unturned[axis * ndim + axis] = 1.0;
    const std::vector<double> turned = numbers({"transformmatrix", "rotation", "orientation"}, unturned);
    const std::vector<double> origin = numbers({"offset", "position", "origin"}, std::vector<double>(ndim, 0.0));
    for (std::size_t row = 0; row < ndim; ++row) {
        image.grid.mm_from_index.offset[row] = origin[row] * factor;
        for (std::size_t axis = 0; axis < ndim; ++axis)
            image.grid.mm_from_index.matrix[row][ndim - 1 - axis] = turned[axis * ndim + row] * spacing[axis];
    }
}

/// Where the voxels are: the file, and from which byte on.
struct Place {
    std::filesystem::path path;
    std::uint64_t start = 0;
    std::int64_t length = -1;
};

Place place_of_voxels(const std::filesystem::path& path, const TextHeader& header, bool zipped,
                      const std::string& name) {
    const std::string data_name = header.of({"elementdatafile"});
    if (data_name.empty()) throw damaged_header(name);
    const bool inside = lower(data_name) == "local";
    Place found{inside ? path : data_file_beside(path, data_name), inside ? header.end : 0};
    const std::string stated = header.of({"compresseddatasize"});
    const std::string skipped = header.of({"headersize"});
    const auto number = finite_number(zipped ? stated : skipped);
    if (zipped && inside && !number)
        throw Error(name + " does not say how long its compressed voxels are (CompressedDataSize).",
                    "Save it again without compression.");
    if (zipped) {
        if (number && *number >= 0 && *number < 1e18) found.length = static_cast<std::int64_t>(*number);
    } else if (number && *number != 0) {
        throw Error(
            name + " has voxels that do not begin where their file does (HeaderSize), which cairn-run does not read.",
            "Save it again, for example with 3D Slicer.");
    }
    return found;
}

}  // namespace

void read_meta_image(const std::filesystem::path& path, ImageFile& image) {
    const std::string& name = image.name;
    const TextHeader header = read_text_header(path);
    image.grid.shape = shape_of(header.of({"dimsize"}), checked_rank(header, name), name);
    image.number = number_named(header.of({"elementtype"}), name);
    place(header, name, image);
    const bool zipped = is_true(header.of({"compresseddata"}));
    const Place where = place_of_voxels(path, header, zipped, name);
    ByteSource source(where.path, where.start, zipped ? ByteSource::Packing::zipped : ByteSource::Packing::none,
                      where.length);
    const bool big_endian = is_true(header.of({"binarydatabyteordermsb", "elementbyteordermsb"}));
    try {
        read_voxels(source, big_endian, name, image);
        if (zipped && source.drain() > 0) throw Incomplete{};
    } catch (const Incomplete&) {
        if (!zipped) throw incomplete(name);
        throw Error("The compressed voxels of " + name + " are damaged.", "Copy or export the image again.");
    }
}

}  // namespace cairn
