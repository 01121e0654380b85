// SHA-256 (FIPS 180-4) of files, by which a landmark table names its image.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cairn {

/// Return the hex digest of the bytes of several files, one after the other; throws Error where one cannot be read.
std::string sha256_of(const std::vector<std::filesystem::path>& paths);

}  // namespace cairn
