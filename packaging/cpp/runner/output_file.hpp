// Writing a file so that it is never half there: beside it under a temporary name, then renamed. Nothing else is
// decided here.
#pragma once

#include <filesystem>
#include <string>

namespace cairn {

/// Throws Error where `path` cannot be written, so that nobody waits for a result that cannot be kept. Makes its
/// folder.
void require_writable(const std::filesystem::path& path);

/// Write a text; an existing file is replaced only once the new one is whole. Throws Error.
void write_whole(const std::filesystem::path& path, const std::string& text);

}  // namespace cairn
