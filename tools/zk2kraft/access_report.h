#pragma once

#include <optional>
#include <string>

#include "sim/kafka/security/acl.h"
#include "tools/source/source.h"
#include "tools/zk2kraft/facts.h"
#include "tools/zk2kraft/verb.h"

// `inspect --can`: may this principal do that, before and after the migration? Both authorizers are
// asked, whichever store the source is: AclAuthorizer, by which brokers of ZooKeeper mode decide,
// and StandardAuthorizer of KRaft.
namespace tools {

void add_access_options(po::options_description& options);

struct AccessQuestion {
  sim::RequestContext context;
  sim::Action action;
  std::optional<std::string> super_users;
  std::optional<std::string> allow_everyone;
};
// The question, if there is one. A Usage problem for words that are no operation, resource type,
// principal or address.
sim::Expected<std::optional<AccessQuestion>> access_question(const po::variables_map& arguments);

struct AccessAnswer {
  Facts facts;
  bool differs =
      false;  // the two decide differently: somebody may more, or less, after the migration
};
AccessAnswer answer_to(const AccessQuestion& question, const OpenSource& source,
                       const sim::MetadataImage& image);

}  // namespace tools
