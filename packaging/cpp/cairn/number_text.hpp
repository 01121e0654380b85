// Numbers as text and back, the same in every locale. No torch here.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace cairn {

/// The shortest digits with at most `precision` significant ones, as "%.6g" has them.
inline std::string general_text(double value, int precision = 6) {
    std::array<char, 64> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, precision);
    return {text.data(), end.ptr};
}

/// A fixed number of decimals, as "%.3f" has them.
inline std::string fixed_text(double value, int decimals) {
    std::array<char, 512> text{};  // the largest double has 309 digits before the point
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals);
    return {text.data(), end.ptr};
}

/// The shortest text that gives the same number again, written as Python writes it: 0.5, 12.0, 1e-05, 1e+16.
inline std::string shortest_text(double value) {
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    std::array<char, 64> text{};
    char* const begin = text.data();
    auto end = std::to_chars(begin, begin + text.size(), value, std::chars_format::scientific).ptr;
    int exponent = 0;
    const std::string_view written(begin, static_cast<std::size_t>(end - begin));
    const std::size_t mark = written.find('e');
    const char* const digits = begin + mark + (written[mark + 1] == '+' ? 2 : 1);
    std::from_chars(digits, end, exponent);
    if (exponent < -4 || exponent >= 16) return std::string(written);
    end = std::to_chars(begin, begin + text.size(), value, std::chars_format::fixed).ptr;
    std::string found(begin, end);
    return found.find('.') == std::string::npos ? found + ".0" : found;
}

/// The number that `text` is in plain decimal notation; none where it is anything else, or too large for a double.
inline std::optional<double> finite_number(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        return at - first;
    };
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    std::size_t count = digits();
    if (at < text.size() && text[at] == '.') {
        ++at;
        count += digits();
    }
    if (count == 0) return std::nullopt;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        if (digits() == 0) return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    std::istringstream stream{std::string(text)};
    stream.imbue(std::locale::classic());
    double value = 0.0;
    stream >> value;
    // A number too small for a double comes back as the nearest there is, one too large as infinity or its largest.
    if (stream.fail() && std::abs(value) > 1.0) return std::nullopt;
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace cairn
