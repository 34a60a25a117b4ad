package contracts.wire;

import contracts.exact.Bytes;
import contracts.exact.ContractException;
import contracts.exact.Maps;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * The words of a case.
 *
 * <p>A case is an operator and its inputs, a result is `ok` and the outputs, `error` with its full
 * name and what it tells, or `skip`.
 */
public final class Words {
  /** Reads a value. */
  @FunctionalInterface
  public interface Reader<T> {
    T read() throws Breach;
  }

  /** Tries a case. */
  @FunctionalInterface
  public interface Tried {
    void run(String operator, Words words, Out out) throws Breach;
  }

  /** Writes what an error tells. */
  @FunctionalInterface
  public interface Told {
    void run(ContractException error, Out out);
  }

  private final Iterator<String> rest;

  private Words(String line) {
    rest = Arrays.asList(line.split(" ")).iterator();
  }

  /** The next word. */
  public String word() {
    return rest.next();
  }

  /** A truth. */
  public boolean truth() {
    return word().equals("1");
  }

  /** A whole number; what has no room is a breach. */
  public long number(String breach) throws Breach {
    try {
      return Long.parseLong(word());
    } catch (NumberFormatException error) {
      throw new Breach(breach);
    }
  }

  /** A whole number of any size. */
  public BigInteger big() {
    return new BigInteger(word());
  }

  /** Bytes. */
  public Bytes bytes() {
    return Bytes.ofHex(word().substring(1));
  }

  /** A text. */
  public String text() {
    return bytes().text().orElseThrow();
  }

  /** A value of an enum; another number is another value, or a breach. */
  public <E> E oneOf(E[] values, ToLongFunction<E> number, String breach, E otherwise) throws Breach {
    final String word = word();
    for (final E value : values) {
      if (String.valueOf(number.applyAsLong(value)).equals(word)) {
        return value;
      }
    }
    if (otherwise == null) {
      throw new Breach(breach);
    }
    return otherwise;
  }

  /** A value that may be there. */
  public <T> Optional<T> optional(Reader<T> inner) throws Breach {
    return truth() ? Optional.of(inner.read()) : Optional.empty();
  }

  /** A list. */
  public <T> List<T> list(Reader<T> element) throws Breach {
    final List<T> items = new ArrayList<>();
    for (int left = Integer.parseInt(word()); left > 0; left--) {
      items.add(element.read());
    }
    return items;
  }

  /** A map. */
  public <K, V> Map<K, V> map(Reader<K> key, Reader<V> value) throws Breach {
    Map<K, V> entries = Maps.of();
    for (int left = Integer.parseInt(word()); left > 0; left--) {
      final K own = key.read();
      entries = Maps.put(entries, own, value.read());
    }
    return entries;
  }

  /** Tries every case of the standard input. */
  public static void run(Tried tried, Told told) throws IOException {
    final PrintStream to = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    final BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      final Words words = new Words(line);
      Out out = new Out();
      try {
        tried.run(words.word(), words, out);
      } catch (Breach breach) {
        out = new Out();
        out.word("error");
        out.word(breach.getMessage());
      } catch (ContractException error) {
        out = new Out();
        out.word("error");
        out.word(error.name());
        told.run(error, out);
      }
      to.print(out + "\n");
    }
    to.flush();
  }
}
