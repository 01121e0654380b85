#include <iostream>
#include <vector>

#include "cairn.hpp"

int main(int count, char** words) {
    try {
        if (count != 2) throw cairn::Error("The model file is missing.", "Usage: cairn-example MODEL.pt");
        cairn::Model model = cairn::Model::load(words[1]);

        // Your own pixels, here a 2D picture of 16-bit numbers: rows from top to bottom, 0.1 mm from pixel to pixel.
        std::vector<std::int16_t> pixels(600 * 400);
        for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::int16_t>(i % 400 * (i / 400));
        const cairn::Grid grid = cairn::Grid::from_spacing({600, 400}, {0.1, 0.1});
        const torch::Tensor voxels = torch::from_blob(pixels.data(), grid.shape, torch::kInt16);

        const cairn::Prediction prediction = model.localize({voxels, grid});
        for (const cairn::Landmark& landmark : prediction.landmarks) {
            if (!landmark.found) continue;
            std::cout << landmark.name << ": x " << landmark.point_mm[0] << " mm, y " << landmark.point_mm[1]
                      << " mm\n";
        }
        for (const std::string& warning : prediction.warnings) std::cerr << warning << "\n";
        return 0;
    } catch (const cairn::Error& error) {
        std::cerr << error.what() << "\n";
        return 2;
    }
}
