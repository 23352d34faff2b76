#include "migrate/config/config_reference.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

using migrate::ConfigReference;

TEST(ConfigReferences, AreFoundAsKafkaFindsThem) {
  using References = std::vector<ConfigReference>;
  EXPECT_EQ(migrate::references_in("plain $HOME ${no} {x:y}"), References{});
  EXPECT_EQ(migrate::references_in("${env:KAFKA_ID}"),
            (References{{"env", std::nullopt, "KAFKA_ID", 0, 15}}));
  EXPECT_EQ(migrate::references_in("x${file:/etc/s.properties:pw}${dir:/a:b:c}"),
            (References{{"file", "/etc/s.properties", "pw", 1, 29}, {"dir", "/a", "b:c", 29, 42}}));
  EXPECT_EQ(migrate::references_in("${no}${vault:k}"),
            (References{{"vault", std::nullopt, "k", 5, 15}}));
}

}  // namespace
