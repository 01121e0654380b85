#include "itk_decoder.hpp"

#include <itkBMPImageIO.h>
#include <itkGDCMImageIO.h>
#include <itkJPEGImageIO.h>
#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkPNGImageIO.h>
#include <itkTIFFImageIO.h>
#if CAIRN_HAS_TIFF
#include <tiffio.h>
#endif

#include <cmath>
#include <cstring>
#include <exception>
#include <new>

#include "../cairn/paths.hpp"

namespace cairn {

namespace {

/// How many times as large as its file a picture may be: the best that the compressions of pictures reach, and a bit.
/// More is a damaged header, and nobody makes room for that.
constexpr std::uint64_t most_per_stored_byte = 8192;

/// Weights of red, green and blue (ITU-R BT.601).
constexpr std::array<double, 3> luminance = {0.299, 0.587, 0.114};

itk::ImageIOBase::Pointer reader_of(Kind kind) {
    switch (kind) {
        case Kind::png: return itk::PNGImageIO::New().GetPointer();
        case Kind::jpeg: return itk::JPEGImageIO::New().GetPointer();
        case Kind::tiff: return itk::TIFFImageIO::New().GetPointer();
        case Kind::bmp: return itk::BMPImageIO::New().GetPointer();
        case Kind::dicom: return itk::GDCMImageIO::New().GetPointer();
        default: return itk::MetaImageIO::New().GetPointer();
    }
}

Error damaged(const std::string& name, Kind kind) {
    return Error(
        name + " is a " + std::string(name_of(kind)) + " file, but it is damaged, incomplete or of a rare variant.",
        "Copy or export the image again, or convert it to PNG or NRRD.");
}

template <typename T>
constexpr Number whole_number() {
    constexpr bool is_signed = T(-1) < T(0);
    if constexpr (sizeof(T) == 1) return is_signed ? Number::i8 : Number::u8;
    if constexpr (sizeof(T) == 2) return is_signed ? Number::i16 : Number::u16;
    if constexpr (sizeof(T) == 4) return is_signed ? Number::i32 : Number::u32;
    return is_signed ? Number::i64 : Number::u64;
}

Number number_of(const itk::ImageIOBase& reader, Kind kind, const std::string& name) {
    using Component = itk::ImageIOBase;
    if (reader.GetPixelType() == Component::COMPLEX)
        throw Error(name + " holds complex numbers.", "Export its magnitude and open that.");
    switch (reader.GetComponentType()) {
        case Component::UCHAR: return Number::u8;
        case Component::CHAR: return Number::i8;
        case Component::USHORT: return Number::u16;
        case Component::SHORT: return Number::i16;
        case Component::UINT: return Number::u32;
        case Component::INT: return Number::i32;
        case Component::ULONG: return whole_number<unsigned long>();
        case Component::LONG: return whole_number<long>();
        case Component::ULONGLONG: return Number::u64;
        case Component::LONGLONG: return Number::i64;
        case Component::FLOAT: return Number::f32;
        case Component::DOUBLE: return Number::f64;
        default: throw damaged(name, kind);
    }
}

/// What the reader knows after it has read the header.
Decoded described(itk::ImageIOBase& reader, Kind kind, const std::string& name) {
    Decoded found;
    found.number = number_of(reader, kind, name);
    found.channels = reader.GetNumberOfComponents();
    for (unsigned axis = 0; axis < reader.GetNumberOfDimensions(); ++axis) {
        found.size.push_back(static_cast<std::int64_t>(reader.GetDimensions(axis)));
        found.spacing.push_back(reader.GetSpacing(axis));
        found.origin.push_back(reader.GetOrigin(axis));
        found.direction.push_back(reader.GetDirection(axis));
    }
    const itk::MetaDataDictionary& tags = reader.GetMetaDataDictionary();
    for (const std::string& key : tags.GetKeys()) {
        std::string value;
        if (kind == Kind::dicom && itk::ExposeMetaData(tags, key, value)) found.tags[key] = value;
    }
    if (found.needed_bytes() == 0) throw damaged(name, kind);
    return found;
}

/// Run the two steps of reading; everything that ITK complains about becomes one sentence.
Decoded read(const std::filesystem::path& path, Kind kind, const std::string& name, bool with_voxels,
             const std::function<void(const Decoded&)>& check) {
    itk::Object::GlobalWarningDisplayOff();  // what matters of it becomes an error of ours
#if CAIRN_HAS_TIFF
    TIFFSetWarningHandler(nullptr);
    TIFFSetErrorHandler(nullptr);
#endif
    try {
        const itk::ImageIOBase::Pointer reader = reader_of(kind);
        reader->SetFileName(path.string());
        reader->ReadImageInformation();
        Decoded found = described(*reader, kind, name);
        if (!with_voxels) return found;
        check(found);
        std::error_code problem;
        const std::uint64_t stored = std::filesystem::file_size(path, problem);
        const bool is_detached = kind == Kind::meta_image;  // whose reader has compared sizes already
        if (!is_detached && found.needed_bytes() / most_per_stored_byte > stored) throw damaged(name, kind);
        itk::ImageIORegion whole(static_cast<unsigned>(found.size.size()));
        for (unsigned axis = 0; axis < found.size.size(); ++axis)
            whole.SetSize(axis, static_cast<itk::ImageIORegion::SizeValueType>(found.size[axis]));
        reader->SetIORegion(whole);
        found.voxels.resize(static_cast<std::size_t>(found.needed_bytes()));
        reader->Read(found.voxels.data());
        return found;
    } catch (const Error&) {
        throw;
    } catch (const Incomplete&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {  // its words are about ITK's source, and may quote the file
        throw damaged(name, kind);
    }
}

template <typename T>
bool mix(const Decoded& found, ImageFile& image) {
    const std::size_t count = found.voxels.size() / (found.channels * sizeof(T));
    image.voxels.resize(count * sizeof(T));
    bool is_coloured = false;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<T, 3> colour{};
        std::memcpy(colour.data(), found.voxels.data() + i * found.channels * sizeof(T), sizeof colour);
        T grey = colour[0];
        if (colour[0] != colour[1] || colour[0] != colour[2]) {
            is_coloured = true;
            grey = static_cast<T>(
                std::nearbyint(luminance[0] * colour[0] + luminance[1] * colour[1] + luminance[2] * colour[2]));
        }
        std::memcpy(image.voxels.data() + i * sizeof(T), &grey, sizeof(T));
    }
    return is_coloured;
}

}  // namespace

std::uint64_t Decoded::needed_bytes() const {
    std::uint64_t bytes = channels * bytes_of(number);
    for (const std::int64_t length : size) {
        if (length < 1) return 0;
        if (bytes > (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(length)) throw std::bad_alloc();
        bytes *= static_cast<std::uint64_t>(length);
    }
    return bytes;
}

Decoded decoded(const std::filesystem::path& path, Kind kind, const std::string& name,
                const std::function<void(const Decoded&)>& check) {
    return read(path, kind, name, true, check);
}

Decoded decoded_header(const std::filesystem::path& path, Kind kind, const std::string& name) {
    return read(path, kind, name, false, {});
}

void take_brightness(Decoded& found, const std::string& name, ImageFile& image) {
    image.number = found.number;
    if (found.channels == 1) {
        image.voxels = std::move(found.voxels);
        return;
    }
    const bool is_byte = found.number == Number::u8;
    if ((found.channels != 3 && found.channels != 4) || (!is_byte && found.number != Number::u16))
        throw Error(name + " holds " + std::to_string(found.channels) + " values per pixel that are no colours.",
                    "Export one of them as an image.");
    if (is_byte ? mix<std::uint8_t>(found, image) : mix<std::uint16_t>(found, image))
        image.warnings.emplace_back("The image is coloured; its brightness is used.");
}

}  // namespace cairn
