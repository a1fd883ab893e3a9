#include "tools/vigil/synthetic_area.h"

#include "tools/vigil/synthetic_world.h"

namespace vigil::cli {

SyntheticArea::SyntheticArea(const SyntheticOptions& options)
    : world_(std::make_unique<World>(options)) {}

SyntheticArea::~SyntheticArea() = default;

void SyntheticArea::Generate(
    const std::function<void(absl::string_view writer, absl::string_view line)>&
        send) {
  world_->Generate(send);
}

std::string SyntheticArea::ChildrenJson() const {
  return world_->ChildrenJson();
}

}  // namespace vigil::cli
