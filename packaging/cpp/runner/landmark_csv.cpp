#include "landmark_csv.hpp"

#include <algorithm>
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

constexpr int kPxDecimals = 2;

/// The decimals of a length in mm: three, or more where 0.01 px is less than 0.001 mm.
int mm_decimals(const Grid& grid) {
    const std::vector<double> spacing = grid.spacing_mm();
    const double finest = *std::min_element(spacing.begin(), spacing.end());
    return std::max(3, static_cast<int>(std::ceil(-std::log10(0.01 * finest) - 1e-9)));
}

/// A cell after a comma: a number with its decimals and no minus before a zero, empty where there is none.
std::string number_cell(double value, int decimals) {
    if (!std::isfinite(value)) return ",";
    const std::string text = fixed_text(value, decimals);
    const bool is_zero = text.find_first_of("123456789") == std::string::npos;
    return ',' + (is_zero && text[0] == '-' ? text.substr(1) : text);
}

/// Three cells, empty ones where there is no position or no such axis.
std::string place_cells(const std::vector<double>& point, int decimals) {
    std::string text;
    for (std::size_t axis = 0; axis < 3; ++axis) text += axis < point.size() ? number_cell(point[axis], decimals) : ",";
    return text;
}

/// Two cells: spread and radius.
std::string length_cells(const Landmark& landmark, int decimals) {
    return number_cell(landmark.spread_mm, decimals) + number_cell(landmark.radius_mm, decimals);
}

}  // namespace

std::string format_csv(const Prediction& prediction, const ImageLabel& image) {
    const bool is_flat = image.grid.ndim() == 2;
    std::string text = comment_line("Cairn landmarks, file version 1");
    text += comment_line(
        "frame: LPS millimetres; px are array indices counted from the centre of the first pixel, x = column" +
        std::string(is_flat ? ", y = row" : ", y = row, z = slice"));
    text += comment_line("image: " + image.name + " (sha256 " + image.sha256 + ")");
    const std::string known =
        image.spacing_known ? "pixel size " + image.grid.spacing_text(" x ") + " mm (" + image.spacing_source + ")"
                            : "pixel size unknown, so the mm columns are empty";
    text += comment_line("size: " + image.grid.size_text(" x ") + " px, " + known);
    text += comment_line("model: " + prediction.model);
    text += "name,x_mm,y_mm,z_mm,x_px,y_px,z_px,presence,spread_mm,radius_mm,spread_px,radius_px,status,author\r\n";
    const int decimals = mm_decimals(image.grid);
    for (const Landmark& landmark : prediction.landmarks) {
        text += cell(landmark.name);
        text += place_cells(image.spacing_known ? landmark.point_mm : std::vector<double>(), decimals);
        text += place_cells(landmark.point_px, kPxDecimals);
        text += number_cell(landmark.presence, 4);
        text +=
            image.spacing_known ? length_cells(landmark, decimals) + ",," : ",," + length_cells(landmark, kPxDecimals);
        text += ',' + landmark.status() + ",model\r\n";
    }
    return text;
}

}  // namespace cairn
