package contracts.exact;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Exact arithmetic and total operations on lists.
 *
 * <p>Amounts and other decimals are whole numbers of their smallest unit, so nothing here rounds
 * unless it is told how.
 */
public final class Exact {
  private Exact() {}

  /** The quotient, rounded up. */
  public static long ceiling(long a, long b) {
    return -Math.floorDiv(-a, b);
  }

  /** One step away from zero, for a quotient. */
  private static long away(long a, long b) {
    return (a < 0) == (b < 0) ? 1 : -1;
  }

  /** The quotient, rounded away from zero. */
  public static long up(long a, long b) {
    return a % b == 0 ? a / b : a / b + away(a, b);
  }

  /** How what is left of a quotient compares with half of its last unit. */
  private static int half(long a, long b) {
    final long rest = Math.abs(a % b);
    return Long.compare(rest, Math.abs(b) - rest);
  }

  /** The quotient, rounded to the nearest; half to the even one. */
  public static long halfEven(long a, long b) {
    final int side = half(a, b);
    return side > 0 || side == 0 && a / b % 2 != 0 ? a / b + away(a, b) : a / b;
  }

  /** The quotient, rounded to the nearest; half away from zero. */
  public static long halfUp(long a, long b) {
    return half(a, b) >= 0 ? a / b + away(a, b) : a / b;
  }

  /** The quotient, rounded down. */
  public static BigInteger floor(BigInteger a, BigInteger b) {
    final BigInteger[] parts = a.divideAndRemainder(b);
    return parts[1].signum() * b.signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0];
  }

  /** The quotient, rounded up. */
  public static BigInteger ceiling(BigInteger a, BigInteger b) {
    return floor(a.negate(), b).negate();
  }

  /** The quotient, rounded away from zero. */
  public static BigInteger up(BigInteger a, BigInteger b) {
    return a.signum() * b.signum() < 0 ? floor(a, b) : ceiling(a, b);
  }

  /** What division rounded down leaves; it has the sign of the divisor. */
  public static BigInteger modulo(BigInteger a, BigInteger b) {
    return a.subtract(floor(a, b).multiply(b));
  }

  /** How what the quotient rounded down leaves compares with half of its last unit. */
  private static int half(BigInteger a, BigInteger b) {
    return modulo(a, b).abs().shiftLeft(1).compareTo(b.abs());
  }

  /** The quotient, rounded to the nearest; half to the even one. */
  public static BigInteger halfEven(BigInteger a, BigInteger b) {
    final BigInteger quotient = floor(a, b);
    final int side = half(a, b);
    return side > 0 || side == 0 && quotient.testBit(0) ? quotient.add(BigInteger.ONE) : quotient;
  }

  /** The quotient, rounded to the nearest; half away from zero. */
  public static BigInteger halfUp(BigInteger a, BigInteger b) {
    final BigInteger quotient = floor(a, b);
    final int side = half(a, b);
    final boolean isUp = side > 0 || side == 0 && a.signum() * b.signum() >= 0;
    return isUp ? quotient.add(BigInteger.ONE) : quotient;
  }

  /** The sum of numbers. */
  public static long sum(List<Long> items) {
    return items.stream().mapToLong(Long::longValue).sum();
  }

  /** The sum of numbers that may be of any size. */
  public static BigInteger bigSum(List<? extends Number> items) {
    BigInteger sum = BigInteger.ZERO;
    for (final Number item : items) {
      sum = sum.add(item instanceof BigInteger big ? big : BigInteger.valueOf(item.longValue()));
    }
    return sum;
  }

  /** How many there are. */
  public static long size(Collection<?> items) {
    return items.size();
  }

  /** The element at a place from 0; none when there is none. */
  public static <T> Optional<T> element(List<T> items, long place) {
    return place < 0 || place >= items.size() ? Optional.empty() : Optional.of(items.get((int) place));
  }

  /** A list with one more element. */
  public static <T> List<T> append(List<T> items, T item) {
    return concat(items, List.of(item));
  }

  /** One list behind the other. */
  public static <T> List<T> concat(List<T> first, List<T> second) {
    final List<T> made = new ArrayList<>(first);
    made.addAll(second);
    return made;
  }

  /** A list from its end to its beginning. */
  public static <T> List<T> reverse(List<T> items) {
    final List<T> made = new ArrayList<>(items);
    Collections.reverse(made);
    return made;
  }

  /** At most so many elements from a place on. */
  public static <T> List<T> part(List<T> items, long place, long count) {
    final long start = Math.min(Math.max(place, 0), items.size());
    final long end = start + Math.min(Math.max(count, 0), items.size() - start);
    return items.subList((int) start, (int) end);
  }
}
