// The text at the top of NRRD and MetaImage files, and what its values mean.
#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "../cairn/paths.hpp"
#include "image_file.hpp"

namespace cairn {

namespace {

constexpr std::size_t longest_header = std::size_t{1} << 20;
constexpr double largest_size = 1e9;

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_key(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == ' ' || c == '[' || c == ']';
    });
}

/// What MetaImage and NRRD files call their units, and how long those are.
struct Unit {
    std::string_view name;
    double mm;
};
constexpr std::array<Unit, 17> units_of_length = {{{"nm", 1e-6},
                                                   {"um", 1e-3},
                                                   {"micron", 1e-3},
                                                   {"microns", 1e-3},
                                                   {"micrometer", 1e-3},
                                                   {"micrometers", 1e-3},
                                                   {"mm", 1.0},
                                                   {"millimeter", 1.0},
                                                   {"millimeters", 1.0},
                                                   {"cm", 10.0},
                                                   {"centimeter", 10.0},
                                                   {"centimeters", 10.0},
                                                   {"m", 1e3},
                                                   {"meter", 1e3},
                                                   {"meters", 1e3},
                                                   {"in", 25.4},
                                                   {"inch", 25.4}}};

std::string joined(const std::set<std::string>& words, const std::string& between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

}  // namespace

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string TextHeader::of(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys) {
        if (const auto found = fields.find(std::string(key)); found != fields.end() && !found->second.empty())
            return found->second;
    }
    return "";
}

TextHeader read_text_header(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string text(longest_header, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    TextHeader header;
    bool is_whole = text.size() < longest_header;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = trimmed(text.substr(at, end - at));
        at = end + 1;
        header.end = std::min(at, text.size());
        if (line.empty()) {
            is_whole = true;
            break;
        }
        const std::size_t mark = line.find_first_of(":=");
        if (mark == std::string::npos || line.compare(mark, 2, ":=") == 0) continue;
        const std::string key = lower(trimmed(line.substr(0, mark)));
        if (is_key(key)) header.fields[key] = trimmed(line.substr(mark + 1));
        if (key == "elementdatafile") {
            is_whole = true;
            break;
        }
    }
    if (!is_whole) throw damaged_header(utf8_text(path.filename()));
    return header;
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

std::vector<double> numbers_of(const std::string& text) {
    std::vector<double> numbers;
    for (const std::string& word : words_of(text)) {
        const auto number = finite_number(word);
        if (!number) return {};
        numbers.push_back(*number);
    }
    return numbers;
}

std::vector<std::int64_t> shape_of(const std::string& text, std::size_t count, const std::string& name) {
    std::vector<std::int64_t> shape;
    for (const std::string& word : words_of(text)) {
        const auto size = finite_number(word);
        const bool is_whole = word.find_first_not_of("0123456789") == std::string::npos;
        if (!is_whole || !size || *size < 1 || *size > largest_size) throw damaged_header(name);
        shape.push_back(static_cast<std::int64_t>(*size));
    }
    if (shape.size() != count) throw damaged_header(name);
    std::reverse(shape.begin(), shape.end());
    return shape;
}

std::vector<double> spacing_of(const std::string& text, std::size_t count, const std::string& name) {
    const std::vector<std::string> words = words_of(text);
    if (words.empty()) return {};
    std::vector<double> spacing;
    for (const std::string& word : words) {
        const auto size = finite_number(word);
        if (!size && lower(word) != "nan") throw spacing_error(name);
        if (size) spacing.push_back(*size);
    }
    if (words.size() < count || std::any_of(spacing.begin(), spacing.end(), [](double size) { return size <= 0; }))
        throw spacing_error(name, spacing);
    if (spacing.size() < count) return {};
    spacing.resize(count);
    return spacing;
}

double mm_per_unit(const std::vector<std::string>& units, std::vector<std::string>& warnings) {
    std::set<std::string> named, lengths;
    std::set<double> factors;
    for (const std::string& stated : units) {
        std::string unit = lower(trimmed(stated));
        const bool is_ascii = std::all_of(unit.begin(), unit.end(), [](unsigned char c) { return c < 0x80; });
        if (!is_ascii && unit.back() == 'm') unit = "um";  // a micro sign comes in several encodings
        if (unit.empty() || unit == "?" || unit == "???") continue;
        named.insert(unit);
        const auto known = std::find_if(units_of_length.begin(), units_of_length.end(),
                                        [&unit](const Unit& length) { return length.name == unit; });
        if (known == units_of_length.end()) continue;
        lengths.insert(unit);
        factors.insert(known->mm);
    }
    if (factors.size() == 1) {
        if (*factors.begin() != 1.0)
            warnings.push_back("The file measures in " + joined(lengths, " or ") +
                               "; its numbers were converted to mm.");
        return *factors.begin();
    }
    if (!named.empty())
        warnings.push_back("The file measures in " + joined(named, ", ") + "; its numbers were taken as mm.");
    return 1.0;
}

std::filesystem::path data_file_beside(const std::filesystem::path& path, const std::string& name) {
    const std::string refused = utf8_text(path.filename());
    if (lower(name).rfind("list", 0) == 0 || name.find('%') != std::string::npos)
        throw Error(refused + " spreads its voxels over several files, which cairn-run does not read.",
                    "Save it as a single file.");
    const std::filesystem::path data_path = path.parent_path() / path_of(name);
    std::error_code problem;
    if (!std::filesystem::is_regular_file(data_path, problem))
        throw Error(refused + " is only a header; its voxels should be in " + utf8_text(data_path.filename()) +
                        ", which is not there.",
                    "Put " + utf8_text(data_path.filename()) + " into the same folder.");
    return data_path;
}

}  // namespace cairn
