// DICOM: a radiograph or another single image, or the slices of one series in a folder. Which slices make a volume, and
// where it stands, comes from their tags; ITK decodes each file. What the app reads with a note, uneven steps, several
// series, multi-frame files, is refused here with a sentence (core/images/dicom is the whole of it).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../cairn/paths.hpp"
#include "dicom_tags.hpp"
#include "itk_decoder.hpp"
#include "sha256.hpp"

namespace cairn {

namespace {

namespace fs = std::filesystem;

/// A step between slices may differ from the mean one by this part of it, or by these mm if that is more.
constexpr double silent_part = 0.01, silent_mm = 0.01;
/// Slices may lie this part of a pixel or step off the line through the first and the last one.
constexpr double largest_scatter = 0.1;

const std::string use_localize = "Use the app or cairn localize, which tell what can be done about it.";

double dot(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Error refused(const Slice& slice, const std::string& what) {
    return Error(slice.name + " " + what + ", which cairn-run does not read.", use_localize);
}

/// The DICOM images directly in a folder, by name; hidden files never are.
std::vector<Slice> slices_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && !utf8_text(entry.path().filename()).starts_with(".") && is_dicom(entry.path()))
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<Slice> found;
    for (const fs::path& file : files) {
        if (auto slice = read_slice(file)) found.push_back(std::move(*slice));
    }
    return found;
}

/// The slices that a path stands for, and a warning where that is more than a person named.
std::vector<Slice> slices_of(const fs::path& path, ImageFile& image) {
    if (fs::is_directory(path)) {
        std::vector<Slice> found = slices_in(path);
        if (found.empty())
            throw Error("The folder " + utf8_text(path) + " holds no DICOM images.",
                        "Choose a folder with the slices of one series directly in it.");
        const auto is_other = [&found](const Slice& slice) { return slice.series != found.front().series; };
        if (std::any_of(found.begin(), found.end(), is_other))
            throw Error("The folder " + utf8_text(path) + " holds several series of images.",
                        "Name a file of the one that is meant, or put it into a folder of its own.");
        return found;
    }
    const auto own = read_slice(path);
    if (!own)
        throw Error(image.name + " is a DICOM file without an image.", "Choose an image of the same examination.");
    if (!own->is_stackable || own->frames > 1) return {*own};
    std::vector<Slice> found;
    for (Slice& slice : slices_in(path.parent_path().empty() ? fs::path(".") : path.parent_path())) {
        if (slice.series == own->series) found.push_back(std::move(slice));
    }
    if (found.size() > 1)
        image.warnings.push_back("The file is one of " + std::to_string(found.size()) +
                                 " slices of a series in its folder; the whole series was read.");
    return found;
}

/// Refuse slices that are none of one regular stack, and put them into order along their normal.
void sort_stack(std::vector<Slice>& slices) {
    const Slice first = slices.front();
    for (const Slice& slice : slices) {
        if (slice.frames > 1) throw refused(slice, "holds several frames");
        if (slice.samples != 1) throw refused(slice, "is a colour image");
        if (slices.size() == 1) return;
        if (!slice.is_stackable) throw refused(slice, "is one of several images that make no volume");
        if (!slice.spacing_mm) throw refused(slice, "does not say how large its pixels are");
        const auto is_near = [](double a, double b, double allowed) { return std::abs(a - b) <= allowed; };
        bool fits = slice.rows == first.rows && slice.columns == first.columns && first.spacing_mm;
        for (std::size_t axis = 0; fits && axis < 2; ++axis)
            fits = is_near((*slice.spacing_mm)[axis], (*first.spacing_mm)[axis], 1e-3 * (*first.spacing_mm)[axis]);
        for (std::size_t row = 0; fits && row < 3; ++row)
            fits = is_near(slice.right[row], first.right[row], 1e-3) && is_near(slice.down[row], first.down[row], 1e-3);
        if (!fits) throw refused(slice, "has another size or orientation than other slices of its series");
    }
    const Vector normal = first.normal();
    std::sort(slices.begin(), slices.end(), [&normal](const Slice& a, const Slice& b) {
        return dot(a.origin_mm, normal) < dot(b.origin_mm, normal);
    });
}

/// Return the step from slice to slice; throws Error where a slice is missing, doubled or out of line.
Vector step_of(const std::vector<Slice>& slices) {
    const Vector normal = slices.front().normal();
    const auto last = static_cast<double>(slices.size() - 1);
    Vector step{};
    for (std::size_t row = 0; row < 3; ++row)
        step[row] = (slices.back().origin_mm[row] - slices.front().origin_mm[row]) / last;
    const double height = dot(step, normal);
    const double pixel = std::min((*slices.front().spacing_mm)[0], (*slices.front().spacing_mm)[1]);
    for (std::size_t i = 1; i < slices.size(); ++i) {
        Vector off{}, own{};
        for (std::size_t row = 0; row < 3; ++row) {
            own[row] = slices[i].origin_mm[row] - slices[i - 1].origin_mm[row];
            off[row] = slices[i].origin_mm[row] - slices.front().origin_mm[row] - static_cast<double>(i) * step[row];
        }
        const double astray = std::abs(dot(own, normal) - height);
        if (!(height > 0) || !(astray <= std::max(silent_part * height, silent_mm)) || astray > 0.1 * height)
            throw refused(slices[i], "does not follow the slice before it at the usual distance (" +
                                         general_text(dot(own, normal), 4) + " mm, usually " + general_text(height, 4) +
                                         " mm)");
        if (!(std::sqrt(dot(off, off)) <= largest_scatter * std::min(pixel, height)))
            throw refused(slices[i], "is shifted against the other slices");
    }
    return step;
}

/// Keep a slice as the app does: SimpleITK and ITK answer in float64 for a fractional rescale slope, far beyond what
/// the detector's bits can fill, and in int32 where the numbers might not fit into int16, although they do in every CT.
void compact(Decoded& found) {
    const std::size_t count = found.voxels.size() / bytes_of(found.number);
    const auto converted = [&](auto from, auto to) {
        std::vector<std::byte> made(count * sizeof to);
        for (std::size_t i = 0; i < count; ++i) {
            std::memcpy(&from, found.voxels.data() + i * sizeof from, sizeof from);
            to = static_cast<decltype(to)>(from);
            std::memcpy(made.data() + i * sizeof to, &to, sizeof to);
        }
        found.voxels = std::move(made);
    };
    if (found.number == Number::f64) {
        converted(double{}, float{});
        found.number = Number::f32;
    } else if (found.number == Number::i32) {
        for (std::size_t i = 0; i < count; ++i) {
            std::int32_t value = 0;
            std::memcpy(&value, found.voxels.data() + i * sizeof value, sizeof value);
            if (value < -32768 || value > 32767) return;
        }
        converted(std::int32_t{}, std::int16_t{});
        found.number = Number::i16;
    }
}

void read_voxels_of(const std::vector<Slice>& slices, ImageFile& image) {
    for (const Slice& slice : slices) {
        Decoded found = decoded(slice.path, Kind::dicom, slice.name, [&slice](const Decoded& described) {
            const bool fits = described.size.size() >= 2 && described.size[0] == slice.columns &&
                              described.size[1] == slice.rows && described.channels == 1 &&
                              (described.size.size() == 2 || described.size[2] == 1);
            if (!fits)
                throw Error(slice.name + " holds another number of pixels than it says.",
                            "Export the image again from the archive.");
        });
        compact(found);
        if (image.voxels.empty()) image.number = found.number;
        if (found.number != image.number) throw refused(slice, "holds other kinds of numbers than other slices");
        image.voxels.insert(image.voxels.end(), found.voxels.begin(), found.voxels.end());
    }
}

}  // namespace

void read_dicom(const fs::path& path, ImageFile& image) {
    std::vector<Slice> slices = slices_of(path, image);
    sort_stack(slices);
    const Slice& first = slices.front();
    const Vector step = slices.size() == 1 ? first.normal() : step_of(slices);
    const std::array<double, 2> spacing = first.spacing_mm.value_or(std::array{1.0, 1.0});
    image.spacing_known = first.spacing_mm.has_value();
    image.spacing_source = first.spacing_source;
    image.grid.shape = {static_cast<std::int64_t>(slices.size()), first.rows, first.columns};
    for (std::size_t row = 0; row < 3; ++row)
        image.grid.mm_from_index.matrix[row] = {step[row], first.down[row] * spacing[0], first.right[row] * spacing[1]};
    image.grid.mm_from_index.offset = first.origin_mm;
    if (image.spacing_known) check_spacing(first.name, {spacing[0], spacing[1]});
    if (slices.size() > 1) check_spacing(first.name, image.grid.spacing_mm());
    std::vector<fs::path> paths;
    for (const Slice& slice : slices) {
        paths.push_back(slice.path);
        for (const std::string& warning : slice.warnings) {
            if (std::find(image.warnings.begin(), image.warnings.end(), warning) == image.warnings.end())
                image.warnings.push_back(warning);
        }
    }
    read_voxels_of(slices, image);
    image.sha256 = sha256_of(paths);
}

}  // namespace cairn
