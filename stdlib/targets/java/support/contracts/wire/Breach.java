package contracts.wire;

/** A word that no value of a type stands for; its message is the error that the type raises. */
public final class Breach extends Exception {
  public Breach(String name) {
    super(name);
  }
}
