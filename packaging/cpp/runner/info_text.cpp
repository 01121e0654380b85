#include "info_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "../cairn/number_text.hpp"

namespace cairn {

namespace {

/// How many columns a text in UTF-8 takes, one for each code point.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool to_the_right = false) {
    const std::string blanks(width > width_of(text) ? width - width_of(text) : 0, ' ');
    return to_the_right ? blanks + text : text + blanks;
}

std::string stage_text(const StageInfo& stage) {
    std::string text = stage.crop ? "crops of " + std::to_string(*stage.crop) + " samples" : "whole image";
    text += " at " + general_text(stage.spacing_mm) + " mm, cells of " + std::to_string(stage.stride) + " samples";
    if (stage.passes > 1) text += ", " + std::to_string(stage.passes) + " passes";
    if (stage.pose) text += stage.crop ? ", in the mean pose" : ", in every orientation";
    return text;
}

std::string landmark_table(const ModelInfo& info) {
    std::vector<std::array<std::string, 5>> rows = {
        {"landmark", "short", "median error", "mean error", "radius (90 %)"}};
    for (std::size_t i = 0; i < info.landmarks.size(); ++i) {
        const std::string& name = info.landmarks[i];
        const auto is_of = [&name](const LandmarkError& error) { return error.name == name; };
        const auto error = std::find_if(info.validation_errors.begin(), info.validation_errors.end(), is_of);
        const bool has_error = error != info.validation_errors.end();
        rows.push_back({name, info.abbreviations.empty() ? "" : info.abbreviations[i],
                        has_error ? fixed_text(error->median_mm, 2) : "",
                        has_error ? fixed_text(error->mean_mm, 2) : "",
                        info.calibration_mm.empty() ? "" : fixed_text(info.calibration_mm[i], 2)});
    }
    const std::size_t columns = info.calibration_mm.empty() ? 4 : 5;
    std::array<std::size_t, 5> widths{};
    for (const auto& row : rows) {
        for (std::size_t column = 0; column < columns; ++column)
            widths[column] = std::max(widths[column], width_of(row[column]));
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t column = 0; column < columns; ++column)
            line += padded(row[column], widths[column], column > 1) + "  ";
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace

std::string info_text(const ModelInfo& info) {
    std::vector<std::pair<std::string, std::string>> rows = {
        {"images", info.modality + ", " + std::to_string(info.ndim) + "D"},
        {"pixel size in training", general_text(info.training_spacing_mm) + " mm"},
        {"intensities", info.normalisation},
    };
    for (std::size_t i = 0; i < info.stages.size(); ++i)
        rows.emplace_back("stage " + std::to_string(i + 1), stage_text(info.stages[i]));
    rows.emplace_back("absent below presence",
                      info.presence_threshold > 0 ? general_text(info.presence_threshold) : "");
    rows.emplace_back("certainty", info.calibration_mm.empty()
                                       ? "not calibrated: spread of the votes only, no radius"
                                       : "calibrated: a radius that holds the true position in 90 % of cases");
    rows.emplace_back("training data", info.training_data);
    rows.emplace_back("intended use", info.intended_use);
    rows.emplace_back("licence", info.licence);
    rows.emplace_back("training configuration", info.config_sha256.empty() ? "" : "sha256 " + info.config_sha256);
    std::size_t width = 0;
    for (const auto& [name, value] : rows) width = std::max(width, width_of(name));
    std::string text = info.title() + "\n";
    for (const auto& [name, value] : rows) {
        if (!value.empty()) text += padded(name, width) + "  " + value + "\n";
    }
    return text + "\n" + std::to_string(info.landmarks.size()) + " landmarks, lengths in mm\n" + landmark_table(info);
}

}  // namespace cairn
