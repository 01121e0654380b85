// Reading images for cairn-run, one channel, one volume: NIfTI (version 1) and NRRD always; MetaImage, pictures and
// DICOM where it was built with ITK. What Cairn's own readers (core/images/file.py) tolerate is either read in the same
// way here or refused with a sentence; tests/support/image_vectors.py holds both to that. No torch here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../cairn/error.hpp"
#include "../cairn/grid.hpp"
#include "byte_source.hpp"

namespace cairn {

/// What a voxel is.
enum class Number { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

/// Call `work` with a zero of the C++ type that a number is.
template <typename Work>
auto visit_number(Number number, Work work) {
    switch (number) {
        case Number::u8: return work(std::uint8_t{});
        case Number::i8: return work(std::int8_t{});
        case Number::u16: return work(std::uint16_t{});
        case Number::i16: return work(std::int16_t{});
        case Number::u32: return work(std::uint32_t{});
        case Number::i32: return work(std::int32_t{});
        case Number::u64: return work(std::uint64_t{});
        case Number::i64: return work(std::int64_t{});
        case Number::f32: return work(float{});
        default: return work(double{});
    }
}

/// Return how many bytes a number takes.
inline std::size_t bytes_of(Number number) {
    return visit_number(number, [](auto zero) { return sizeof(zero); });
}

/// What a file is.
enum class Kind { none, nifti, nrrd, meta_image, dicom, png, jpeg, tiff, bmp };

/// Return what a person calls a kind of file.
std::string_view name_of(Kind kind);

/// An image as it was read.
struct ImageFile {
    Grid grid;
    Number number = Number::u8;
    /// Array order, the machine's byte order.
    std::vector<std::byte> voxels;
    bool spacing_known = true;
    /// Where the pixel size comes from, in the words of SpacingSource in core/values/image.py.
    std::string spacing_source = "stated in the file";
    /// Of the file that was opened; without its folder.
    std::string name;
    /// Of its bytes; those of a DICOM series in the order of its slices.
    std::string sha256;
    /// What was tolerated.
    std::vector<std::string> warnings;
};

/// Read a 2D or 3D image, from a file or a folder of DICOM slices; a volume with a single slice becomes 2D. Throws
/// Error.
ImageFile read_image(const std::filesystem::path& path);

/// Spread over the readers of the formats: they fill grid, number, voxels, spacing_known and warnings.
void read_nifti(const std::filesystem::path& path, ImageFile& image);
void read_nrrd(const std::filesystem::path& path, ImageFile& image);
void read_meta_image(const std::filesystem::path& path, ImageFile& image);  // these three with ITK only
void read_picture(const std::filesystem::path& path, Kind kind, ImageFile& image);
void read_dicom(const std::filesystem::path& path, ImageFile& image);

/// Fill `image.voxels` with what `image.grid` and `image.number` ask for; of another byte order if told so. What cannot
/// be in the source is not made room for. Throws Error where the file is incomplete.
void read_voxels(ByteSource& source, bool big_endian, const std::string& name, ImageFile& image);

/// The `key: value` and `key = value` lines at the top of an NRRD or MetaImage file.
struct TextHeader {
    /// Keys in lower case.
    std::map<std::string, std::string> fields;
    /// Where in the file the lines end.
    std::uint64_t end = 0;

    /// The value of a key, or of the first of several spellings that is there; empty where there is none.
    [[nodiscard]] std::string of(std::initializer_list<std::string_view> keys) const;
};
TextHeader read_text_header(const std::filesystem::path& path);

/// The words of a text.
std::vector<std::string> words_of(const std::string& text);
std::string lower(std::string text);
/// The numbers that all words of a text are; none at all where one is no number.
std::vector<double> numbers_of(const std::string& text);
/// The sizes, `count` of them and each a whole number above 0, in reversed order (that of an array); throws Error
/// otherwise.
std::vector<std::int64_t> shape_of(const std::string& text, std::size_t count, const std::string& name);

/// The spacing of `count` axes as a header states it; empty where it states none, or nan. Throws Error where it cannot
/// be.
std::vector<double> spacing_of(const std::string& text, std::size_t count, const std::string& name);

/// Return how many mm the units of a header are, and warn where they are others or unknown.
double mm_per_unit(const std::vector<std::string>& units, std::vector<std::string>& warnings);

/// Return the file with the voxels that a header names, beside it; throws Error where it is not there.
std::filesystem::path data_file_beside(const std::filesystem::path& path, const std::string& name);

/// The same map for indices in the order of an array, z first, instead of x first.
Affine reversed_axes(const Affine& form);

/// Tell whether the axes of a 3D grid are at right angles, as far as it matters (core/images/rectilinear.py).
bool has_right_angles(const Grid& grid);

/// Throws Error where a spacing is none that a voxel can have.
void check_spacing(const std::string& name, const std::vector<double>& spacing_mm);
Error spacing_error(const std::string& name, const std::vector<double>& spacing_mm = {});
Error damaged_header(const std::string& name);
Error incomplete(const std::string& name);

}  // namespace cairn
