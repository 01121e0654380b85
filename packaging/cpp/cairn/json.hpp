// Reads JSON, as much as the metadata of a model needs. Hostile text ends in JsonError, never deeper. No torch here.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "number_text.hpp"

namespace cairn {

/// The text is not JSON.
class JsonError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A JSON value.
struct Json {
    using Array = std::vector<Json>;
    /// Names and, in the same order, their values.
    struct Object {
        std::vector<std::string> names;
        std::vector<Json> values;
    };

    std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value = nullptr;

    template <typename T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&value);
    }
    /// The member of that name, the last of several as Python has it; null where there is none or this is no object.
    [[nodiscard]] const Json* find(std::string_view name) const {
        const auto* object = as<Object>();
        if (object == nullptr) return nullptr;
        for (std::size_t i = object->names.size(); i-- > 0;) {
            if (object->names[i] == name) return &object->values[i];
        }
        return nullptr;
    }
};

/// Turns a text into a value by recursive descent.
class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    /// Read the whole text; throws JsonError where it is not one JSON value.
    Json read() {
        Json value = read_value(0);
        skip_space();
        if (at_ != text_.size()) fail("more than one value");
        return value;
    }

private:
    static constexpr int deepest = 64;

    [[noreturn]] void fail(const char* what) const {
        throw JsonError(std::string(what) + " at byte " + std::to_string(at_));
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_space() {
        while (at_ < text_.size() && (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')) ++at_;
    }
    bool take(char wanted) {
        skip_space();
        if (peek() != wanted) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }

    Json read_value(int depth) {
        if (depth > deepest) fail("values nested too deeply");
        skip_space();
        if (peek() == '{') return {read_object(depth)};
        if (peek() == '[') return {read_array(depth)};
        if (peek() == '"') return {read_string()};
        if (take_word("true")) return {true};
        if (take_word("false")) return {false};
        if (take_word("null")) return {nullptr};
        return {read_number()};
    }

    Json::Object read_object(int depth) {
        Json::Object object;
        take('{');
        if (take('}')) return object;
        do {
            skip_space();
            object.names.push_back(read_string());
            if (!take(':')) fail("no colon");
            object.values.push_back(read_value(depth + 1));
        } while (take(','));
        if (!take('}')) fail("no end of an object");
        return object;
    }

    Json::Array read_array(int depth) {
        Json::Array items;
        take('[');
        if (take(']')) return items;
        do {
            items.push_back(read_value(depth + 1));
        } while (take(','));
        if (!take(']')) fail("no end of a list");
        return items;
    }

    double read_number() {
        const std::size_t first = at_;
        while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(peek()) != std::string_view::npos) ++at_;
        const auto number = finite_number(text_.substr(first, at_ - first));
        if (!number) fail("no value");
        return *number;
    }

    std::string read_string() {
        if (peek() != '"') fail("no string");
        std::string found;
        for (++at_; peek() != '"'; ++at_) {
            if (static_cast<unsigned char>(peek()) < 0x20) fail("no end of a string");
            if (peek() != '\\') {
                found += peek();
                continue;
            }
            ++at_;
            constexpr std::string_view names = "\"\\/bfnrt";
            constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
            if (peek() == 'u') {
                append_utf8(found, read_code_point());
            } else if (const auto which = names.find(peek()); peek() != '\0' && which != std::string_view::npos) {
                found += meanings[which];
            } else {
                fail("an unknown escape");
            }
        }
        ++at_;
        return found;
    }

    /// Read the hex digits after "\u", and those of the second half of a pair; stay on the last one.
    std::uint32_t read_code_point() {
        const std::uint32_t first = read_hex();
        if (first < 0xD800 || first > 0xDFFF) return first;
        ++at_;
        if (first > 0xDBFF || !take_word("\\u")) fail("half a character");
        --at_;
        const std::uint32_t second = read_hex();
        if (second < 0xDC00 || second > 0xDFFF) fail("half a character");
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }

    std::uint32_t read_hex() {
        std::uint32_t code = 0;
        for (int digit = 0; digit < 4; ++digit) {
            ++at_;
            constexpr std::string_view lower = "0123456789abcdef";
            constexpr std::string_view upper = "0123456789ABCDEF";
            auto found = lower.find(peek());
            if (found == std::string_view::npos) found = upper.find(peek());
            if (found == std::string_view::npos) fail("no hex digit");
            code = code * 16 + static_cast<std::uint32_t>(found);
        }
        return code;
    }

    static void append_utf8(std::string& text, std::uint32_t code) {
        const auto add = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (code < 0x80) {
            add(code);
        } else if (code < 0x800) {
            add(0xC0 | (code >> 6));
            add(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            add(0xE0 | (code >> 12));
            add(0x80 | ((code >> 6) & 0x3F));
            add(0x80 | (code & 0x3F));
        } else {
            add(0xF0 | (code >> 18));
            add(0x80 | ((code >> 12) & 0x3F));
            add(0x80 | ((code >> 6) & 0x3F));
            add(0x80 | (code & 0x3F));
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Return the value that a text in UTF-8 is; throws JsonError.
inline Json read_json(std::string_view text) {
    return JsonReader(text).read();
}

}  // namespace cairn
