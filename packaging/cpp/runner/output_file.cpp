#include "output_file.hpp"

#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>

#include "../cairn/error.hpp"
#include "../cairn/paths.hpp"

namespace cairn {

namespace {

Error refused(const std::filesystem::path& path, const std::error_code& problem) {
    if (problem == std::errc::permission_denied)
        return Error(utf8_text(path) + " cannot be written: it is open in another program, or the folder is protected.",
                     "Close the file there, or choose another folder.");
    return Error(utf8_text(path) + " cannot be written" + (problem ? " (" + problem.message() + ")" : "") + ".",
                 "Choose another folder or disk.");
}

std::error_code last_problem() {
    return {errno, std::generic_category()};
}

/// A new name beside a file, removed again unless it was renamed.
class Temporary {
public:
    explicit Temporary(const std::filesystem::path& path) : path_(path) {
        std::random_device random;
        path_.replace_filename(path_of(".tmp-" + std::to_string(random()) + "-" + utf8_text(path.filename())));
    }
    ~Temporary() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void write_text(const std::filesystem::path& temporary, const std::filesystem::path& path, const std::string& text) {
    errno = 0;
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream) throw refused(path, last_problem());
}

}  // namespace

void require_writable(const std::filesystem::path& path) {
    std::error_code problem;
    if (std::filesystem::is_directory(path, problem))
        throw Error(utf8_text(path) + " is a folder.", "Name a file in it, such as landmarks.csv.");
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), problem);
        if (problem) throw refused(path, problem);
    }
    const Temporary trial(path);
    write_text(trial.path(), path, "");
}

void write_whole(const std::filesystem::path& path, const std::string& text) {
    const Temporary temporary(path);
    write_text(temporary.path(), path, text);
    std::error_code problem;
    const auto existing = std::filesystem::status(path, problem);
    if (std::filesystem::exists(existing))
        std::filesystem::permissions(temporary.path(), existing.permissions(), problem);
    std::filesystem::rename(temporary.path(), path, problem);
    if (problem) throw refused(path, problem);
}

}  // namespace cairn
