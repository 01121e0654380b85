// File paths and UTF-8: what people type and read, whatever the system keeps them in.
#pragma once

#include <filesystem>
#include <string>

namespace cairn {

/// A path as UTF-8.
inline std::string utf8_text(const std::filesystem::path& path) {
    const auto text = path.u8string();
    return {text.begin(), text.end()};
}

/// The path that a text in UTF-8 names.
inline std::filesystem::path path_of(const std::string& text) {
    return std::filesystem::path(std::u8string(text.begin(), text.end()));
}

}  // namespace cairn
