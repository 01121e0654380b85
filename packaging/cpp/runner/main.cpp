// The command cairn-run: an image and a model file in, a landmark table out. Every problem is one sentence on stderr
// and an exit code: 2 where the input is wrong, 1 where the program is, 130 after Ctrl-C.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "../cairn.hpp"
#include "arguments.hpp"
#include "image_file.hpp"
#include "info_text.hpp"
#include "landmark_csv.hpp"
#include "output_file.hpp"

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#endif

namespace {

constexpr int exit_bug = 1, exit_bad_input = 2, exit_interrupted = 130;

volatile std::sig_atomic_t is_interrupted = 0;

/// The first Ctrl-C asks for an end between two stages, the second one ends at once. Nothing is written until the end.
void interrupt(int) {
    is_interrupted = 1;
    std::signal(SIGINT, SIG_DFL);
}

torch::ScalarType torch_type(cairn::Number number) {
    using cairn::Number;
    switch (number) {
        case Number::u8: return torch::kUInt8;
        case Number::i8: return torch::kInt8;
        case Number::u16: return torch::kUInt16;
        case Number::i16: return torch::kInt16;
        case Number::u32: return torch::kUInt32;
        case Number::i32: return torch::kInt32;
        case Number::u64: return torch::kUInt64;
        case Number::i64: return torch::kInt64;
        case Number::f32: return torch::kFloat32;
        default: return torch::kFloat64;
    }
}

/// Give an image another spacing; it keeps its place and orientation. Return what to say about that.
std::string respace(cairn::ImageFile& file, double spacing_mm) {
    const std::vector<double> own = file.grid.spacing_mm();
    const auto is_close = [spacing_mm](double size) { return std::abs(size - spacing_mm) <= 1e-8 + 1e-5 * spacing_mm; };
    const bool differs = file.spacing_known && !std::all_of(own.begin(), own.end(), is_close);
    std::vector<double> factors;
    for (const double size : own) factors.push_back(spacing_mm / size);
    std::string warning;
    if (differs) {
        for (const double size : own) warning += (warning.empty() ? "" : " × ") + cairn::general_text(size);
        warning = "The file says " + warning + " mm per pixel; " + cairn::general_text(spacing_mm) +
                  " mm is used as asked for.";
    }
    file.grid = file.grid.scaled(factors);
    file.spacing_known = true;
    return warning;
}

void localize(const cairn::Arguments& arguments) {
    cairn::Options options;
    options.device = arguments.device;
    cairn::choose_device(options.device);  // one that is not there is refused before anything is read
    options.memory_gb = arguments.memory_gb.value_or(options.memory_gb);
    options.should_stop = [] { return is_interrupted != 0; };
    const auto out = cairn::path_of(arguments.out);
    cairn::require_writable(out);
    cairn::ImageFile file = cairn::read_image(cairn::path_of(arguments.image));
    std::vector<std::string> warnings = file.warnings;
    if (arguments.spacing_mm) warnings.push_back(respace(file, *arguments.spacing_mm));
    const torch::Tensor voxels = torch::from_blob(file.voxels.data(), file.grid.shape, torch_type(file.number));
    const cairn::Image image{voxels, file.grid, file.spacing_known};
    const auto model_path = cairn::path_of(arguments.model);
    cairn::require_suitable(cairn::read_model_info(model_path),
                            image);  // before the network is loaded, which takes seconds
    const cairn::Prediction prediction = cairn::Model::load(model_path).localize(image, options);
    warnings.insert(warnings.end(), prediction.warnings.begin(), prediction.warnings.end());
    std::set<std::string> said = {""};
    for (const std::string& warning : warnings) {
        if (said.insert(warning).second) std::cerr << arguments.image << ": " << warning << "\n";
    }
    std::signal(SIGINT, SIG_IGN);  // what is left takes no time, and nobody shall find half of it
    const std::string source = arguments.spacing_mm ? "set by hand" : file.spacing_source;
    const cairn::ImageLabel label{file.name, file.sha256, file.grid, file.spacing_known, source};
    cairn::write_whole(out, cairn::format_csv(prediction, label));
    std::cout << "Wrote " << prediction.landmarks.size() << " landmarks to " << arguments.out << ".\n";
}

void run(const std::vector<std::string>& words) {
    const cairn::Arguments arguments = cairn::parse_arguments(words);
    using Task = cairn::Arguments::Task;
    switch (arguments.task) {
        case Task::help: std::cout << cairn::usage(); break;
        case Task::version: std::cout << "cairn-run " << CAIRN_VERSION << "\n"; break;
        case Task::info: std::cout << cairn::info_text(cairn::read_model_info(cairn::path_of(arguments.model))); break;
        case Task::localize: localize(arguments); break;
    }
}

int run_command_line(const std::vector<std::string>& words) {
    std::signal(SIGINT, interrupt);
    const auto say = [](const std::string& sentence, int code) {
        std::cerr << "cairn-run: " << sentence << "\n";
        return code;
    };
    try {
        run(words);
        return 0;
    } catch (const cairn::Cancelled&) {
        return say("Stopped. Nothing was written.", exit_interrupted);
    } catch (const cairn::Error& error) {
        return say(error.what(), exit_bad_input);
    } catch (const std::exception& error) {
        const std::string reason = error.what();
        return say("Stopped by an error in the program (" + reason.substr(0, reason.find('\n')) + ").", exit_bug);
    }
}

}  // namespace

#ifdef _WIN32
int wmain(int count, wchar_t** words) {
    SetConsoleOutputCP(CP_UTF8);
    std::vector<std::string> given;
    for (int i = 1; i < count; ++i) given.push_back(cairn::utf8_text(std::filesystem::path(words[i])));
    return run_command_line(given);
}
#else
int main(int count, char** words) {
    return run_command_line({words + std::min(count, 1), words + count});
}
#endif
