#include "decoder_guard.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

namespace cairn {

namespace {

constexpr std::array signals = {SIGSEGV, SIGABRT, SIGFPE, SIGILL};
constexpr int exit_bad_input = 2;
/// What will be said: made before, since a handler of signals may not make anything.
std::string sentence;  // NOLINT

void say_and_end(int) {
#ifdef _WIN32
    static_cast<void>(_write(2, sentence.data(), static_cast<unsigned>(sentence.size())));
#else
    static_cast<void>(!write(STDERR_FILENO, sentence.data(), sentence.size()));
#endif
    std::_Exit(exit_bad_input);
}

}  // namespace

DecoderGuard::DecoderGuard(const std::string& name) {
    sentence =
        "cairn-run: " + name +
        " is damaged in a way that the library which decodes it does not survive. Copy or export the image again.\n";
    for (const int number : signals) std::signal(number, say_and_end);
}

DecoderGuard::~DecoderGuard() {
    for (const int number : signals) std::signal(number, SIG_DFL);
}

}  // namespace cairn
