// The errors a person may meet: a sentence that says what is wrong and one that says what to do. No torch here.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace cairn {

/// A problem that a person can understand and act on; what() gives both sentences.
class Error : public std::runtime_error {
public:
    explicit Error(std::string message, std::string hint = "")
        : std::runtime_error(hint.empty() ? message : message + " " + hint),
          message_(std::move(message)),
          hint_(std::move(hint)) {}

    /// What is wrong.
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    /// What to do about it; may be empty.
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

private:
    std::string message_;
    std::string hint_;
};

/// Somebody stopped a run; nothing is wrong.
class Cancelled : public Error {
public:
    Cancelled() : Error("Localization was cancelled.") {}
};

}  // namespace cairn
