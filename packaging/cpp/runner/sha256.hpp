// SHA-256 (FIPS 180-4) of a file, by which a landmark table names its image.
#pragma once

#include <filesystem>
#include <string>

namespace cairn {

/// Return the hex digest of a file's bytes; throws Error where it cannot be read.
std::string sha256_of(const std::filesystem::path& path);

}  // namespace cairn
