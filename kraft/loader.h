#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kraft/log.h"
#include "sim/kafka/delta.h"
#include "sim/kafka/image.h"

namespace kraft {

// What readers of metadata are given: the way from the image they had to the one they get. A snapshot-type
// publication tells everything anew (the first one, and what a loaded checkpoint made of the image).
struct Publication {
  enum class Kind : std::uint8_t {
    LogDelta,
    Snapshot
  };
  Kind kind = Kind::LogDelta;
  sim::MetadataDelta delta;
  sim::MetadataImage image;
};

// MetadataLoader: committed batches in, images out (kraft.md §4.2). One publication for all that was
// committed since the last look, except that a metadata transaction is published as one, when it ends, and
// what an abort takes back is never seen. Nothing is published before the log has been read up to the high
// watermark that was known when reading began.
class Loader {
 public:
  enum class Transactions : std::uint8_t {
    Atomic,
    PublishedHalf
  };  // the second is a mutant
  explicit Loader(Transactions transactions = Transactions::Atomic) : transactions_(transactions) {}

  // Reads what is committed now and was not read yet. Nothing, or one or more publications, in order.
  // A record that contradicts the image is an answer, too: its sentence stands in `fault()`, and nothing
  // is published any more.
  std::vector<Publication> read(const Log& log, Offset high_watermark);

  // The latest published image.
  const sim::MetadataImage& image() const { return image_; }
  bool published_any() const { return started_; }
  // Where reading goes on; everything before was handed to the state machines, published or not.
  Offset next_offset() const { return next_; }
  const std::optional<std::string>& fault() const { return fault_; }
  void digest_into(sim::Digest& digest) const;

 private:
  void load_checkpoint(const Checkpoint& checkpoint);
  void read_batch(const Batch& batch, std::vector<Publication>& out);
  void replay(const sim::Record& record);
  void flush(std::vector<Publication>& out);
  Publication whole_image() const;

  Transactions transactions_;
  sim::MetadataImage image_;
  std::optional<sim::MetadataDelta> delta_;
  sim::Provenance at_;  // of the last record read
  Offset next_{0};
  bool started_ = false;  // something was published
  bool in_transaction_ = false;
  bool loaded_checkpoint_ = false;
  bool anything_read_ = false;
  std::optional<std::string> fault_;
};

}  // namespace kraft
