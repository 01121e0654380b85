// Finds landmarks with a Cairn model file: `cairn::Model::load(path).localize(image)`.
//
// The same steps as core/models/inference.py; the method itself is in the model file. Copy this file and the folder
// cairn/ beside it into a program that links LibTorch (C++20). Positions are LPS millimetres, arrays are in the order
// (z, y, x).
#pragma once

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "cairn/error.hpp"
#include "cairn/grid.hpp"
#include "cairn/model_info.hpp"
#include "cairn/paths.hpp"
#include "cairn/prediction.hpp"

namespace cairn {

/// What a run may take in all, unless told otherwise, GB; and what the program takes before any image.
inline constexpr double usual_memory_gb = 4.0;
inline constexpr double program_gb = 0.5;

/// An image to be analysed.
struct Image {
    /// `grid.shape` array of any real type, on the CPU.
    torch::Tensor voxels;
    /// Where the voxels are.
    Grid grid;
    /// False where nobody knows how large a voxel is: the grid then has spacing 1.
    bool spacing_known = true;
};

/// How to run a model.
struct Options {
    /// Where the networks run: "auto", "cpu" or "cuda".
    std::string device = "auto";
    /// About how much memory the run may take; a larger image is analysed in tiles, with the same answer.
    double memory_gb = usual_memory_gb;
    /// Hears the fraction done in [0, 1] and what is being done.
    std::function<void(double, const std::string&)> progress;
    /// Asked between the stages; true ends the run with Cancelled.
    std::function<bool()> should_stop;
};

/// Return where to run: "cpu" or "cuda", the latter for "auto" where it can be used. Throws Error where it is not
/// there.
inline std::string choose_device(const std::string& wanted) {
    const bool has_cuda = at::hasCUDA();
    if (wanted == "auto") return has_cuda ? "cuda" : "cpu";
    if (wanted == "cpu" || (wanted == "cuda" && has_cuda)) return wanted;
    throw Error("The device " + wanted + " is not available on this computer.",
                std::string("Use one of: auto, ") + (has_cuda ? "cuda, " : "") + "cpu.");
}

/// Read the metadata of a model file without running or loading any of its code. Throws Error.
inline ModelInfo read_model_info(const std::filesystem::path& path) {
    const std::string name = utf8_text(path.filename());
    std::ifstream stream(path, std::ios::binary);
    if (!std::filesystem::is_regular_file(path) || !stream)
        throw Error("There is no model file " + utf8_text(path) + ".", "Check the path.");
    std::string text;
    try {
        caffe2::serialize::PyTorchStreamReader reader(&stream);
        const std::string record = std::string("extra/") + metadata_name;
        if (reader.hasRecord(record)) {
            const auto [data, size] = reader.getRecord(record);
            text.assign(static_cast<const char*>(data.get()), size);
        }
    } catch (const c10::Error&) {
        throw Error(name + " is not a model file, or it is damaged.", "Choose a .pt file exported by cairn-train.");
    }
    return parse_model_info(text, name);
}

/// Return voxels in their own type where torch computes with it, else as float32.
inline torch::Tensor computable(const torch::Tensor& voxels) {
    const auto type = voxels.scalar_type();
    const bool kept = type == torch::kUInt8 || type == torch::kInt8 || type == torch::kInt16 || type == torch::kInt32 ||
                      type == torch::kFloat32;
    return kept ? voxels : voxels.to(torch::kFloat32);
}

/// Throws Error where a model cannot analyse an image: another rank, too small, empty, or values that are no numbers.
/// `Model::localize` asks this itself; who asks before loading a model learns it at once.
inline void require_suitable(const ModelInfo& info, const Image& image) {
    if (image.voxels.sizes() != c10::IntArrayRef(image.grid.shape))
        throw Error("The voxels do not have the shape of their grid.");
    const auto ndim = static_cast<std::int64_t>(image.grid.ndim());
    if (ndim != info.ndim)
        throw Error("The model " + info.title() + " analyses " + std::to_string(info.ndim) +
                        "D images, this image is " + std::to_string(ndim) + "D.",
                    "Choose another model or another image.");
    const std::vector<double> spacing_mm = image.spacing_known
                                               ? image.grid.spacing_mm()
                                               : std::vector<double>(image.grid.ndim(), info.training_spacing_mm);
    if (const std::string too_small = info.too_small(image.grid.shape, spacing_mm); !too_small.empty())
        throw Error(too_small,
                    std::string(image.spacing_known ? "Check" : "Set") + " its pixel size, or use a larger image.");
    const torch::Tensor voxels = computable(image.voxels);
    const auto low = voxels.min().item<double>(), high = voxels.max().item<double>();
    if (!std::isfinite(low) || !std::isfinite(high))
        throw Error("The image holds values that are not numbers (NaN or infinite).", "Repair it, or export it again.");
    if (low == high)
        throw Error("The image is empty: every pixel has the same value.", "Use an image that shows something.");
}

/// A loaded model. It may be shared between threads; they run one after the other.
class Model {
public:
    /// Load a model file. Its metadata is checked before its code is loaded.
    /// Throws Error where the file is missing, damaged or foreign, or its network does not fit its metadata.
    static Model load(const std::filesystem::path& path) {
        Model model;
        model.info_ = read_model_info(path);
        model.path_ = path;
        const torch::jit::Module& module = model.on("cpu");
        for (const char* method : {"prepare", "global_stage", "local_stage", "conclude", "stage_count", "tile_for"}) {
            if (!module.find_method(method)) throw misfit(path);
        }
        try {
            if (stage_count(module) != static_cast<std::int64_t>(model.info_.stages.size())) throw misfit(path);
        } catch (const Failure&) {
            throw misfit(path);
        }
        return model;
    }

    [[nodiscard]] const ModelInfo& info() const { return info_; }

    /// Localize the model's landmarks.
    ///
    /// Where the image's spacing is unknown, the model's training spacing is taken and a warning says so; the landmarks
    /// then come back in the image's own grid, that is in px. Out of memory on a GPU, the run is repeated on the CPU,
    /// with a warning. Throws Error where the image does not suit the model, Cancelled where `should_stop` said so.
    Prediction localize(const Image& image, const Options& options = {}) {
        const auto started = std::chrono::steady_clock::now();
        const std::lock_guard<std::mutex> one_at_a_time(*mutex_);
        require_suitable(info_, image);
        Prediction prediction;
        prediction.model = info_.title();
        prediction.device = choose_device(options.device);
        if (std::string warning = spacing_warning(image); !warning.empty()) prediction.warnings.push_back(warning);
        const std::vector<double> training_spacing(image.grid.ndim(), info_.training_spacing_mm);
        const AxisOrder canonical =
            canonical_order(image.spacing_known ? image.grid : Grid::from_spacing(image.grid.shape, training_spacing));
        const torch::Tensor voxels =
            computable(image.voxels).permute(canonical.order).flip(canonical.flipped).contiguous();
        const Output output = run_where_it_fits({voxels, image.voxels.nbytes(), canonical.grid, options}, prediction);
        // Where the pixel size is unknown the answer is in px: the same indices on the image's own grid of spacing 1.
        const Grid& grid = image.spacing_known ? canonical.grid : image.grid;
        prediction.landmarks = landmarks(output, grid, canonical.grid, image.grid);
        if (std::string warning = outside_warning(prediction.landmarks, image.grid); !warning.empty())
            prediction.warnings.push_back(warning);
        prediction.elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        return prediction;
    }

private:
    /// What is analysed: canonical voxels and where they are, and how.
    struct Job {
        torch::Tensor voxels;
        std::size_t image_bytes;
        const Grid& grid;
        const Options& options;
    };
    /// What the model says, on the CPU in float64: `points_index` (L, D), and (L,) each of the others.
    struct Output {
        torch::Tensor points_index, presence, spread_mm, radius_mm;
    };
    /// What torch complains about; it throws errors of several kinds, with long texts.
    struct Failure {
        std::string text;
        bool out_of_memory;
    };

    Model() = default;

    static Error misfit(const std::filesystem::path& path) {
        return Error("The network in " + utf8_text(path.filename()) + " does not do what its metadata says.",
                     "Export the model again with cairn-train.");
    }

    /// Do something with torch; throws Failure.
    template <typename Work>
    static auto guarded(Work work) {
        try {
            return work();
        } catch (const std::bad_alloc&) {
            throw Failure{"out of memory", true};
        } catch (const c10::Error& error) {
            throw failure_of(error.what_without_backtrace());
        } catch (const std::exception& error) {
            throw failure_of(error.what());
        }
    }
    static Failure failure_of(const std::string& text) {
        constexpr std::array words = {"out of memory", "not enough memory", "can't allocate memory"};
        const auto is_in_text = [&text](const char* phrase) { return text.find(phrase) != std::string::npos; };
        return {text, std::any_of(words.begin(), words.end(), is_in_text)};
    }

    static c10::IValue call(const torch::jit::Module& module, const char* method, std::vector<c10::IValue> arguments) {
        return guarded([&] { return module.get_method(method)(std::move(arguments)); });
    }
    static std::int64_t stage_count(const torch::jit::Module& module) {
        const c10::IValue count = call(module, "stage_count", {});
        return guarded([&count] { return count.toInt(); });
    }

    /// Return the network on a device, loaded there the first time: the weights of a frozen one cannot be moved later.
    const torch::jit::Module& on(const std::string& device) {
        if (const auto found = modules_.find(device); found != modules_.end()) return found->second;
        std::ifstream stream(path_, std::ios::binary);
        try {
            return modules_[device] = guarded(
                       [&] { return torch::jit::load(stream, torch::Device(device), /*load_debug_files=*/false); });
        } catch (const Failure& failure) {
            modules_.erase(device);
            if (device != "cpu" || failure.out_of_memory) throw;  // the file was loaded before: it is the device
            throw Error("The model file " + utf8_text(path_.filename()) + " is damaged: its network cannot be loaded.",
                        "Copy or export the file again.");
        }
    }

    /// Say where the spacing that will be used is not the file's, or is unlike anything the model has seen.
    [[nodiscard]] std::string spacing_warning(const Image& image) const {
        if (!image.spacing_known)
            return "The image has no pixel size; " + general_text(info_.training_spacing_mm) +
                   " mm is assumed, as in the training images of " + info_.title() + ". Positions are given in px.";
        return info_.doubt_about(image.grid.spacing_mm());
    }

    /// Say which landmarks lie outside the image: the model has probably not recognised what it shows.
    [[nodiscard]] static std::string outside_warning(const std::vector<Landmark>& landmarks, const Grid& own) {
        constexpr std::size_t named_at_most = 5;
        std::size_t outside = 0;
        std::string names;
        for (const Landmark& landmark : landmarks) {
            bool is_inside = true;
            for (std::size_t axis = 0; axis < landmark.point_px.size(); ++axis) {
                const auto samples = static_cast<double>(own.shape[own.ndim() - 1 - axis]);
                is_inside = is_inside && landmark.point_px[axis] >= -0.5 && landmark.point_px[axis] <= samples - 0.5;
            }
            if (!is_inside && ++outside <= named_at_most) names += (outside > 1 ? ", " : "") + landmark.name;
        }
        if (outside == 0) return "";
        if (outside > named_at_most) names += " and " + std::to_string(outside - named_at_most) + " more";
        return std::to_string(outside) + " of " + std::to_string(landmarks.size()) +
               " landmarks were found outside the image (" + names +
               "), so they cannot be right. Check what the image shows, and its pixel size.";
    }

    /// Put torch's complaint into plain words; for memory, with how much the image needs at least.
    [[nodiscard]] Error plain(const Failure& failure, const Job& job, const std::string& device) const {
        if (device == "cpu" && failure.out_of_memory) {
            const auto bytes = job.voxels.numel() * (2 * job.voxels.element_size() + 4);
            return Error("There is not enough free memory to analyse this image. It needs at least " +
                             fixed_text(program_gb + static_cast<double>(bytes) / 1e9, 1) +
                             " GB, and the limit is " + general_text(job.options.memory_gb) + " GB.",
                         "Close other programs, or crop the image around the region of interest and open that.");
        }
        return Error("The model " + info_.title() + " failed on this image (" + last_line(failure.text) + ").",
                     device == "cpu" ? "Export the model again."
                                     : "Try device cpu; if it fails there too, export the model again.");
    }

    /// Return the last line of torch's complaint: what comes before says only where in the network it was.
    static std::string last_line(const std::string& complaint) {
        const std::size_t end = complaint.find_last_not_of("\r\n");
        const std::string text = complaint.substr(0, end == std::string::npos ? 0 : end + 1);
        const std::size_t line = text.find_last_of('\n');
        return text.substr(line == std::string::npos ? 0 : line + 1);
    }

    /// Run on the prediction's device. Out of memory on a GPU, and on one that was not asked for whatever fails there,
    /// go on to the CPU and say so.
    Output run_where_it_fits(const Job& job, Prediction& prediction) {
        try {
            return run(job, prediction.device);
        } catch (const Failure& failure) {
            if (prediction.device == "cpu" || !(job.options.device == "auto" || failure.out_of_memory))
                throw plain(failure, job, prediction.device);
            const std::string problem =
                failure.out_of_memory ? "ran out of memory" : "failed (" + last_line(failure.text) + ")";
            prediction.warnings.push_back("The device " + prediction.device + " " + problem +
                                          ", so the image was analysed on the CPU.");
        }
        prediction.device = "cpu";
        try {
            return run(job, prediction.device);
        } catch (const Failure& failure) {
            throw plain(failure, job, prediction.device);
        }
    }

    /// Run all stages.
    Output run(const Job& job, const std::string& device_name) {
        const Options& options = job.options;
        const auto between = [&options](double fraction, const std::string& doing) {
            if (options.should_stop && options.should_stop()) throw Cancelled();
            if (options.progress) options.progress(fraction, doing);
        };
        between(0.0, "Preparing the image");
        const c10::InferenceMode no_gradients;
        // torch's run-time optimisation is worth little here and makes the first two runs several times slower.
        const torch::jit::GraphOptimizerEnabledGuard without_optimisation(false);
        const torch::jit::Module& module = on(device_name);
        const torch::Device device(device_name);
        const std::vector<double> spacing_mm = job.grid.spacing_mm();
        const torch::Tensor spacing = guarded(
            [&] { return torch::tensor(c10::ArrayRef<double>(spacing_mm), torch::dtype(torch::kFloat32)).to(device); });
        const c10::IValue prepared = call(module, "prepare", {guarded([&] { return job.voxels.to(device); })});
        const std::int64_t count = stage_count(module);
        between(0.2, "Looking at the whole image");
        const double left_bytes = (options.memory_gb - program_gb) * 1e9 - static_cast<double>(job.image_bytes);
        const c10::IValue tile = call(module, "tile_for", {job.grid.shape, spacing, left_bytes});
        const c10::TypePtr list_type = module.get_method("conclude").function().getSchema().arguments().at(1).type();
        c10::impl::GenericList stages(list_type->expectRef<c10::ListType>().getElementType());
        stages.push_back(call(module, "global_stage", {prepared, spacing, tile}));
        for (std::int64_t stage = 1; stage < count; ++stage) {
            between(0.2 + 0.8 * static_cast<double>(stage) / static_cast<double>(count),
                    "Refining (" + std::to_string(stage) + " of " + std::to_string(count - 1) + ")");
            const torch::Tensor points_index = field(stages.get(stages.size() - 1), "points_index");
            stages.push_back(call(module, "local_stage", {prepared, spacing, stage, points_index}));
        }
        between(1.0, "Done");
        return fetched(call(module, "conclude", {stages, spacing}));
    }

    /// Bring the answer to the CPU, and make sure that it speaks of the landmarks of the metadata.
    [[nodiscard]] Output fetched(const c10::IValue& answer) const {
        const auto fetch = [&answer](const char* name) {
            return guarded([&] { return field(answer, name).cpu().to(torch::kFloat64).contiguous(); });
        };
        Output output{fetch("points_index"), fetch("presence"), fetch("spread_mm"), fetch("radius_mm")};
        const auto count = static_cast<std::int64_t>(info_.landmarks.size());
        bool fits = output.points_index.sizes() == c10::IntArrayRef({count, info_.ndim});
        for (const torch::Tensor* each : {&output.presence, &output.spread_mm, &output.radius_mm})
            fits = fits && each->sizes() == c10::IntArrayRef({count});
        if (!fits) throw misfit(path_);
        return output;
    }

    /// Return a tensor of a named tuple.
    static torch::Tensor field(const c10::IValue& tuple, const std::string& name) {
        return guarded([&] {
            const auto& schema = tuple.toTupleRef().type()->schema();
            const auto which = schema ? schema->argumentIndexWithName(name) : std::nullopt;
            TORCH_CHECK(which, "the answer has no ", name);
            return tuple.toTupleRef().elements().at(static_cast<std::size_t>(*which)).toTensor();
        });
    }

    /// Map indices of the analysed grid to `grid`, and name everything.
    [[nodiscard]] std::vector<Landmark> landmarks(const Output& output, const Grid& grid, const Grid& analysed,
                                                  const Grid& own) const {
        const std::size_t ndim = grid.ndim();
        const Affine index_from_mm = own.index_from_mm();
        double units_mm = 0.0;
        for (std::size_t axis = 0; axis < ndim; ++axis)
            units_mm += grid.spacing_mm()[axis] / analysed.spacing_mm()[axis];
        const auto unit_mm = static_cast<float>(units_mm / static_cast<double>(ndim));
        const auto points = output.points_index.accessor<double, 2>();
        std::vector<Landmark> found;
        for (std::size_t row = 0; row < info_.landmarks.size(); ++row) {
            const auto at = static_cast<std::int64_t>(row);
            Landmark landmark;
            landmark.name = info_.landmarks[row];
            landmark.presence = static_cast<float>(output.presence[at].item<double>());
            landmark.spread_mm = static_cast<float>(output.spread_mm[at].item<double>()) * unit_mm;
            landmark.radius_mm = static_cast<float>(output.radius_mm[at].item<double>()) * unit_mm;
            landmark.found = !(landmark.presence < static_cast<float>(info_.presence_threshold));
            if (landmark.found) {
                Vector index{};
                for (std::size_t axis = 0; axis < ndim; ++axis)
                    index[axis] = points[at][static_cast<std::int64_t>(axis)];
                const Vector mm = grid.mm_from_index(index);
                const Vector own_index = index_from_mm(mm);
                for (std::size_t axis = 0; axis < ndim; ++axis) {
                    landmark.point_mm.push_back(mm[axis]);
                    landmark.point_px.push_back(own_index[ndim - 1 - axis]);
                }
            }
            found.push_back(std::move(landmark));
        }
        return found;
    }

    ModelInfo info_;
    std::filesystem::path path_;
    std::map<std::string, torch::jit::Module> modules_;
    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
};

}  // namespace cairn
