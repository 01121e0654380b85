#include "landmark_csv.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "../cairn/number_text.hpp"

namespace cairn {

namespace {

/// Tell whether a code point is what Python's str.split takes for white space.
bool is_space(std::uint32_t code) {
    return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

/// A comment line: white space of any kind becomes single blanks, so that a file's name cannot break the line.
std::string comment_line(const std::string& text) {
    std::string line = "#";
    bool between = true;
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at]);
        const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        std::uint32_t code = first < 0x80 ? first : first & (0x7FU >> length);
        for (std::size_t next = at + 1; next < at + length && next < text.size(); ++next)
            code = code << 6 | (static_cast<unsigned char>(text[next]) & 0x3FU);
        if (is_space(code)) {
            between = true;
        } else {
            if (between) line += ' ';
            between = false;
            line += text.substr(at, length);
        }
        at += length;
    }
    return line + "\r\n";
}

/// A cell, in quotation marks where it needs them.
std::string cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
    return quoted + "\"";
}

/// Three cells, each after a comma: exact numbers, or rounded ones, and empty where there is none.
std::string cells(const std::vector<double>& point, bool is_rounded) {
    std::string text;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        text += ',';
        if (axis >= point.size()) continue;
        text += shortest_text(is_rounded ? std::nearbyint(point[axis] * 1e6) / 1e6 : point[axis]);
    }
    return text;
}

}  // namespace

std::string format_csv(const Prediction& prediction, const ImageLabel& image) {
    const bool is_flat = image.grid.ndim() == 2;
    std::string text = comment_line("Cairn landmarks, file version 1");
    text += comment_line(
        "frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column" +
        std::string(is_flat ? ", y = row" : ", y = row, z = slice"));
    text += comment_line("image: " + image.name + " (sha256 " + image.sha256 + ")");
    const std::string known = image.spacing_known ? "pixel size " + image.grid.spacing_text(" x ") + " mm"
                                                  : "pixel size unknown, so the mm columns are empty";
    text += comment_line("size: " + image.grid.size_text(" x ") + " px, " + known);
    text += comment_line("model: " + prediction.model);
    text += "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,radius_mm,status\r\n";
    for (const Landmark& landmark : prediction.landmarks) {
        text += cell(landmark.name) + cells(image.spacing_known ? landmark.point_mm : std::vector<double>(), false);
        text += cells(landmark.point_px, image.spacing_known);
        text += ',' + (std::isnan(landmark.presence) ? "" : fixed_text(landmark.presence, 4));
        for (const float length_mm : {landmark.spread_mm, landmark.radius_mm})
            text += ',' + (std::isfinite(length_mm) && image.spacing_known ? fixed_text(length_mm, 3) : "");
        text += ',' + landmark.status() + "\r\n";
    }
    return text;
}

}  // namespace cairn
