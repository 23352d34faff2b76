#pragma once

#include "zk/txn.h"

// The seeded defect "zk-multi-not-atomic": a multi whose operations before the failing one are applied all the same. In
// the log such a transaction looks like a failed multi with one more part, an error that is none; sound servers never
// write it.
namespace zk {

inline SubTxn torn_mark() {
  return ErrorTxn{ErrorCode::Ok};
}
inline bool is_torn_mark(const SubTxn& part) {
  return part == torn_mark();
}
inline bool is_torn(const MultiTxn& multi) {
  return !multi.txns.empty() && is_torn_mark(multi.txns.back());
}

}  // namespace zk
