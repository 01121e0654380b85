// MetaImage files (.mha, and .mhd with its data file), decoded by ITK. The axes are LPS, whatever AnatomicalOrientation
// says. What ITK gets wrong without a word, damaged or missing voxels and a voxel size that nobody stated, is found
// here by the rules of core/images/nrrd_metaimage.py.
#include <algorithm>

#include "../cairn/paths.hpp"
#include "itk_decoder.hpp"

namespace cairn {

namespace {

bool is_true(const std::string& value) {
    return !value.empty() && (value[0] == 't' || value[0] == 'T' || value[0] == '1');
}

/// Refuse what cannot be one channel of one 2D or 3D image: ITK may crash on contradictory sizes.
void check_sizes(const TextHeader& header, const std::string& name) {
    const std::string rank = header.of({"ndims"});
    if (rank == "4" || rank == "5")
        throw Error(name + " has " + rank + " axes, and cairn-run reads 2D and 3D images.",
                    "Save one volume of it on its own.");
    if (rank != "2" && rank != "3") throw damaged_header(name);
    static_cast<void>(shape_of(header.of({"dimsize"}), rank == "2" ? 2 : 3, name));
}

/// Throws Error where the voxels are not all there, or the compressed ones are damaged: ITK makes some up then.
void check_voxels(const std::filesystem::path& path, const TextHeader& header, const std::string& name,
                  std::uint64_t needed) {
    const std::string data_name = header.of({"elementdatafile"});
    if (data_name.empty()) throw damaged_header(name);
    const bool is_inside = lower(data_name) == "local";
    const auto data_path = is_inside ? path : data_file_beside(path, data_name);
    const std::uint64_t start = is_inside ? header.end : 0;
    const std::string binary = header.of({"binarydata"});
    if (!is_true(header.of({"compresseddata"}))) {
        const bool is_text = !binary.empty() && !is_true(binary);
        ByteSource source(data_path, start, ByteSource::Packing::none);
        if (!is_text && source.possible_bytes() < needed) throw incomplete(name);
        if (is_text && source.possible_bytes() < needed / 8) throw incomplete(name);
        return;
    }
    const auto stated = finite_number(header.of({"compresseddatasize"}));
    if (is_inside && !stated)
        throw Error(name + " does not say how long its compressed voxels are (CompressedDataSize).",
                    "Save it again without compression.");
    const bool is_length = stated && *stated >= 0 && *stated < 1e18;
    std::uint64_t count = 0;
    try {
        ByteSource source(data_path, start, ByteSource::Packing::zipped,
                          is_length ? static_cast<std::int64_t>(*stated) : -1);
        if (source.possible_bytes() >= needed) count = source.drain();
    } catch (const Incomplete&) {
        count = 0;
    }
    if (count != needed)
        throw Error("The compressed voxels of " + name + " are damaged.", "Copy or export the image again.");
}

/// Take the voxel size from the header, where ITK says 1 if there is none, and everything else from ITK.
void place(const TextHeader& header, const Decoded& found, const std::string& name, ImageFile& image) {
    const std::size_t ndim = found.size.size();
    image.grid.shape.assign(found.size.rbegin(), found.size.rend());
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
    for (std::size_t row = 0; row < ndim; ++row) {
        image.grid.mm_from_index.offset[row] = found.origin[row] * factor;
        for (std::size_t axis = 0; axis < ndim; ++axis)
            image.grid.mm_from_index.matrix[row][ndim - 1 - axis] = found.direction[axis][row] * spacing[axis];
    }
}

}  // namespace

void read_meta_image(const std::filesystem::path& path, ImageFile& image) {
    const std::string& name = image.name;
    const TextHeader header = read_text_header(path);
    check_sizes(header, name);
    const std::string data_name = header.of({"elementdatafile"});
    if (!data_name.empty() && lower(data_name) != "local") static_cast<void>(data_file_beside(path, data_name));
    Decoded found = decoded(path, Kind::meta_image, name, [&](const Decoded& described) {
        check_voxels(path, header, name, described.needed_bytes());
    });
    place(header, found, name, image);
    take_brightness(found, name, image);
}

}  // namespace cairn
