// Tries what needs no torch, readers, JSON, tables and numbers, so that it can be run with sanitizers in a moment.
//
//   check_readers vectors TABLE           compare what is read with what a table of tests/support/image_vectors.py says
//   check_readers read FILE...            read images, or the metadata of a model (.json), and say nothing if all is
//   well check_readers torture FOLDER FILE...  read each file cut short and with wrong bytes, by way of copies in
//   FOLDER check_readers table IMAGE NAME...     print the table of landmarks of these names, the last one absent
//   check_readers numbers                 print each number of stdin as the table does, exact and with three decimals
//
// A file may be refused with cairn::Error; anything else that happens is a mistake, and the program ends with 1.
#include <algorithm>
#include <cmath>
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

/// ITK and the libraries below forget some memory where they meet damaged files; that is not ours to mend.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libITK\nleak:libgdcm\nleak:libtiff\nleak:libpng\nleak:libjpeg\n";
}

namespace {

namespace fs = std::filesystem;

/// What is said of a format that only ITK reads.
constexpr const char* without_itk = "was built without ITK";

std::string bytes_in(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write_bytes(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

void read_any(const fs::path& path) {
    if (path.extension() == ".json")
        cairn::parse_model_info(bytes_in(path), cairn::utf8_text(path.filename()));
    else
        cairn::read_image(path);
}

/// A grid as the table has it: a shape, and the rows of a matrix.
cairn::Grid grid_of(const cairn::Json& shape, const cairn::Json& rows) {
    cairn::Grid grid{shape.get<std::vector<std::int64_t>>(), {}};
    for (std::size_t row = 0; row < grid.ndim(); ++row) {
        for (std::size_t axis = 0; axis < grid.ndim(); ++axis)
            grid.mm_from_index.matrix[row][axis] = rows.at(row).at(axis);
        grid.mm_from_index.offset[row] = rows.at(row).at(grid.ndim());
    }
    return grid;
}

bool is_near(double one, double other, double allowed = 1e-9) {
    return std::abs(one - other) <= allowed * std::max(1.0, std::abs(other));
}

bool is_near(const cairn::Grid& one, const cairn::Grid& other) {
    bool is_alike = one.shape == other.shape;
    for (std::size_t row = 0; row < 3; ++row) {
        is_alike = is_alike && is_near(one.mm_from_index.offset[row], other.mm_from_index.offset[row]);
        for (std::size_t axis = 0; axis < 3; ++axis)
            is_alike = is_alike && is_near(one.mm_from_index.matrix[row][axis], other.mm_from_index.matrix[row][axis]);
    }
    return is_alike;
}

/// Return how an image differs from what the table says, in one phrase; empty where it does not.
std::string difference(const cairn::ImageFile& image, const cairn::Json& row, const fs::path& folder) {
    constexpr const char* names[] = {"uint8", "int8",   "uint16", "int16",   "uint32",
                                     "int32", "uint64", "int64",  "float32", "float64"};
    if (!is_near(image.grid, grid_of(row.at("shape"), row.at("mm_from_index")))) return "another grid";
    if (row.at("dtype") != names[static_cast<std::size_t>(image.number)]) return "other numbers";
    const std::string voxels = bytes_in(folder / row.at("voxels").get<std::string>());
    const auto* read = reinterpret_cast<const char*>(image.voxels.data());
    const int allowed = row.at("levels_apart");  // decoders of JPEG may round differently
    bool is_alike = voxels.size() == image.voxels.size();
    for (std::size_t i = 0; is_alike && i < voxels.size(); ++i)
        is_alike = std::abs(static_cast<unsigned char>(voxels[i]) - static_cast<unsigned char>(read[i])) <= allowed;
    if (!is_alike) return "other voxels";
    if (row.at("spacing_known") != image.spacing_known) return "another opinion about the pixel size";
    if (image.spacing_known && row.at("spacing_source") != image.spacing_source)
        return "another source of the pixel size: " + image.spacing_source;
    if (row.at("sha256") != image.sha256) return "another SHA-256";
    if (row.at("warnings") != cairn::Json(image.warnings))
        return "other warnings: " + cairn::Json(image.warnings).dump();
    return "";
}

/// Read the file of a row, and return what is wrong with the answer.
std::string tried(const cairn::Json& row, const fs::path& folder) {
    std::string expected = row.value("refusal", ""), part = row.at("cairn_run_says");
    if (!CAIRN_HAS_ITK && row.at("needs_itk").get<bool>()) part = without_itk;
    try {
        const cairn::ImageFile image = cairn::read_image(folder / row.at("file").get<std::string>());
        return expected.empty() && part.empty() ? difference(image, row, folder) : "it was read";
    } catch (const cairn::Error& error) {
        const std::string said = error.what();
        const bool is_right = part.empty() ? said == expected : said.find(part) != std::string::npos;
        return is_right ? "" : "it was refused: " + said;
    }
}

/// Compare a grid's maps and the canonical order of its axes with those of Python.
std::string tried_grid(const cairn::Json& row) {
    const cairn::Grid grid = grid_of(row.at("shape"), row.at("mm_from_index"));
    const auto vector_of = [](const cairn::Json& numbers) {
        cairn::Vector found{};
        std::copy(numbers.begin(), numbers.end(), found.begin());
        return found;
    };
    const cairn::Vector index = vector_of(row.at("index")), mm = vector_of(row.at("mm"));
    const cairn::Vector to_mm = grid.mm_from_index(index), to_index = grid.index_from_mm()(mm);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (!is_near(to_mm[axis], mm[axis]) || !is_near(to_index[axis], index[axis])) return "another map";
    }
    const std::vector<double> spacing = grid.spacing_mm();
    for (std::size_t axis = 0; axis < spacing.size(); ++axis) {
        if (!is_near(spacing[axis], row.at("spacing_mm").at(axis))) return "another spacing";
    }
    const cairn::Grid canonical = grid_of(row.at("canonical_shape"), row.at("canonical_mm_from_index"));
    if (!is_near(cairn::canonical_order(grid).grid, canonical)) return "another canonical order";
    if (grid.ndim() == 3 && row.at("is_rectilinear") != cairn::has_right_angles(grid)) return "other angles";
    return "";
}

/// Print a line for each row of a table that is not met.
void compare(const fs::path& table_path) {
    const cairn::Json table = cairn::Json::parse(bytes_in(table_path));
    std::size_t wrong = 0;
    const auto report = [&wrong](const std::string& name, const std::string& problem) {
        if (problem.empty()) return;
        std::cout << name << ": " << problem << "\n";
        ++wrong;
    };
    for (const cairn::Json& row : table.at("images")) report(row.at("file"), tried(row, table_path.parent_path()));
    for (std::size_t i = 0; i < table.at("grids").size(); ++i)
        report("grid " + std::to_string(i), tried_grid(table.at("grids").at(i)));
    if (wrong > 0) throw std::logic_error(std::to_string(wrong) + " answers differ from those in the table");
}

/// Read a file, whatever it is; return whether it was refused.
bool is_refused(const fs::path& path) {
    try {
        read_any(path);
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
        if (given.size() == 2 && given[0] == "vectors") {
            compare(given[1]);
        } else if (given.size() >= 2 && given[0] == "read") {
            std::for_each(given.begin() + 1, given.end(), [](const std::string& path) { read_any(path); });
        } else if (given.size() >= 3 && given[0] == "torture") {
            std::for_each(given.begin() + 2, given.end(),
                          [&given](const std::string& path) { torture(given[1], path); });
        } else if (given.size() >= 3 && given[0] == "table") {
            print_table(given[1], {given.begin() + 2, given.end()});
        } else if (given.size() == 1 && given[0] == "numbers") {
            print_numbers();
        } else {
            std::cerr << "check_readers vectors | read | torture | table | numbers: see the top of check_readers.cpp\n";
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
