package contracts.exact;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Maps that are never changed in place, by ascending keys. */
public final class Maps {
  private Maps() {}

  /** The order that contracts know: of texts by their characters, of all else its own. */
  @SuppressWarnings("unchecked")
  private static <K> Comparator<K> order() {
    return (a, b) ->
        a instanceof String text ? Texts.compare(text, (String) b) : ((Comparable<K>) a).compareTo(b);
  }

  /** A map of entries. */
  @SafeVarargs
  public static <K, V> Map<K, V> of(Map.Entry<K, V>... entries) {
    final SortedMap<K, V> made = new TreeMap<>(Maps.<K>order());
    for (final Map.Entry<K, V> entry : entries) {
      made.put(entry.getKey(), entry.getValue());
    }
    return Collections.unmodifiableSortedMap(made);
  }

  private static <K, V> SortedMap<K, V> copy(Map<K, V> entries) {
    final SortedMap<K, V> made = new TreeMap<>(Maps.<K>order());
    made.putAll(entries);
    return made;
  }

  /** A map with a key's value set. */
  public static <K, V> Map<K, V> put(Map<K, V> entries, K key, V value) {
    final SortedMap<K, V> made = copy(entries);
    made.put(key, value);
    return Collections.unmodifiableSortedMap(made);
  }

  /** A map without a key. */
  public static <K, V> Map<K, V> remove(Map<K, V> entries, K key) {
    final SortedMap<K, V> made = copy(entries);
    made.remove(key);
    return Collections.unmodifiableSortedMap(made);
  }

  /** A list in ascending order. */
  public static <T> List<T> sorted(List<T> items) {
    final List<T> made = new ArrayList<>(items);
    made.sort(order());
    return made;
  }
}
