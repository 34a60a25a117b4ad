package contracts.exact;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** Bytes, by their values. */
public final class Bytes implements Comparable<Bytes> {
  private final byte[] data;

  private Bytes(byte[] data) {
    this.data = data;
  }

  /** Bytes of an array, which is copied. */
  public static Bytes of(byte[] data) {
    return new Bytes(data.clone());
  }

  /** The bytes that hexadecimal digits stand for. */
  public static Bytes ofHex(String digits) {
    return new Bytes(HexFormat.of().parseHex(digits));
  }

  /** A text in UTF-8. */
  public static Bytes utf8(String text) {
    return new Bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /** An array of them. */
  public byte[] toArray() {
    return data.clone();
  }

  /** How many there are. */
  public long size() {
    return data.length;
  }

  /** As hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(data);
  }

  /** The text that they are in UTF-8; none when they are none. */
  public Optional<String> text() {
    try {
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data)).toString());
    } catch (CharacterCodingException error) {
      return Optional.empty();
    }
  }

  /** These, and others behind them. */
  public Bytes concat(Bytes other) {
    final byte[] made = Arrays.copyOf(data, data.length + other.data.length);
    System.arraycopy(other.data, 0, made, data.length, other.data.length);
    return new Bytes(made);
  }

  /** At most so many from a place on. */
  public Bytes part(long place, long count) {
    final long start = Math.min(Math.max(place, 0), data.length);
    final long end = start + Math.min(Math.max(count, 0), data.length - start);
    return new Bytes(Arrays.copyOfRange(data, (int) start, (int) end));
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(data, other.data);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes bytes && Arrays.equals(data, bytes.data);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(data);
  }

  @Override
  public String toString() {
    return hex();
  }
}
