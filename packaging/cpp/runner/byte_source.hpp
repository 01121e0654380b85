// Bytes of a file one after the other, unzipped where they are zipped. Says in advance how many there can be at most,
// so that nobody makes room for what a damaged header claims.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace cairn {

/// There are fewer bytes than asked for, or the zipped ones are damaged.
struct Incomplete {};

class ByteSource {
public:
    enum class Packing { none, zipped };

    /// Read `path` from byte `start` on; `length` bytes of it at most where that is not negative. Throws Error where
    /// the file cannot be opened, or is zipped and this build cannot unzip.
    ByteSource(const std::filesystem::path& path, std::uint64_t start, Packing packing, std::int64_t length = -1);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Fill `count` bytes; throws Incomplete.
    void read(void* into, std::size_t count);
    /// Pass over `count` bytes; throws Incomplete.
    void skip(std::uint64_t count);
    /// Read to the end, where a zipped file shows whether it is sound, and return how many bytes there were; throws
    /// Incomplete.
    std::uint64_t drain();
    /// How many bytes can come from here at most.
    [[nodiscard]] std::uint64_t possible_bytes() const;

private:
    struct State;
    std::size_t read_some(void* into, std::size_t count);
    std::size_t unzip_some(void* into, std::size_t count);
    std::unique_ptr<State> state_;
};

/// Tell whether a file begins as a gzip file does.
bool is_gzip(const std::filesystem::path& path);

}  // namespace cairn
