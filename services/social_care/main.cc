#include "libs/service/writer_process.h"
#include "services/social_care/vocabulary.h"

int main(int argc, char** argv) {
  return vigil::service::RunWriter(vigil::social_care::SocialCare(), argc,
                                   argv);
}
