// A last net under the decoders of ITK, GDCM and the libraries below them: on some damaged files they do not answer
// with an error, but end the program. While a guard lives, that end is one sentence and the exit code for bad input.
// Nothing has been written by then, so nothing is left behind.
#pragma once

#include <string>

namespace cairn {

class DecoderGuard {
public:
    /// Guard the decoding of the file or folder `name`.
    explicit DecoderGuard(const std::string& name);
    ~DecoderGuard();
    DecoderGuard(const DecoderGuard&) = delete;
    DecoderGuard& operator=(const DecoderGuard&) = delete;
};

}  // namespace cairn
