// What a model file says about itself: the schema of its metadata and the checks (core/models/metadata.py). No torch
// here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "error.hpp"
#include "number_text.hpp"

namespace cairn {

using Json = nlohmann::json;

inline constexpr int schema_version = 3;
inline constexpr const char* metadata_name = "cairn.json";
/// How many times coarser than its training images a model's images may be before it is doubted.
inline constexpr double coarser_at_most = 4.0;
/// What metadata may be at most: a model of a thousand landmarks needs 300 kB and five levels.
inline constexpr std::size_t longest_metadata = std::size_t{16} << 20;
inline constexpr int deepest_metadata = 64;

/// Geometry of one stage.
struct StageInfo {
    double spacing_mm = 0.0;
    std::int64_t stride = 0;
    double offset = 0.0;
    /// Side of the local crop in samples; none for the global stage.
    std::optional<std::int64_t> crop;
    std::int64_t passes = 1;
    bool pose = false;
};

/// Radial errors of one landmark on the validation cases, mm.
struct LandmarkError {
    std::string name;
    double median_mm = 0.0;
    double mean_mm = 0.0;
};

/// The metadata of a model.
struct ModelInfo {
    std::string name;
    std::string version;
    std::int64_t ndim = 0;
    std::string modality;
    std::vector<std::string> landmarks;
    std::vector<std::string> abbreviations;
    double training_spacing_mm = 0.0;
    std::vector<StageInfo> stages;
    std::string normalisation;
    double presence_threshold = 0.0;
    std::string training_data;
    std::vector<LandmarkError> validation_errors;
    std::vector<double> calibration_mm;
    std::string licence;
    std::string intended_use;
    std::string config_sha256;

    /// Name and version, as shown to a person and written into files.
    [[nodiscard]] std::string title() const { return name + " " + version; }

    /// Say in one sentence why an image of this size can hold nothing for the model; empty where it can.
    [[nodiscard]] std::string too_small(const std::vector<std::int64_t>& shape,
                                        const std::vector<double>& spacing_mm) const {
        const double patch_mm = static_cast<double>(stages[0].stride) * stages[0].spacing_mm;
        bool is_too_small = false;
        std::string size_px, size_mm;
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            const double extent_mm = static_cast<double>(shape[axis]) * spacing_mm[axis];
            is_too_small = is_too_small || extent_mm < patch_mm;
            const std::string between = axis > 0 ? " × " : "";
            size_px += std::to_string(shape[axis]) + between;
            size_mm += general_text(extent_mm, 3) + between;
        }
        if (!is_too_small) return "";
        return "The image is too small for " + title() + ": " + size_px + " px are " + size_mm +
               " mm, and a single patch of this model is " + general_text(patch_mm, 3) + " mm wide.";
    }

    /// Say in one sentence why images of this spacing can hardly be what the model knows; empty where they can.
    [[nodiscard]] std::string doubt_about(const std::vector<double>& spacing_mm) const {
        const double coarsest = *std::max_element(spacing_mm.begin(), spacing_mm.end());
        if (coarsest <= coarser_at_most * training_spacing_mm) return "";
        return "The samples of this image are up to " + general_text(coarsest, 3) + " mm apart. " + title() +
               " was trained on " + modality + " at " + general_text(training_spacing_mm, 3) +
               " mm and is unlikely to find its landmarks here.";
    }
};

/// Takes one JSON object apart and complains, with the place in the metadata, about what does not fit the schema.
class MetadataReader {
public:
    /// What is wrong, in one phrase.
    struct Complaint {
        std::string text;
    };

    MetadataReader(const Json& json, std::string where, std::initializer_list<std::string_view> keys)
        : json_(json), where_(std::move(where)) {
        if (!json.is_object()) throw Complaint{(where_.empty() ? "it" : where_) + " is not an object"};
        for (const auto& [name, value] : json.items()) {
            if (std::find(keys.begin(), keys.end(), name) == keys.end())
                throw Complaint{"there is no key " + path_of(name)};
        }
    }

    [[nodiscard]] bool has(std::string_view key) const { return json_.contains(key); }

    [[nodiscard]] std::string text(std::string_view key) const { return text_of(required(key), path_of(key)); }
    [[nodiscard]] std::string text_or_empty(std::string_view key) const { return has(key) ? text(key) : ""; }

    [[nodiscard]] double number(std::string_view key) const { return number_of(required(key), path_of(key)); }
    [[nodiscard]] double positive(std::string_view key) const {
        const double value = number(key);
        if (!(value > 0)) throw Complaint{path_of(key) + ": it must be greater than 0"};
        return value;
    }
    [[nodiscard]] std::int64_t positive_count(std::string_view key) const {
        const double value = positive(key);
        if (value != std::floor(value) || value > 1e9) throw Complaint{path_of(key) + ": it must be a whole number"};
        return static_cast<std::int64_t>(value);
    }
    [[nodiscard]] bool is_null(std::string_view key) const { return !has(key) || required(key).is_null(); }
    [[nodiscard]] bool truth(std::string_view key) const {
        const Json& value = required(key);
        if (!value.is_boolean()) throw Complaint{path_of(key) + ": it must be true or false"};
        return value.get<bool>();
    }

    /// Read each item of a list, an absent one being empty; `read` is given the item and its place.
    template <typename Read>
    [[nodiscard]] auto list(std::string_view key, Read read) const {
        std::vector<decltype(read(json_, std::string()))> found;
        if (!has(key)) return found;
        const Json& items = required(key);
        if (!items.is_array()) throw Complaint{path_of(key) + ": it must be a list"};
        for (const Json& item : items) found.push_back(read(item, path_of(key) + "." + std::to_string(found.size())));
        return found;
    }
    /// The same, with at least one item.
    template <typename Read>
    [[nodiscard]] auto filled_list(std::string_view key, Read read) const {
        required(key);
        auto found = list(key, read);
        if (found.empty()) throw Complaint{path_of(key) + ": it must not be empty"};
        return found;
    }

    static std::string text_of(const Json& json, const std::string& where) {
        if (!json.is_string()) throw Complaint{where + ": it must be a text"};
        return json.get<std::string>();
    }
    static double number_of(const Json& json, const std::string& where) {
        if (!json.is_number()) throw Complaint{where + ": it must be a number"};
        return json.get<double>();
    }

private:
    [[nodiscard]] std::string path_of(std::string_view key) const {
        return where_ + (where_.empty() ? "" : ".") + std::string(key);
    }
    const Json& required(std::string_view key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) throw Complaint{"the key " + path_of(key) + " is missing"};
        return *found;
    }

    const Json& json_;
    std::string where_;
};

namespace metadata {

inline StageInfo stage(const Json& json, const std::string& where) {
    const MetadataReader reader(json, where, {"spacing_mm", "stride", "offset", "crop", "passes", "pose"});
    StageInfo found;
    found.spacing_mm = reader.positive("spacing_mm");
    found.stride = reader.positive_count("stride");
    found.offset = reader.number("offset");
    if (!reader.is_null("crop")) found.crop = reader.positive_count("crop");
    if (reader.has("passes")) found.passes = reader.positive_count("passes");
    if (reader.has("pose")) found.pose = reader.truth("pose");
    return found;
}

inline LandmarkError landmark_error(const Json& json, const std::string& where) {
    const MetadataReader reader(json, where, {"name", "median_mm", "mean_mm"});
    return {reader.text("name"), reader.number("median_mm"), reader.number("mean_mm")};
}

inline void require_consistent(const ModelInfo& info) {
    using Complaint = MetadataReader::Complaint;
    const std::size_t count = info.landmarks.size();
    if (info.ndim != 2 && info.ndim != 3) throw Complaint{"ndim: it must be 2 or 3"};
    constexpr std::array known = {"equalize", "window", "zscore", "foreground", "none"};
    if (std::find(known.begin(), known.end(), info.normalisation) == known.end())
        throw Complaint{"normalisation: it is none that this program knows"};
    if (!(info.presence_threshold >= 0 && info.presence_threshold <= 1))
        throw Complaint{"presence_threshold: it must be between 0 and 1"};
    if (std::set<std::string>(info.landmarks.begin(), info.landmarks.end()).size() != count)
        throw Complaint{"landmark names must be unique"};
    const auto require_count = [count](std::size_t found, const char* what) {
        if (found != 0 && found != count)
            throw Complaint{std::to_string(count) + " landmarks have " + std::to_string(count) + " " + what + ", not " +
                            std::to_string(found)};
    };
    require_count(info.abbreviations.size(), "abbreviations");
    require_count(info.calibration_mm.size(), "calibrated radii");
    const bool first_is_global = !info.stages.front().crop;
    const auto is_local = [](const StageInfo& stage) { return stage.crop.has_value(); };
    if (!first_is_global || !std::all_of(info.stages.begin() + 1, info.stages.end(), is_local))
        throw Complaint{"the first stage is global (no crop), all others are local (with a crop)"};
}

inline ModelInfo model_info(const Json& json) {
    const MetadataReader reader(
        json, "",
        {"schema_version", "name", "version", "ndim", "modality", "landmarks", "abbreviations", "training_spacing_mm",
         "stages", "normalisation", "presence_threshold", "training_data", "validation_errors", "calibration_mm",
         "licence", "intended_use", "config_sha256"});
    ModelInfo info;
    info.name = reader.text("name");
    info.version = reader.text("version");
    info.ndim = reader.positive_count("ndim");
    info.modality = reader.text("modality");
    info.landmarks = reader.filled_list("landmarks", MetadataReader::text_of);
    info.abbreviations = reader.list("abbreviations", MetadataReader::text_of);
    info.training_spacing_mm = reader.positive("training_spacing_mm");
    info.stages = reader.filled_list("stages", stage);
    info.normalisation = reader.text("normalisation");
    if (reader.has("presence_threshold")) info.presence_threshold = reader.number("presence_threshold");
    info.training_data = reader.text_or_empty("training_data");
    info.validation_errors = reader.list("validation_errors", landmark_error);
    info.calibration_mm = reader.list("calibration_mm", MetadataReader::number_of);
    info.licence = reader.text_or_empty("licence");
    info.intended_use = reader.text_or_empty("intended_use");
    info.config_sha256 = reader.text_or_empty("config_sha256");
    require_consistent(info);
    return info;
}

/// Return the value that a text in UTF-8 stands for; throws Complaint where it is not JSON, too long or nested too
/// deeply.
inline Json read_json(std::string_view text) {
    using Complaint = MetadataReader::Complaint;
    if (text.size() > longest_metadata) throw Complaint{"it is too long"};
    const auto allow = [](int depth, Json::parse_event_t, const Json&) {
        if (depth > deepest_metadata) throw Complaint{"it is nested too deeply"};
        return true;
    };
    try {
        return Json::parse(text, allow);
    } catch (const Json::exception&) {  // what it says quotes the text, and that is foreign
        throw Complaint{"it is not JSON"};
    }
}

/// What the metadata calls its version, for a message.
inline std::string version_text(const Json& json) {
    const Json version = json.is_object() ? json.value("schema_version", Json()) : Json();
    if (version.is_number()) return general_text(version.get<double>(), 17);
    return version.is_string() ? version.get<std::string>() : "None";
}

}  // namespace metadata

/// Check the metadata of the model file `file_name`; throws Error where it is missing, damaged or of another version.
inline ModelInfo parse_model_info(std::string_view text, const std::string& file_name) {
    Json json;
    try {
        json = metadata::read_json(text);
    } catch (const MetadataReader::Complaint&) {
        throw Error("The model file " + file_name + " holds no readable Cairn metadata.",
                    "Choose a .pt file exported by cairn-train.");
    }
    if (!json.is_object() || json.value("schema_version", Json()) != Json(schema_version)) {
        throw Error("The model file " + file_name + " has metadata of version " + metadata::version_text(json) +
                        ", but this program reads version " + std::to_string(schema_version) + ".",
                    "Export the model again with a matching version of cairn-train, or update Cairn.");
    }
    try {
        return metadata::model_info(json);
    } catch (const MetadataReader::Complaint& complaint) {
        throw Error("The metadata of the model file " + file_name + " is wrong (" + complaint.text + ").",
                    "Export the model again with cairn-train.");
    }
}

}  // namespace cairn
