#include "arguments.hpp"

#include <array>
#include <string_view>

#include "../cairn/error.hpp"
#include "../cairn/number_text.hpp"

namespace cairn {

namespace {

constexpr const char* see_help = "See cairn-run --help.";

double positive(const std::string& option, const std::string& text, const char* what) {
    const auto number = finite_number(text);
    if (!number || !(*number > 0))
        throw Error(option + " needs a number of " + what + " above zero, not \"" + text + "\".", see_help);
    return *number;
}

void set_option(Arguments& arguments, const std::string& option, const std::string& value) {
    if (option == "--out") {
        if (value.size() < 5 || (!value.ends_with(".csv") && !value.ends_with(".CSV")))
            throw Error("cairn-run writes landmark tables, and " + value + " is not the name of one.",
                        "Give a name that ends in .csv.");
        arguments.out = value;
    } else if (option == "--device") {
        if (value != "auto" && value != "cpu" && value != "cuda")
            throw Error("There is no device " + value + ".", "Use one of: auto, cpu, cuda.");
        arguments.device = value;
    } else if (option == "--spacing") {
        arguments.spacing_mm = positive(option, value, "millimetres");
    } else {
        arguments.memory_gb = positive(option, value, "gigabytes");
    }
}

void require_complete(const Arguments& arguments, std::size_t files) {
    if (arguments.task == Arguments::Task::help || arguments.task == Arguments::Task::version) return;
    if (files == 0) throw Error("The model file is missing.", see_help);
    if (arguments.task == Arguments::Task::info) {
        if (files > 1) throw Error("--info needs a model file only.", see_help);
        return;
    }
    if (files == 1) throw Error("The image is missing.", see_help);
    if (files > 2) throw Error("One image at a time, please: there are " + std::to_string(files - 1) + ".", see_help);
    if (arguments.out.empty()) throw Error("--out is missing: where should the landmarks go?", see_help);
}

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& words) {
    constexpr std::array<std::string_view, 4> with_value = {"--out", "--device", "--spacing", "--memory"};
    Arguments arguments;
    std::vector<std::string> files;
    bool only_files = false;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        if (only_files || word.size() < 2 || word[0] != '-') {
            files.push_back(word);
            continue;
        }
        const std::size_t mark = word.find('=');
        const std::string option = word.substr(0, mark);
        bool is_known = word == "--" || word == "--info" || word == "--help" || word == "-h" || word == "--version";
        if (word == "--") only_files = true;
        if (word == "--info") arguments.task = Arguments::Task::info;
        if (word == "--help" || word == "-h") arguments.task = Arguments::Task::help;
        if (word == "--version") arguments.task = Arguments::Task::version;
        for (const std::string_view known : with_value) {
            if (option != known) continue;
            is_known = true;
            if (mark == std::string::npos && at + 1 == words.size()) throw Error(option + " needs a value.", see_help);
            set_option(arguments, option, mark == std::string::npos ? words[++at] : word.substr(mark + 1));
        }
        if (!is_known) throw Error("There is no option " + option + ".", see_help);
    }
    require_complete(arguments, files.size());
    if (!files.empty()) arguments.model = files[0];
    if (files.size() > 1) arguments.image = files[1];
    return arguments;
}

std::string usage() {
    return "Finds the landmarks of a medical image with a Cairn model.\n"
           "\n"
           "  cairn-run MODEL.pt IMAGE --out landmarks.csv [options]\n"
           "  cairn-run MODEL.pt --info\n"
           "\n"
           "IMAGE is a NIfTI (.nii, .nii.gz) or NRRD (.nrrd, .nhdr) file; where cairn-run was built with ITK also a\n"
           "MetaImage (.mha, .mhd), DICOM, PNG, JPEG, TIFF or BMP file, or a folder with one series of DICOM slices.\n"
           "\n"
           "  --out FILE.csv            where the landmarks go: the table that cairn localize writes\n"
           "  --device auto|cpu|cuda    where the networks run; auto takes a GPU where there is one\n"
           "  --spacing MM              pixel size, in place of what the image says\n"
           "  --memory GB               about how much memory the run may take; less is slower (usually 4)\n"
           "  --info                    show what the model says about itself\n"
           "  --version                 show the version\n"
           "\n"
           "Exit code: 0 done, 2 bad input, 1 an error in the program, 130 interrupted.\n";
}

}  // namespace cairn
