#include "sha256.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <vector>

#include "../cairn/error.hpp"
#include "../cairn/paths.hpp"

namespace cairn {

namespace {

using Block = std::array<std::uint32_t, 8>;

constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// Mix one block of 64 bytes into the state.
void mix(Block& state, const unsigned char* bytes) {
    std::array<std::uint32_t, 64> words{};
    for (std::size_t i = 0; i < 16; ++i) {
        for (std::size_t byte = 0; byte < 4; ++byte) words[i] = words[i] << 8 | bytes[4 * i + byte];
    }
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t early = words[i - 15], late = words[i - 2];
        words[i] = words[i - 16] + (std::rotr(early, 7) ^ std::rotr(early, 18) ^ early >> 3) + words[i - 7] +
                   (std::rotr(late, 17) ^ std::rotr(late, 19) ^ late >> 10);
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                                    round_constants[i] + words[i];
        const std::uint32_t second =
            (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const Block added = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

/// The digest of bytes that come in pieces.
class Digest {
public:
    void add(const unsigned char* bytes, std::size_t count) {
        total_ += count;
        rest_.insert(rest_.end(), bytes, bytes + count);
        const std::size_t whole = rest_.size() / 64 * 64;
        for (std::size_t at = 0; at < whole; at += 64) mix(state_, rest_.data() + at);
        rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(whole));
    }

    /// A one bit, zeros, and the length in bits fill up the last block or two.
    std::string finish() {
        const std::uint64_t bits = total_ * 8;
        std::vector<unsigned char> end = {0x80};
        while ((rest_.size() + end.size()) % 64 != 56) end.push_back(0);
        for (int shift = 56; shift >= 0; shift -= 8) end.push_back(static_cast<unsigned char>(bits >> shift));
        add(end.data(), end.size());
        std::string text;
        for (const std::uint32_t word : state_) {
            for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
        }
        return text;
    }

private:
    Block state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::vector<unsigned char> rest_;
    std::uint64_t total_ = 0;
};

}  // namespace

std::string sha256_of(const std::vector<std::filesystem::path>& paths) {
    Digest digest;
    std::vector<unsigned char> piece(std::size_t{1} << 18);
    for (const std::filesystem::path& path : paths) {
        std::ifstream stream(path, std::ios::binary);
        if (!stream) throw Error(utf8_text(path) + " cannot be opened.", "Check its permissions, and its disk.");
        while (stream) {
            stream.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
            digest.add(piece.data(), static_cast<std::size_t>(stream.gcount()));
        }
        if (stream.bad()) throw Error(utf8_text(path) + " cannot be read.", "Check its disk.");
    }
    return digest.finish();
}

}  // namespace cairn
