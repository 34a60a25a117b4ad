package contracts.exact;

import java.math.BigInteger;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Total operations on texts, which are sequences of characters of Unicode. */
public final class Texts {
  private Texts() {}

  /** How many characters there are. */
  public static long length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** How two texts stand to each other, by the numbers of their characters. */
  public static int compare(String a, String b) {
    final int[] first = a.codePoints().toArray();
    final int[] second = b.codePoints().toArray();
    return java.util.Arrays.compare(first, second);
  }

  /** At most so many characters from a place on. */
  public static String part(String text, long place, long count) {
    final int[] codes = text.codePoints().toArray();
    final long start = Math.min(Math.max(place, 0), codes.length);
    final long size = Math.min(Math.max(count, 0), codes.length - start);
    return new String(codes, (int) start, (int) size);
  }

  /** The parts of a text between a mark; an empty mark parts nothing. */
  public static List<String> split(String text, String mark) {
    return mark.isEmpty() ? List.of(text) : List.of(text.split(Pattern.quote(mark), -1));
  }

  /** The numbers of a text's characters. */
  public static List<Long> codes(String text) {
    return text.codePoints().mapToObj(code -> (long) code).toList();
  }

  /** The text of numbers of characters; none when one is no character. */
  public static Optional<String> of(List<Long> codes) {
    final StringBuilder text = new StringBuilder();
    for (final long code : new ArrayList<>(codes)) {
      if (code < 0 || code > Character.MAX_CODE_POINT || code >= 0xD800 && code < 0xE000) {
        return Optional.empty();
      }
      text.appendCodePoint((int) code);
    }
    return Optional.of(text.toString());
  }

  /** A number of units of ten to the power of minus the scale, with its point. */
  public static String decimal(long digits, long scale) {
    return decimal(BigInteger.valueOf(digits), scale);
  }

  /** A number of units of ten to the power of minus the scale, with its point. */
  public static String decimal(BigInteger digits, long scale) {
    return new java.math.BigDecimal(digits, (int) scale).toPlainString();
  }

  /** The number that decimal digits say; none when they say none. */
  public static Optional<Long> parseLong(String text) {
    return parseInt(text).map(BigInteger::longValueExact);
  }

  /** The number that decimal digits say; none when they say none. */
  public static Optional<BigInteger> parseInt(String text) {
    final boolean isNumber = text.matches("-?[0-9]{1,70}");
    return isNumber ? Optional.of(new BigInteger(text)) : Optional.empty();
  }

  /** With a to z for A to Z, and nothing else changed. */
  public static String lower(String text) {
    return mapped(text, 'A', 'Z', 'a' - 'A');
  }

  /** With A to Z for a to z, and nothing else changed. */
  public static String upper(String text) {
    return mapped(text, 'a', 'z', 'A' - 'a');
  }

  private static String mapped(String text, char from, char to, int by) {
    final StringBuilder made = new StringBuilder();
    for (final char c : text.toCharArray()) {
      made.append(c >= from && c <= to ? (char) (c + by) : c);
    }
    return made.toString();
  }

  /** Is a text in Unicode's normal form C? */
  public static boolean isNfc(String text) {
    return Normalizer.isNormalized(text, Normalizer.Form.NFC);
  }
}
