#include "dicom_tags.hpp"

#include <gdcmReader.h>
#include <gdcmStringFilter.h>
#include <gdcmTag.h>
#include <gdcmTrace.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "../cairn/error.hpp"
#include "../cairn/number_text.hpp"
#include "../cairn/paths.hpp"

namespace cairn {

namespace {

const gdcm::Tag sop_class(0x0008, 0x0016), modality(0x0008, 0x0060), patient_name(0x0010, 0x0010),
    patient_id(0x0010, 0x0020), magnification(0x0018, 0x1114), imager_spacing(0x0018, 0x1164),
    nominal_spacing(0x0018, 0x2010), series_uid(0x0020, 0x000e), position(0x0020, 0x0032), orientation(0x0020, 0x0037),
    sample_count(0x0028, 0x0002), frame_count(0x0028, 0x0008), row_count(0x0028, 0x0010), column_count(0x0028, 0x0011),
    pixel_spacing(0x0028, 0x0030), calibration(0x0028, 0x0a02);

/// Modalities whose Pixel Spacing is the true one: nothing is projected.
constexpr std::array<std::string_view, 4> cross_sections = {"CT", "MR", "NM", "PT"};
/// Modalities whose files never make a volume, whatever their headers say.
constexpr std::array<std::string_view, 13> projections = {"CR", "DX", "ES", "IO", "MG", "OP", "PX",
                                                          "RF", "RG", "SM", "US", "XA", "XC"};
/// Relative difference up to which two pixel sizes are the same: they are decimal strings that programs round.
constexpr double same_size = 1e-3;
/// Above this an Estimated Radiographic Magnification Factor is a mistake, such as a percentage.
constexpr double most_magnification = 20.0;

using Size = std::array<double, 2>;

template <std::size_t count>
bool is_one_of(const std::string& text, const std::array<std::string_view, count>& known) {
    return std::find(known.begin(), known.end(), text) != known.end();
}

/// The values of some tags as text.
class Tags {
public:
    explicit Tags(const gdcm::File& file) { filter_.SetFile(file); }

    [[nodiscard]] std::string text(const gdcm::Tag& tag) const {
        std::string value = filter_.ToString(tag);
        value.erase(std::find(value.begin(), value.end(), '\0'), value.end());
        const std::size_t end = value.find_last_not_of(' ');
        value.erase(end == std::string::npos ? 0 : end + 1);
        return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
    /// The numbers of a tag if there are `count` of them, and nothing else.
    [[nodiscard]] std::optional<std::vector<double>> numbers(const gdcm::Tag& tag, std::size_t count) const {
        std::istringstream stream(text(tag));
        std::vector<double> found;
        for (std::string part; std::getline(stream, part, '\\');) {
            std::istringstream words(part);
            std::string word, more;
            const auto number = words >> word ? finite_number(word) : std::nullopt;
            if (!number || words >> more) return std::nullopt;
            found.push_back(*number);
        }
        return found.size() == count ? std::optional(found) : std::nullopt;
    }
    [[nodiscard]] std::int64_t whole(const gdcm::Tag& tag, std::int64_t otherwise) const {
        const auto found = numbers(tag, 1);
        return found && std::abs((*found)[0]) < 1e9 ? static_cast<std::int64_t>((*found)[0]) : otherwise;
    }
    /// A pixel size (y, x) if the tag holds two positive numbers.
    [[nodiscard]] std::optional<Size> size(const gdcm::Tag& tag, const char* keyword,
                                           std::vector<std::string>& warnings) const {
        if (text(tag).empty()) return std::nullopt;
        const auto found = numbers(tag, 2);
        if (found && (*found)[0] > 0 && (*found)[1] > 0) return Size{(*found)[0], (*found)[1]};
        warnings.push_back(std::string("The file's ") + keyword + " holds no usable pixel size and was ignored.");
        return std::nullopt;
    }

private:
    gdcm::StringFilter filter_;
};

bool is_same(const Size& one, const Size& other) {
    return std::abs(one[0] - other[0]) <= same_size * other[0] && std::abs(one[1] - other[1]) <= same_size * other[1];
}

/// Take the detector's pixel size, corrected for the magnification where the file estimates one.
void take_detector(const Tags& tags, const Size& imager, Slice& slice) {
    const auto stated = tags.numbers(magnification, 1);
    const double factor = stated ? (*stated)[0] : 1.0;
    if (factor > 1.0 && factor < most_magnification) {
        slice.spacing_mm = Size{imager[0] / factor, imager[1] / factor};
        slice.spacing_source = "DICOM Imager Pixel Spacing, corrected for magnification";
        return;
    }
    slice.spacing_mm = imager;
    slice.spacing_source = "DICOM Imager Pixel Spacing, at the detector";
    slice.warnings.emplace_back(
        "The pixel size is that of the detector: the projection enlarges the patient, so true distances are shorter.");
}

/// Take the pixel size in the patient, as DICOM PS3.3 10.7.1.1 ranks what a file may state: a Pixel Spacing that
/// differs from the detector's and the film scanner's has been corrected or calibrated.
void take_spacing(const Tags& tags, Slice& slice) {
    const auto pixel = tags.size(pixel_spacing, "PixelSpacing", slice.warnings);
    const auto imager = tags.size(imager_spacing, "ImagerPixelSpacing", slice.warnings);
    const auto nominal = tags.size(nominal_spacing, "NominalScannedPixelSpacing", slice.warnings);
    const bool is_uncorrected =
        pixel && ((imager && is_same(*pixel, *imager)) || (nominal && is_same(*pixel, *nominal)));
    const bool is_section = is_one_of(slice.modality, cross_sections), is_calibrated = !tags.text(calibration).empty();
    if (pixel && (is_section || is_calibrated || !is_uncorrected)) {
        slice.spacing_mm = pixel;
        slice.spacing_source = "DICOM Pixel Spacing";
        if (!is_section)
            slice.spacing_source += is_calibrated || imager || nominal ? ", calibrated or corrected for magnification"
                                                                       : ", calibration not stated";
    } else if (imager) {
        take_detector(tags, *imager, slice);
    } else if (nominal) {
        slice.spacing_mm = nominal;
        slice.spacing_source = "DICOM Nominal Scanned Pixel Spacing, on the film";
        slice.warnings.emplace_back(
            "The pixel size is the nominal one of the film scanner; it does not know how the film was exposed.");
    }
}

double dot(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

void place(const Tags& tags, Slice& slice) {
    const auto origin = tags.numbers(position, 3);
    const auto directions = tags.numbers(orientation, 6);
    if (!directions) return;
    Vector right{}, down{};
    std::copy_n(directions->begin(), 3, right.begin());
    std::copy_n(directions->begin() + 3, 3, down.begin());
    const bool are_units = std::abs(dot(right, right) - 1) <= 1e-3 && std::abs(dot(down, down) - 1) <= 1e-3;
    if (!are_units || std::abs(dot(right, down)) > 1e-3) {
        slice.warnings.emplace_back(
            "The slice's orientation in the file makes no sense, so its place in the patient is unknown.");
        return;
    }
    for (std::size_t row = 0; row < 3; ++row) {
        slice.right[row] = right[row] / std::sqrt(dot(right, right));
        slice.down[row] = down[row] / std::sqrt(dot(down, down));
    }
    slice.is_placed = origin.has_value();
    if (origin) std::copy_n(origin->begin(), 3, slice.origin_mm.begin());
}

}  // namespace

Vector Slice::normal() const {
    Vector found = {right[1] * down[2] - right[2] * down[1], right[2] * down[0] - right[0] * down[2],
                    right[0] * down[1] - right[1] * down[0]};
    const double length = std::sqrt(dot(found, found));
    for (double& part : found) part /= length;
    return found;
}

bool is_dicom(const std::filesystem::path& path) {
    std::array<char, 132> head{};
    std::ifstream stream(path, std::ios::binary);
    return stream.read(head.data(), head.size()) && std::string_view(head.data() + 128, 4) == "DICM";
}

std::optional<Slice> read_slice(const std::filesystem::path& path) {
    gdcm::Trace::SetDebug(false);  // GDCM quotes values in what it prints, and they may be a patient's
    gdcm::Trace::SetWarning(false);
    gdcm::Trace::SetError(false);
    Slice slice;
    slice.path = path;
    slice.name = utf8_text(path.filename());
    const Error damaged("The DICOM header of " + slice.name + " is damaged.",
                        "Export the image again from the archive.");
    const std::set<gdcm::Tag> wanted = {
        sop_class, modality,    patient_name, patient_id,  magnification, imager_spacing, nominal_spacing, series_uid,
        position,  orientation, sample_count, frame_count, row_count,     column_count,   pixel_spacing,   calibration};
    gdcm::Reader reader;
    reader.SetFileName(path.string().c_str());
    try {
        if (!reader.ReadSelectedTags(wanted)) throw damaged;
    } catch (const Error&) {
        throw;
    } catch (const std::exception&) {
        throw damaged;
    }
    const Tags tags(reader.GetFile());
    slice.rows = tags.whole(row_count, 0);
    slice.columns = tags.whole(column_count, 0);
    if (slice.rows < 1 || slice.columns < 1) {
        if (!tags.text(sop_class).empty() || slice.name.starts_with("DICOMDIR")) return std::nullopt;
        throw damaged;
    }
    slice.frames = tags.whole(frame_count, 1);
    slice.samples = tags.whole(sample_count, 1);
    slice.series = tags.text(patient_name) + '\n' + tags.text(patient_id) + '\n' + tags.text(series_uid);
    const std::string kind = tags.text(modality);
    const bool is_code = kind.size() >= 2 && kind.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
    slice.modality = is_code ? kind : "";
    place(tags, slice);
    take_spacing(tags, slice);
    slice.is_stackable = slice.is_placed && !is_one_of(slice.modality, projections);
    return slice;
}

}  // namespace cairn
