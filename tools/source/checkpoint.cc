#include "tools/source/checkpoint.h"

namespace tools {

sim::MetadataImage at_end_of_log(const kraft::LoadedMetadata& loaded) {
  if (loaded.log.end == sim::Offset(0)) return loaded.image;
  return {loaded.image.parts(),
          {.last_contained_offset = loaded.log.end.plus(-1),
           .last_contained_epoch = loaded.log.epoch,
           .last_contained_log_time_ms = loaded.image.provenance().last_contained_log_time_ms}};
}

Checkpoint checkpoint_of(const MetadataSource& kraft,
                         const std::optional<zk::MigrationZnode>& migration) {
  const auto from_the_beginning = [](const kraft::LoadedMetadata& loaded) {
    return loaded.log.checkpoint ? std::nullopt : std::optional(loaded.quotas_removed);
  };
  const Checkpoint at_end{kraft.loaded.image, from_the_beginning(kraft.loaded),
                          kraft.loaded.configs_of_deleted_topics, std::nullopt};
  if (!migration || !migration->initial_migration_complete()) return at_end;
  const sim::Offset offset = migration->kraft_metadata.offset;
  if (kraft.loaded.log.end <= offset.next()) return at_end;
  if (kraft.kind == SourceKind::MetadataDirectory) {
    const auto then = kraft::load_metadata(kraft.path, {.until = offset});
    if (then)
      return {then->image, from_the_beginning(*then), then->configs_of_deleted_topics,
              std::nullopt};
    return {kraft.loaded.image, std::nullopt, {}, sim::describe(then.error())};
  }
  return {kraft.loaded.image,
          std::nullopt,
          {},
          "one file of a metadata log does not show what was true at /migration's offset"};
}

}  // namespace tools
