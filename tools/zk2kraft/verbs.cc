#include <vector>

#include "tools/zk2kraft/verb.h"

namespace tools {

Verb campaign_verb();
Verb check_verb();
Verb compare_verb();
Verb completion_verb();
Verb diff_verb();
Verb drive_verb();
Verb dump_verb();
Verb gate_verb();
Verb inspect_verb();
Verb man_verb();
Verb plan_verb();
Verb pseudonymise_verb();
Verb render_verb();
Verb run_verb();
Verb status_verb();

std::span<const Verb> verbs() {
  static const std::vector<Verb> all{
      inspect_verb(), check_verb(), plan_verb(),         render_verb(),     status_verb(),
      gate_verb(),    run_verb(),   campaign_verb(),     compare_verb(),    drive_verb(),
      diff_verb(),    dump_verb(),  pseudonymise_verb(), completion_verb(), man_verb()};
  return all;
}

}  // namespace tools
