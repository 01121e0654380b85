#include "byte_source.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <vector>

#include "../cairn/error.hpp"
#include "../cairn/paths.hpp"

#if CAIRN_HAS_ZLIB
#include <zlib.h>
#endif

namespace cairn {

namespace {
constexpr std::size_t piece_bytes = std::size_t{1} << 18;
#if CAIRN_HAS_ZLIB
constexpr std::uint64_t most_per_zipped_byte = 1032;  // what deflate can reach
#endif
}  // namespace

struct ByteSource::State {
    std::ifstream stream;
    std::uint64_t left = 0;  // bytes of the file still to be read
    bool zipped = false;
#if CAIRN_HAS_ZLIB
    z_stream unzipper{};
    std::vector<unsigned char> piece;
    bool is_at_end = false;

    ~State() {
        if (zipped) inflateEnd(&unzipper);
    }
#endif
};

ByteSource::ByteSource(const std::filesystem::path& path, std::uint64_t start, Packing packing, std::int64_t length)
    : state_(std::make_unique<State>()) {
    std::error_code problem;
    const std::uint64_t size = std::filesystem::file_size(path, problem);
    state_->stream.open(path, std::ios::binary);
    if (problem || !state_->stream)
        throw Error(utf8_text(path) + " cannot be opened.", "Check its permissions, and its disk.");
    state_->left = size > start ? size - start : 0;
    if (length >= 0) state_->left = std::min(state_->left, static_cast<std::uint64_t>(length));
    if (state_->left > 0) state_->stream.seekg(static_cast<std::streamoff>(start));
    if (packing == Packing::none) return;
#if CAIRN_HAS_ZLIB
    state_->piece.resize(piece_bytes);
    if (inflateInit2(&state_->unzipper, 47) != Z_OK) throw std::bad_alloc();  // 47: zlib or gzip, whichever it is
    state_->zipped = true;
#else
    throw Error(utf8_text(path.filename()) + " is compressed, and this cairn-run was built without zlib.",
                "Save the image without compression, or build cairn-run with zlib.");
#endif
}

ByteSource::~ByteSource() = default;

void ByteSource::read(void* into, std::size_t count) {
    auto* next = static_cast<unsigned char*>(into);
    while (count > 0) {
        const std::size_t got = state_->zipped ? unzip_some(next, count) : read_some(next, count);
        if (got == 0) throw Incomplete{};
        next += got;
        count -= got;
    }
}

void ByteSource::skip(std::uint64_t count) {
    if (count > possible_bytes()) throw Incomplete{};
    std::vector<unsigned char> dropped(static_cast<std::size_t>(std::min<std::uint64_t>(count, piece_bytes)));
    while (count > 0) {
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(count, dropped.size()));
        read(dropped.data(), step);
        count -= step;
    }
}

std::uint64_t ByteSource::drain() {
    std::vector<unsigned char> dropped(piece_bytes);
    std::uint64_t count = 0;
    while (const std::size_t got =
               state_->zipped ? unzip_some(dropped.data(), dropped.size()) : read_some(dropped.data(), dropped.size()))
        count += got;
    return count;
}

std::uint64_t ByteSource::possible_bytes() const {
#if CAIRN_HAS_ZLIB
    if (state_->zipped) {
        const std::uint64_t zipped = state_->left + state_->unzipper.avail_in;
        constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / most_per_zipped_byte - 1;
        return (std::min(zipped, most) + 1) * most_per_zipped_byte;
    }
#endif
    return state_->left;
}

/// Read at most `count` bytes of the file as they are; 0 at its end.
std::size_t ByteSource::read_some(void* into, std::size_t count) {
    const auto wanted = static_cast<std::streamsize>(std::min<std::uint64_t>(count, state_->left));
    if (wanted == 0) return 0;
    state_->stream.read(static_cast<char*>(into), wanted);
    if (state_->stream.gcount() != wanted) throw Incomplete{};
    state_->left -= static_cast<std::uint64_t>(wanted);
    return static_cast<std::size_t>(wanted);
}

#if CAIRN_HAS_ZLIB
/// Unzip at most `count` bytes; 0 at the sound end of the last part. A gzip file may have several parts.
std::size_t ByteSource::unzip_some(void* into, std::size_t count) {
    z_stream& unzipper = state_->unzipper;
    const auto room = static_cast<uInt>(std::min<std::size_t>(count, std::size_t{1} << 30));
    unzipper.next_out = static_cast<Bytef*>(into);
    unzipper.avail_out = room;
    while (unzipper.avail_out == room) {
        if (unzipper.avail_in == 0) {
            unzipper.avail_in = static_cast<uInt>(read_some(state_->piece.data(), state_->piece.size()));
            unzipper.next_in = state_->piece.data();
        }
        if (unzipper.avail_in == 0) {
            if (state_->is_at_end) return 0;
            throw Incomplete{};
        }
        if (state_->is_at_end) {
            // Zeros may fill up the last block of a tape or disk after the end of a gzip file; anything else is another
            // part.
            if (*unzipper.next_in == 0) {
                ++unzipper.next_in;
                --unzipper.avail_in;
                continue;
            }
            if (inflateReset(&unzipper) != Z_OK) throw Incomplete{};
            state_->is_at_end = false;
        }
        const int answer = inflate(&unzipper, Z_NO_FLUSH);
        if (answer == Z_MEM_ERROR) throw std::bad_alloc();
        if (answer == Z_STREAM_END) state_->is_at_end = true;
        if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR) throw Incomplete{};
    }
    return room - unzipper.avail_out;
}
#else
std::size_t ByteSource::unzip_some(void*, std::size_t) {
    throw Incomplete{};
}
#endif

bool is_gzip(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::array<char, 2> head{};
    return stream.read(head.data(), 2) && head[0] == '\x1f' && head[1] == '\x8b';
}

}  // namespace cairn
