#include "image_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <new>
#include <stdexcept>

#include "../cairn/paths.hpp"
#include "decoder_guard.hpp"
#include "sha256.hpp"

namespace cairn {

namespace {

constexpr double least_spacing_mm = 2e-4;
constexpr double most_spacing_mm = 1e3;
/// Step sideways, as a part of the step forward, up to which axes count as being at right angles ...
constexpr double largest_slant = 0.01;
/// ... if all steps together do not lead further astray than this, in voxels.
constexpr double largest_offset = 0.5;

/// The beginnings by which files are known. DICM decides first: what comes before it may be that of a TIFF file.
struct Beginning {
    std::size_t at;
    std::string_view bytes;
    Kind kind;
};
constexpr std::array<Beginning, 14> beginnings = {{{128, "DICM", Kind::dicom},
                                                   {0, "\x89PNG\r\n\x1a\n", Kind::png},
                                                   {0, "\xFF\xD8\xFF", Kind::jpeg},
                                                   {0, std::string_view("II*\0", 4), Kind::tiff},
                                                   {0, std::string_view("MM\0*", 4), Kind::tiff},
                                                   {0, std::string_view("II+\0", 4), Kind::tiff},
                                                   {0, std::string_view("MM\0+", 4), Kind::tiff},
                                                   {0, "BM", Kind::bmp},
                                                   {0, "NRRD0001", Kind::nrrd},
                                                   {0, "NRRD0002", Kind::nrrd},
                                                   {0, "NRRD0003", Kind::nrrd},
                                                   {0, "NRRD0004", Kind::nrrd},
                                                   {0, "NRRD0005", Kind::nrrd},
                                                   {344, std::string_view("n+1\0", 4), Kind::nifti}}};

/// Tell by its first bytes what kind of image a file is.
Kind kind_of(const std::filesystem::path& path) {
    std::array<char, 512> buffer{};
    std::size_t count = 0;
    if (is_gzip(path)) {
        ByteSource source(path, 0, ByteSource::Packing::zipped);
        try {
            source.read(buffer.data(), 348);
            count = 348;
        } catch (const Incomplete&) {
            return Kind::nifti;  // the only zipped kind; its reader will say what is wrong
        }
    } else {
        std::ifstream stream(path, std::ios::binary);
        stream.read(buffer.data(), buffer.size());
        count = static_cast<std::size_t>(stream.gcount());
    }
    const std::string_view head(buffer.data(), count);
    for (const Beginning& known : beginnings) {
        if (head.size() > known.at && head.substr(known.at, known.bytes.size()) == known.bytes) return known.kind;
    }
    if (head.size() >= 348 && head.substr(344, 4) == std::string_view("ni1\0", 4)) return Kind::nifti;
    const std::size_t first = std::min(head.find_first_not_of(" \t\r\n"), head.size());
    for (const std::string_view key : {"ObjectType", "NDims", "Comment"}) {
        if (head.substr(first, key.size()) != key) continue;
        const std::size_t next = head.find_first_not_of(" \t", first + key.size());
        if (next != std::string_view::npos && head[next] == '=') return Kind::meta_image;
    }
    return Kind::none;
}

/// Make a volume with a single slice 2D, with millimetres along its rows and columns (core/geometry/single_slice.py).
void squeeze(Grid& grid) {
    const auto single = std::find(grid.shape.begin(), grid.shape.end(), 1);
    if (grid.ndim() != 3 || single == grid.shape.end()) return;
    std::vector<double> spacing = grid.spacing_mm();
    spacing.erase(spacing.begin() + (single - grid.shape.begin()));
    grid.shape.erase(single);
    grid = Grid::from_spacing(grid.shape, spacing);
}

/// Let ITK read what the readers here cannot, or say that this program was built without it.
void read_by_itk([[maybe_unused]] const std::filesystem::path& path, Kind kind, ImageFile& image) {
#if CAIRN_HAS_ITK
    const DecoderGuard guard(image.name);
    switch (kind) {
        case Kind::meta_image: read_meta_image(path, image); break;
        case Kind::dicom: read_dicom(path, image); break;
        default: read_picture(path, kind, image); break;
    }
#else
    throw Error(image.name + " is a " + std::string(name_of(kind)) + " file, and this cairn-run was built without ITK.",
                "Save it as NRRD or NIfTI, use cairn localize, or build cairn-run with ITK.");
#endif
}

ImageFile read_any(const std::filesystem::path& path) {
    ImageFile image;
    image.name = utf8_text(path.has_filename() ? path.filename() : path.parent_path().filename());
    const Kind kind = std::filesystem::is_directory(path) ? Kind::dicom : kind_of(path);
    switch (kind) {
        case Kind::nifti: read_nifti(path, image); break;
        case Kind::nrrd: read_nrrd(path, image); break;
        case Kind::none:
            throw Error(image.name + " is not an image that cairn-run can read, or its beginning is damaged.",
                        CAIRN_HAS_ITK ? "cairn-run reads NIfTI (version 1), NRRD, MetaImage, DICOM, PNG, JPEG, TIFF "
                                        "and BMP files; the app and cairn localize read more."
                                      : "This cairn-run, which was built without ITK, reads NIfTI (version 1) and NRRD "
                                        "files; the app and cairn localize read more.");
        default: read_by_itk(path, kind, image); break;
    }
    try {
        static_cast<void>(image.grid.index_from_mm());
    } catch (const std::domain_error&) {
        throw Error("The axes of " + image.name + " do not span it: two of them are the same.",
                    "Correct its orientation, for example with 3D Slicer.");
    }
    squeeze(image.grid);
    if (image.grid.ndim() == 3 && !has_right_angles(image.grid))
        throw Error("The axes of " + image.name + " are not at right angles, which cairn-run does not read.",
                    "Use the app or cairn localize, which resample it, or resample it with 3D Slicer.");
    if (image.sha256.empty()) image.sha256 = sha256_of({path});
    return image;
}

}  // namespace

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::nifti: return "NIfTI";
        case Kind::nrrd: return "NRRD";
        case Kind::meta_image: return "MetaImage";
        case Kind::dicom: return "DICOM";
        case Kind::png: return "PNG";
        case Kind::jpeg: return "JPEG";
        case Kind::tiff: return "TIFF";
        case Kind::bmp: return "BMP";
        default: return "unknown";
    }
}

ImageFile read_image(const std::filesystem::path& path) {
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (!std::filesystem::exists(status)) throw Error("There is no file " + utf8_text(path) + ".", "Check the path.");
    const bool is_folder = std::filesystem::is_directory(status);
    if (is_folder && !CAIRN_HAS_ITK)
        throw Error(utf8_text(path) +
                        " is a folder, and this cairn-run, which would read DICOM from it, was built without ITK.",
                    "Use cairn localize, or build cairn-run with ITK.");
    if (!is_folder && !std::filesystem::is_regular_file(status))
        throw Error(utf8_text(path) + " is not a file.", "Check the path.");
    if (!is_folder && std::filesystem::file_size(path, problem) == 0 && !problem)
        throw Error(utf8_text(path.filename()) + " is empty.", "Copy or export the image again.");
    if (problem || (!is_folder && !std::ifstream(path, std::ios::binary)))
        throw Error(utf8_text(path) + " cannot be opened.", "Check its permissions, and its disk.");
    try {
        return read_any(path);
    } catch (const Incomplete&) {
        throw incomplete(utf8_text(path.filename()));
    } catch (const std::bad_alloc&) {
        throw Error("There is not enough memory to open " + utf8_text(path.filename()) + ".",
                    "Close other programs, or use a computer with more memory.");
    }
}

void read_voxels(ByteSource& source, bool big_endian, const std::string& name, ImageFile& image) {
    const std::size_t size = bytes_of(image.number);
    const std::uint64_t possible = source.possible_bytes();
    std::uint64_t count = size;
    for (const std::int64_t length : image.grid.shape) {
        if (static_cast<std::uint64_t>(length) > possible / count) throw incomplete(name);
        count *= static_cast<std::uint64_t>(length);
    }
    if (count > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
    image.voxels.resize(static_cast<std::size_t>(count));
    source.read(image.voxels.data(), image.voxels.size());
    if (big_endian == (std::endian::native == std::endian::big)) return;
    for (auto at = image.voxels.begin(); at != image.voxels.end(); at += static_cast<std::ptrdiff_t>(size))
        std::reverse(at, at + static_cast<std::ptrdiff_t>(size));
}

void check_spacing(const std::string& name, const std::vector<double>& spacing_mm) {
    const auto possible = [](double size) { return size >= least_spacing_mm && size <= most_spacing_mm; };
    if (!std::all_of(spacing_mm.begin(), spacing_mm.end(), possible)) throw spacing_error(name, spacing_mm);
}

Affine reversed_axes(const Affine& form) {
    Affine reversed = form;
    for (std::size_t row = 0; row < 3; ++row) std::reverse(reversed.matrix[row].begin(), reversed.matrix[row].end());
    return reversed;
}

bool has_right_angles(const Grid& grid) {
    Matrix basis{}, upper{};  // the axes, x first, are basis * upper
    const auto dot = [](const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; };
    for (std::size_t axis = 0; axis < 3; ++axis) {
        Vector rest{};
        for (std::size_t row = 0; row < 3; ++row) rest[row] = grid.mm_from_index.matrix[row][2 - axis];
        for (std::size_t before = 0; before < axis; ++before) {
            upper[before][axis] = dot(basis[before], rest);
            for (std::size_t row = 0; row < 3; ++row) rest[row] -= upper[before][axis] * basis[before][row];
        }
        upper[axis][axis] = std::sqrt(dot(rest, rest));
        if (!(upper[axis][axis] > 0)) return false;
        for (std::size_t row = 0; row < 3; ++row) basis[axis][row] = rest[row] / upper[axis][axis];
    }
    for (std::size_t axis = 1; axis < 3; ++axis) {
        const auto steps = static_cast<double>(grid.shape[2 - axis] - 1);
        for (std::size_t before = 0; before < axis; ++before) {
            const double sideways = std::abs(upper[before][axis]);
            if (steps > 0 && !(sideways <= largest_slant * upper[axis][axis])) return false;
            if (!(sideways * steps <= largest_offset * upper[before][before])) return false;
        }
    }
    return true;
}

Error spacing_error(const std::string& name, const std::vector<double>& spacing_mm) {
    std::string stated;
    for (const double size : spacing_mm) stated += (stated.empty() ? "" : " × ") + general_text(size);
    return Error(name + " states an impossible pixel size" + (stated.empty() ? "" : " (" + stated + " mm)") + ".",
                 "Correct the pixel size in the file, for example with 3D Slicer, or export the image again.");
}

Error damaged_header(const std::string& name) {
    return Error("The header of " + name + " is damaged.", "Copy or export the image again.");
}

Error incomplete(const std::string& name) {
    return Error(name + " is incomplete: its end is missing or damaged.", "Copy or export the image again.");
}

}  // namespace cairn
