#include "zk/migration_reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/base/check.h"
#include "zk/paths.h"

namespace zk {
namespace {

// Names below a folder, sorted; an absent folder is empty, another error is remembered.
std::vector<std::string> names_from(std::string_view path, std::vector<Response>& responses,
                                    std::vector<ReadError>& errors) {
  sim::check(responses.size() == 1, "one request has one answer");
  Response& response = responses.front();
  if (response.error == ErrorCode::NoNode) return {};
  auto* const children = std::get_if<GotChildren>(&response.result);
  if (!response.ok() || children == nullptr) {
    errors.push_back({std::string(path), response.ok() ? ErrorCode::SystemError : response.error});
    return {};
  }
  std::ranges::sort(children->children);
  return std::move(children->children);
}

}  // namespace

ZnodeAnswer znode_answer(std::string path, Response response) {
  ZnodeAnswer answer{.path = std::move(path), .error = response.error};
  if (auto* const got = std::get_if<GotData>(&response.result); got != nullptr && response.ok()) {
    answer.data = std::move(got->data);
    answer.version = got->stat.version;
  } else if (response.ok()) {
    answer.error = ErrorCode::SystemError;
  }
  return answer;
}

// ── One znode ───────────────────────────────────────────────────────────────────────────────────

ZnodeRead::ZnodeRead(std::string path) : path_(std::move(path)) {}

std::vector<Request> ZnodeRead::ask() const {
  if (answer_) return {};
  return {GetData{path_}};
}

void ZnodeRead::take(std::vector<Response> responses) {
  sim::check(responses.size() == 1, "one request has one answer");
  answer_ = znode_answer(path_, std::move(responses.front()));
}

// ── One folder ──────────────────────────────────────────────────────────────────────────────────

FolderRead::FolderRead(std::string path, Pace pace) : path_(std::move(path)), pace_(pace) {}

std::vector<Request> FolderRead::ask() const {
  if (!listed_) return {GetChildren{path_}};
  std::vector<Request> requests;
  if (pace_ == Pace::NamesOnly) return requests;
  const std::size_t end =
      pace_ == Pace::Together ? names_.size() : std::min(answers_.size() + 1, names_.size());
  for (std::size_t i = answers_.size(); i < end; ++i) {
    requests.emplace_back(GetData{paths::child(path_, names_[i])});
  }
  return requests;
}

void FolderRead::take(std::vector<Response> responses) {
  if (!listed_) {
    listed_ = true;
    names_ = names_from(path_, responses, errors_);
    return;
  }
  for (Response& response : responses) {
    std::string path = paths::child(path_, names_.at(answers_.size()));
    answers_.push_back(znode_answer(std::move(path), std::move(response)));
  }
}

// ── users/*/clients/* ───────────────────────────────────────────────────────────────────────────

std::vector<Request> UserClientsRead::ask() const {
  if (!listed_) return {GetChildren{paths::config_type(paths::kUserEntity)}};
  if (users_listed_ < users_.size())
    return {GetChildren{paths::user_clients(users_[users_listed_])}};
  if (entities_read_ < entities_.size()) return {GetData{entities_[entities_read_].answer.path}};
  return {};
}

void UserClientsRead::take(std::vector<Response> responses) {
  if (!listed_) {
    listed_ = true;
    users_ = names_from(paths::config_type(paths::kUserEntity), responses, errors_);
  } else if (users_listed_ < users_.size()) {
    const std::string& user = users_[users_listed_++];
    const std::string folder = paths::user_clients(user);
    for (std::string& client : names_from(folder, responses, errors_)) {
      ZnodeAnswer unread{.path = paths::child(folder, client)};
      entities_.push_back({user, std::move(client), std::move(unread)});
    }
  } else {
    sim::check(responses.size() == 1, "one request has one answer");
    ZnodeAnswer& answer = entities_.at(entities_read_++).answer;
    answer = znode_answer(std::move(answer.path), std::move(responses.front()));
  }
}

// ── Topics ──────────────────────────────────────────────────────────────────────────────────────

std::vector<Request> TopicsRead::ask() const {
  std::vector<Request> requests;
  switch (step_) {
    case Step::Names:
      requests.emplace_back(GetChildren{std::string(paths::kTopics)});
      break;
    case Step::Deletions:
      requests.emplace_back(GetChildren{std::string(paths::kDeleteTopics)});
      break;
    case Step::Znodes:
      for (const std::string& name : names_) requests.emplace_back(GetData{paths::topic(name)});
      break;
    case Step::Config:
      requests.emplace_back(GetData{paths::config(paths::kTopicEntity, current_->name)});
      break;
    case Step::States:
      for (const auto& [id, assignment] : current_->parsed->partitions) {
        requests.emplace_back(GetData{paths::partition_state(current_->name, id)});
      }
      break;
    case Step::Done:
      break;
  }
  return requests;
}

void TopicsRead::take(std::vector<Response> responses) {
  switch (step_) {
    case Step::Names:
      names_ = names_from(paths::kTopics, responses, errors_);
      step_ = Step::Deletions;
      return;
    case Step::Deletions: {
      pending_deletions_ = names_from(paths::kDeleteTopics, responses, errors_);
      std::vector<std::string> kept;
      std::ranges::set_difference(names_, pending_deletions_, std::back_inserter(kept));
      names_ = std::move(kept);
      step_ = names_.empty() ? Step::Done : Step::Znodes;
      return;
    }
    case Step::Znodes:
      sim::check(responses.size() == names_.size(), "each request has an answer");
      for (std::size_t i = 0; i < names_.size(); ++i) {
        znodes_.push_back(znode_answer(paths::topic(names_[i]), std::move(responses[i])));
      }
      next_topic();
      return;
    case Step::Config:
      sim::check(responses.size() == 1, "one request has one answer");
      current_->config = znode_answer(paths::config(paths::kTopicEntity, current_->name),
                                      std::move(responses.front()));
      read_states_or_complete();
      return;
    case Step::States: {
      auto response = responses.begin();
      for (const auto& [id, assignment] : current_->parsed->partitions) {
        sim::check(response != responses.end(), "each request has an answer");
        current_->states.emplace_hint(
            current_->states.end(), id,
            znode_answer(paths::partition_state(current_->name, id), std::move(*response++)));
      }
      complete_.push_back(*std::move(current_));
      next_topic();
      return;
    }
    case Step::Done:
      sim::unreachable("nothing was asked");
  }
}

// A topic that cannot be parsed is complete at once: it asks for nothing.
void TopicsRead::next_topic() {
  current_.reset();
  step_ = Step::Done;
  while (next_ < names_.size()) {
    ZnodeAnswer& znode = znodes_[next_];
    Parsed<TopicZnode> parsed = std::unexpected(Unreadable{"it has vanished since it was listed"});
    if (znode.data) {
      parsed = parse_topic(*znode.data);
    } else if (znode.error != ErrorCode::Ok && znode.exists()) {
      parsed =
          std::unexpected(Unreadable{fmt::format("the server answered {}", name_of(znode.error))});
    } else if (znode.exists()) {
      parsed = std::unexpected(Unreadable{"it holds no data"});
    }
    if (parsed && !parsed->topic_id) {
      parsed =
          std::unexpected(Unreadable{"it has no topic id; brokers with an "
                                     "inter.broker.protocol.version of 2.8 or later add one"});
    }
    Topic topic{.name = names_[next_], .znode = std::move(znode), .parsed = std::move(parsed)};
    znode = {};
    ++next_;
    if (!topic.parsed) {
      complete_.push_back(std::move(topic));
      continue;
    }
    current_ = std::move(topic);
    if (configs_ == Configs::Read) {
      step_ = Step::Config;
    } else {
      read_states_or_complete();
    }
    if (step_ != Step::Done) return;
  }
}

void TopicsRead::read_states_or_complete() {
  if (!current_->parsed->partitions.empty()) {
    step_ = Step::States;
    return;
  }
  complete_.push_back(*std::move(current_));
  current_.reset();
  // Called from next_topic without configs, its loop goes on; after a config read it starts anew.
  const bool in_loop = step_ == Step::Done;
  step_ = Step::Done;
  if (!in_loop) next_topic();
}

std::vector<TopicsRead::Topic> TopicsRead::take_complete() {
  return std::exchange(complete_, {});
}

// ── ACLs ────────────────────────────────────────────────────────────────────────────────────────

sim::PatternType AclsRead::pattern() const {
  return store_ == 0 ? sim::PatternType::Literal : sim::PatternType::Prefixed;
}

std::string AclsRead::folder() const {
  const std::string_view store = store_ == 0 ? paths::kAcls : paths::kPrefixedAcls;
  return step_ == Step::Types ? std::string(store)
                              : paths::child(store, path_element_of(types_.at(type_)));
}

std::vector<Request> AclsRead::ask() const {
  switch (step_) {
    case Step::Types:
    case Step::Names:
      return {GetChildren{folder()}};
    case Step::Entries:
      return {GetData{paths::child(folder(), names_.at(name_))}};
    case Step::Done:
      return {};
  }
  return {};
}

void AclsRead::take(std::vector<Response> responses) {
  switch (step_) {
    case Step::Types:
      types_.clear();
      // A name that is no resource type reads as Unknown, and /kafka-acl/Unknown does not exist.
      for (const std::string& name : names_from(folder(), responses, errors_)) {
        const sim::AclResourceType type = resource_type_of(name);
        if (std::ranges::find(types_, type) == types_.end()) types_.push_back(type);
      }
      type_ = 0;
      step_ = Step::Names;
      if (types_.empty()) next_type();
      return;
    case Step::Names:
      names_ = names_from(folder(), responses, errors_);
      name_ = 0;
      if (names_.empty()) {
        next_type();
      } else {
        step_ = Step::Entries;
      }
      return;
    case Step::Entries: {
      sim::check(responses.size() == 1, "one request has one answer");
      std::string path = paths::child(folder(), names_[name_]);
      acls_.push_back({{types_[type_], pattern(), names_[name_]},
                       znode_answer(std::move(path), std::move(responses.front()))});
      if (++name_ == names_.size()) next_type();
      return;
    }
    case Step::Done:
      sim::unreachable("nothing was asked");
  }
}

void AclsRead::next_type() {
  ++type_;
  if (type_ < types_.size()) {
    step_ = Step::Names;
  } else if (store_ == 0) {
    store_ = 1;
    step_ = Step::Types;
  } else {
    step_ = Step::Done;
  }
}

}  // namespace zk
