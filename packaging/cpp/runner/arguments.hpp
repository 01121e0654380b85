// What a person types after cairn-run. Text in, values out; opens no files.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cairn {

struct Arguments {
    enum class Task { localize, info, help, version };

    Task task = Task::localize;
    std::string model;
    std::string image;
    std::string out;
    std::string device = "auto";
    std::optional<double> spacing_mm;
    std::optional<double> memory_gb;
};

/// Take the words apart; throws Error where they make no command.
Arguments parse_arguments(const std::vector<std::string>& words);

/// What --help prints.
std::string usage();

}  // namespace cairn
