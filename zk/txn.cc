#include "zk/txn.h"

#include <algorithm>

namespace zk {

std::string_view name_of(TxnType type) {
  switch (type) {
    case TxnType::CloseSession:
      return "closeSession";
    case TxnType::CreateSession:
      return "createSession";
    case TxnType::Error:
      return "error";
    case TxnType::Create:
      return "create";
    case TxnType::Delete:
      return "delete";
    case TxnType::SetData:
      return "setData";
    case TxnType::SetAcl:
      return "setACL";
    case TxnType::Check:
      return "check";
    case TxnType::Multi:
      return "multi";
    case TxnType::Create2:
      return "create2";
    case TxnType::Reconfig:
      return "reconfig";
    case TxnType::CreateContainer:
      return "createContainer";
    case TxnType::DeleteContainer:
      return "deleteContainer";
    case TxnType::CreateTtl:
      return "createTTL";
  }
  return "unknown";
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Ok:
      return "Ok";
    case ErrorCode::SystemError:
      return "SystemError";
    case ErrorCode::RuntimeInconsistency:
      return "RuntimeInconsistency";
    case ErrorCode::DataInconsistency:
      return "DataInconsistency";
    case ErrorCode::ConnectionLoss:
      return "ConnectionLoss";
    case ErrorCode::MarshallingError:
      return "MarshallingError";
    case ErrorCode::Unimplemented:
      return "Unimplemented";
    case ErrorCode::OperationTimeout:
      return "OperationTimeout";
    case ErrorCode::BadArguments:
      return "BadArguments";
    case ErrorCode::NewConfigNoQuorum:
      return "NewConfigNoQuorum";
    case ErrorCode::ReconfigInProgress:
      return "ReconfigInProgress";
    case ErrorCode::ApiError:
      return "APIError";
    case ErrorCode::NoNode:
      return "NoNode";
    case ErrorCode::NoAuth:
      return "NoAuth";
    case ErrorCode::BadVersion:
      return "BadVersion";
    case ErrorCode::NoChildrenForEphemerals:
      return "NoChildrenForEphemerals";
    case ErrorCode::NodeExists:
      return "NodeExists";
    case ErrorCode::NotEmpty:
      return "NotEmpty";
    case ErrorCode::SessionExpired:
      return "SessionExpired";
    case ErrorCode::InvalidCallback:
      return "InvalidCallback";
    case ErrorCode::InvalidAcl:
      return "InvalidACL";
    case ErrorCode::AuthFailed:
      return "AuthFailed";
    case ErrorCode::SessionMoved:
      return "SessionMoved";
    case ErrorCode::NotReadOnly:
      return "NotReadOnly";
    case ErrorCode::EphemeralOnLocalSession:
      return "EphemeralOnLocalSession";
    case ErrorCode::NoWatcher:
      return "NoWatcher";
    case ErrorCode::RequestTimeout:
      return "RequestTimeout";
    case ErrorCode::ReconfigDisabled:
      return "ReconfigDisabled";
    case ErrorCode::SessionClosedRequireSaslAuth:
      return "SessionClosedRequireSaslAuth";
    case ErrorCode::QuotaExceeded:
      return "QuotaExceeded";
    case ErrorCode::ThrottledOp:
      return "ThrottledOp";
  }
  return "unknown";
}

bool MultiTxn::failed() const {
  return std::ranges::any_of(txns,
                             [](const SubTxn& txn) { return type_of(txn) == TxnType::Error; });
}

TxnType type_of(const Txn& txn) {
  return std::visit([]<class T>(const T&) { return T::kType; }, txn);
}

TxnType type_of(const SubTxn& txn) {
  return std::visit([]<class T>(const T&) { return T::kType; }, txn);
}

}  // namespace zk
