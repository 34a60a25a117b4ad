package contracts.wire;

import contracts.exact.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A result being written. */
public final class Out {
  private final List<String> words = new ArrayList<>();

  /** Writes a word. */
  public void word(String word) {
    words.add(word);
  }

  /** Writes a truth. */
  public void truth(boolean truth) {
    word(truth ? "1" : "0");
  }

  /** Writes a text. */
  public void text(String text) {
    word("x" + Bytes.utf8(text).hex());
  }

  /** Writes a value that may be there. */
  public <T> void optional(Optional<T> value, Consumer<T> inner) {
    truth(value.isPresent());
    value.ifPresent(inner);
  }

  /** Writes a list. */
  public <T> void list(List<T> items, Consumer<T> element) {
    word(String.valueOf(items.size()));
    items.forEach(element);
  }

  /** Writes a map. */
  public <K, V> void map(Map<K, V> entries, Consumer<K> key, Consumer<V> value) {
    word(String.valueOf(entries.size()));
    entries.forEach(
        (own, item) -> {
          key.accept(own);
          value.accept(item);
        });
  }

  @Override
  public String toString() {
    return String.join(" ", words);
  }
}
