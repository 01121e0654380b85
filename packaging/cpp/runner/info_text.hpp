// What `cairn-run MODEL.pt --info` prints: the metadata of a model in plain words. No torch here.
#pragma once

#include <string>

#include "../cairn/model_info.hpp"

namespace cairn {

std::string info_text(const ModelInfo& info);

}  // namespace cairn
