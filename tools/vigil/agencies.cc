#include "tools/vigil/agencies.h"

#include "absl/strings/str_cat.h"
#include "vigil/education/v1/education.pb.h"
#include "vigil/health/v1/health.pb.h"
#include "vigil/mash/v1/mash.pb.h"
#include "vigil/police/v1/police.pb.h"
#include "vigil/social_care/v1/social_care.pb.h"

namespace vigil::cli {
namespace {

template <typename Item, typename Batch>
Agency Of(absl::string_view name, absl::string_view service_name) {
  const std::string service =
      absl::StrCat("vigil.", name, ".v1.", service_name);
  return {.name = std::string(name),
          .service = service,
          .method = absl::StrCat("/", service, "/SubmitBatch"),
          .item = &Item::default_instance(),
          .batch = &Batch::default_instance()};
}

}  // namespace

const std::vector<Agency>& Agencies() {
  static const auto& agencies = *new std::vector<Agency>{
      Of<police::v1::Item, police::v1::SubmitBatchRequest>("police",
                                                           "PoliceService"),
      Of<health::v1::Item, health::v1::SubmitBatchRequest>("health",
                                                           "HealthService"),
      Of<education::v1::Item, education::v1::SubmitBatchRequest>(
          "education", "EducationService"),
      Of<social_care::v1::Item, social_care::v1::SubmitBatchRequest>(
          "social_care", "SocialCareService"),
      Of<mash::v1::Item, mash::v1::SubmitBatchRequest>("mash", "MashService"),
  };
  return agencies;
}

const Agency* FindAgency(absl::string_view name) {
  for (const Agency& agency : Agencies()) {
    if (agency.name == name) return &agency;
  }
  return nullptr;
}

}  // namespace vigil::cli
