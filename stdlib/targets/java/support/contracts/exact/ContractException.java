package contracts.exact;

/** An error that a contract declares. */
public abstract class ContractException extends RuntimeException {
  private final String name;
  private final int number;
  private final String severity;
  private final String category;
  private final boolean retry;

  protected ContractException(
      String name, int number, String severity, String category, boolean retry, String message) {
    super(message);
    this.name = name;
    this.number = number;
    this.severity = severity;
    this.category = category;
    this.retry = retry;
  }

  /** Its full name. */
  public final String name() {
    return name;
  }

  /** Its number, unique in its contract. */
  public final int number() {
    return number;
  }

  /** FATAL, ERROR or WARN. */
  public final String severity() {
    return severity;
  }

  /** What it is about. */
  public final String category() {
    return category;
  }

  /** Does it help to try again? */
  public final boolean retry() {
    return retry;
  }
}
