// Tries what needs no torch, readers, JSON, tables and numbers, so that it can be run with sanitizers in a moment.
//
//   check_readers describe IMAGE VOXELS   print what was read, in text, and write the voxels
//   check_readers torture FOLDER FILE...  read each file cut short and with wrong bytes, by way of copies in FOLDER
//   check_readers table IMAGE NAME...     print the table of landmarks of these names, the last one absent
//   check_readers numbers                 print each number of stdin as the table does, exact and with three decimals
//
// A file may be refused with cairn::Error; anything else that happens is a mistake, and the program ends with 1.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "../cairn/model_info.hpp"
#include "../cairn/paths.hpp"
#include "../runner/image_file.hpp"
#include "../runner/landmark_csv.hpp"

namespace {

namespace fs = std::filesystem;

std::string bytes_in(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_bytes(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

void describe(const fs::path& path, const fs::path& voxels_path) {
    const cairn::ImageFile image = cairn::read_image(path);
    std::cout.precision(17);
    std::cout << "shape";
    for (const auto length : image.grid.shape) std::cout << ' ' << length;
    std::cout << "\nmatrix";
    for (std::size_t row = 0; row < image.grid.ndim(); ++row) {
        for (std::size_t axis = 0; axis < image.grid.ndim(); ++axis)
            std::cout << ' ' << image.grid.mm_from_index.matrix[row][axis];
        std::cout << ' ' << image.grid.mm_from_index.offset[row];
    }
    constexpr const char* names[] = {"uint8", "int8",   "uint16", "int16",   "uint32",
                                     "int32", "uint64", "int64",  "float32", "float64"};
    std::cout << "\ndtype " << names[static_cast<std::size_t>(image.number)] << "\nspacing_known "
              << image.spacing_known << "\nsha256 " << image.sha256 << "\n";
    for (const std::string& warning : image.warnings) std::cout << "warning " << warning << "\n";
    std::ofstream(voxels_path, std::ios::binary)
        .write(reinterpret_cast<const char*>(image.voxels.data()), static_cast<std::streamsize>(image.voxels.size()));
}

/// Read a file, whatever it is; return whether it was refused.
bool is_refused(const fs::path& path) {
    try {
        if (path.extension() == ".json")
            cairn::parse_model_info(bytes_in(path), cairn::utf8_text(path.filename()));
        else
            cairn::read_image(path);
        return false;
    } catch (const cairn::Error& error) {
        if (error.message().empty()) throw std::logic_error("an error without a sentence");
        return true;
    }
}

/// Change some bytes: most often in the header, often into digits, which make sizes out of sizes.
std::string spoilt(std::string bytes, std::mt19937& random) {
    const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
    const std::size_t reach = below(4) == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 400);
    for (std::size_t change = 1 + below(4); change > 0; --change) {
        const std::size_t at = below(reach);
        switch (below(4)) {
            case 0: bytes[at] = static_cast<char>(below(256)); break;
            case 1: bytes[at] = static_cast<char>('0' + below(10)); break;
            case 2: bytes.insert(at, std::string(1 + below(20), static_cast<char>('0' + below(10)))); break;
            default: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
        }
    }
    return bytes;
}

void torture(const fs::path& folder, const fs::path& path) {
    const std::string whole = bytes_in(path);
    const fs::path copy = folder / ("spoilt" + path.extension().string());
    std::size_t refused = 0, tried = 0;
    const auto attempt = [&](const std::string& bytes) {
        write_bytes(copy, bytes);
        ++tried;
        if (is_refused(copy)) ++refused;
    };
    if (is_refused(path)) throw std::logic_error(cairn::utf8_text(path) + " should be readable as it is");
    const std::size_t step = std::max<std::size_t>(1, whole.size() / 80);
    for (std::size_t length = 0; length < whole.size(); length += step) attempt(whole.substr(0, length));
    if (refused != tried) throw std::logic_error(cairn::utf8_text(path) + " was read although its end is missing");
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) attempt(spoilt(whole, random));
    fs::remove(copy);
    std::cout << cairn::utf8_text(path.filename()) << ": " << refused << " of " << tried << " refused\n";
}

void print_table(const std::string& image_name, const std::vector<std::string>& names) {
    const cairn::Grid grid = cairn::Grid::from_spacing({20, 30, 40}, {0.1, 0.25, 1.0 / 3.0});
    cairn::Prediction prediction;
    prediction.model = "a \t model";
    for (const std::string& name : names) {
        const auto number = static_cast<double>(prediction.landmarks.size());
        cairn::Landmark landmark;
        landmark.name = name;
        landmark.found = &name != &names.back();
        landmark.presence = 0.5F;
        landmark.spread_mm = 0.0625F;
        landmark.radius_mm = std::numeric_limits<float>::quiet_NaN();
        if (landmark.found) {
            landmark.point_mm = {number / 3.0, 1e-7 * number, 12345678.9};
            const cairn::Vector px = grid.index_from_mm()({number / 3.0, 1e-7 * number, 12345678.9});
            landmark.point_px = {px[2], px[1], px[0]};
        }
        prediction.landmarks.push_back(landmark);
    }
    std::cout << cairn::format_csv(prediction, {image_name, "abc", grid});
}

void print_numbers() {
    for (std::string word; std::cin >> word;) {
        const auto number = cairn::finite_number(word);
        if (!number) throw std::logic_error(word + " is no number");
        std::cout << cairn::shortest_text(*number) << ' ' << cairn::fixed_text(*number, 3) << '\n';
    }
}

}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> given(words + std::min(count, 1), words + count);
    try {
        if (given.size() == 3 && given[0] == "describe") {
            describe(given[1], given[2]);
        } else if (given.size() >= 3 && given[0] == "torture") {
            std::for_each(given.begin() + 2, given.end(),
                          [&given](const std::string& path) { torture(given[1], path); });
        } else if (given.size() >= 3 && given[0] == "table") {
            print_table(given[1], {given.begin() + 2, given.end()});
        } else if (given.size() == 1 && given[0] == "numbers") {
            print_numbers();
        } else {
            std::cerr << "check_readers describe | torture | table | numbers: see the top of check_readers.cpp\n";
            return 1;
        }
        return 0;
    } catch (const cairn::Error& error) {
        std::cerr << error.what() << "\n";
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "a mistake: " << error.what() << "\n";
        return 1;
    }
}
