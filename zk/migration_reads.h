#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/ids.h"
#include "zk/request.h"
#include "zk/znodes.h"

// The reads of which the copy and the reconciliation are made, each a copyable machine with the
// batches of KafkaZkClient: what is pipelined there is one batch here, what is read one after the
// other is one batch each. They collect what the znodes hold; what to make of it is for their users
// to say.
namespace zk {

// What a read found at a znode: its bytes, its version, or an error. NoNode is an answer like any
// other.
struct ZnodeAnswer {
  std::string path;
  ErrorCode error = ErrorCode::Ok;
  Data data;
  DataVersion version;
  bool exists() const { return error != ErrorCode::NoNode; }
};
// Requires the answer to a GetData of `path`.
ZnodeAnswer znode_answer(std::string path, Response response);

// An error other than NoNode that stopped a read of a folder.
struct ReadError {
  std::string path;
  ErrorCode error = ErrorCode::Ok;
  bool operator==(const ReadError&) const = default;
};

// One znode.
class ZnodeRead {
 public:
  explicit ZnodeRead(std::string path);
  std::vector<Request> ask() const;
  void take(std::vector<Response> responses);
  const std::optional<ZnodeAnswer>& answer() const { return answer_; }

 private:
  std::string path_;
  std::optional<ZnodeAnswer> answer_;
};

// The znodes below one folder. An absent folder is an empty one.
class FolderRead {
 public:
  enum class Pace : std::uint8_t {
    Together,
    OneByOne,
    NamesOnly
  };
  FolderRead(std::string path, Pace pace);
  std::vector<Request> ask() const;
  void take(std::vector<Response> responses);

  const std::vector<std::string>& names() const { return names_; }      // sorted
  const std::vector<ZnodeAnswer>& answers() const { return answers_; }  // of each name
  const std::vector<ReadError>& errors() const { return errors_; }

 private:
  std::string path_;
  Pace pace_;
  bool listed_ = false;
  std::vector<std::string> names_;
  std::vector<ZnodeAnswer> answers_;
  std::vector<ReadError> errors_;
};

// /config/users/<user>/clients/<client> (AdminZkClient.fetchAllChildEntityConfigs).
class UserClientsRead {
 public:
  struct Entity {
    std::string user;  // as the znodes are named
    std::string client;
    ZnodeAnswer answer;
  };
  std::vector<Request> ask() const;
  void take(std::vector<Response> responses);

  const std::vector<Entity>& entities() const { return entities_; }
  const std::vector<ReadError>& errors() const { return errors_; }

 private:
  bool listed_ = false;
  std::vector<std::string> users_;
  std::size_t users_listed_ = 0;
  std::vector<Entity> entities_;
  std::size_t entities_read_ = 0;
  std::vector<ReadError> errors_;
};

// /brokers/topics without those that wait to be deleted, topic after topic
// (ZkTopicMigrationClient.iterateTopics).
class TopicsRead {
 public:
  enum class Configs : std::uint8_t {
    Read,
    Skip
  };
  // One topic whose znodes have all been read. `states` has an answer for each partition of the
  // znode.
  struct Topic {
    std::string name;
    ZnodeAnswer znode;
    Parsed<TopicZnode> parsed;
    std::optional<ZnodeAnswer> config;
    std::map<sim::PartitionId, ZnodeAnswer> states;
  };
  explicit TopicsRead(Configs configs) : configs_(configs) {}
  std::vector<Request> ask() const;
  void take(std::vector<Response> responses);

  // The topics that the last batch completed: one, and those behind it that cannot be read.
  std::vector<Topic> take_complete();
  const std::vector<std::string>& pending_deletions() const { return pending_deletions_; }
  const std::vector<ReadError>& errors() const { return errors_; }

 private:
  enum class Step : std::uint8_t {
    Names,
    Deletions,
    Znodes,
    Config,
    States,
    Done
  };
  void next_topic();
  void read_states_or_complete();

  Configs configs_;
  Step step_ = Step::Names;
  std::vector<std::string> names_;
  std::vector<std::string> pending_deletions_;
  std::vector<ZnodeAnswer> znodes_;  // of each name
  std::size_t next_ = 0;
  std::optional<Topic> current_;
  std::vector<Topic> complete_;
  std::vector<ReadError> errors_;
};

// Both stores of ACLs, literal patterns first (AclAuthorizer.loadAllAcls).
class AclsRead {
 public:
  struct Acls {
    ResourcePattern resource;
    ZnodeAnswer answer;
  };
  std::vector<Request> ask() const;
  void take(std::vector<Response> responses);

  const std::vector<Acls>& acls() const { return acls_; }
  const std::vector<ReadError>& errors() const { return errors_; }

 private:
  enum class Step : std::uint8_t {
    Types,
    Names,
    Entries,
    Done
  };
  sim::PatternType pattern() const;
  std::string folder() const;
  void next_type();

  Step step_ = Step::Types;
  std::size_t store_ = 0;
  std::vector<sim::AclResourceType> types_;
  std::size_t type_ = 0;
  std::vector<std::string> names_;
  std::size_t name_ = 0;
  std::vector<Acls> acls_;
  std::vector<ReadError> errors_;
};

}  // namespace zk
