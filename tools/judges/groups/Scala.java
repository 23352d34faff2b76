import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import scala.Option;
import scala.collection.Iterable;
import scala.jdk.javaapi.CollectionConverters;

/** Between Java's collections and Scala's. */
final class Scala {
  static <T> scala.collection.immutable.List<T> list(List<T> list) {
    return CollectionConverters.asScala(list).toList();
  }

  static <K, V> scala.collection.immutable.Map<K, V> map(java.util.Map<K, V> map) {
    return scala.collection.immutable.Map$.MODULE$.from(CollectionConverters.asScala(map));
  }

  static <T> java.lang.Iterable<T> each(Iterable<T> all) {
    return CollectionConverters.asJava(all);
  }

  static <T> T orNull(Option<T> option) {
    return option.isDefined() ? option.get() : null;
  }

  static Option<String> text(JsonNode node) {
    return Option.apply(node == null || node.isNull() ? null : node.asText());
  }
}
