-- What generated entities share: division that rounds towards zero, and numbers as words.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;
use std.textio.all;

package exact is
  -- The quotient, rounded towards zero; zero for the divisor zero, which nothing asks about.
  function quotient(a, b : signed) return signed;
  -- The next word of a line, as a number or as a truth.
  procedure take(variable words : inout line; signal to_it : out signed);
  procedure take(variable words : inout line; signal to_it : out boolean);
  -- One more word of a line.
  procedure give(variable words : inout line; constant it : in signed);
  procedure give(variable words : inout line; constant it : in boolean);
end package;

package body exact is
  function quotient(a, b : signed) return signed is
    constant size : natural := maximum(a'length, b'length) + 1;
  begin
    if b = 0 then
      return to_signed(0, size);
    end if;
    return resize(a, size) / resize(b, size);
  end function;

  procedure take(variable words : inout line; signal to_it : out signed) is
    constant size : natural := to_it'length + 40;
    variable number : signed(size - 1 downto 0) := (others => '0');
    variable part, scale : natural := 0;
    variable negative : boolean := false;
    variable letter : character;
    variable good : boolean := true;
  begin
    scale := 1;
    loop
      exit when words'length = 0;
      read(words, letter, good);
      exit when not good or (letter = ' ' and (scale > 1 or number /= 0 or negative));
      if letter = '-' then
        negative := true;
      elsif letter /= ' ' then
        part := part * 10 + character'pos(letter) - character'pos('0');
        scale := scale * 10;
        -- So many digits at a time as an integer has room for.
        if scale = 100000000 then
          number := resize(number * to_signed(scale, 33), size) + part;
          part := 0;
          scale := 1;
        end if;
      end if;
    end loop;
    if scale > 1 then
      number := resize(number * to_signed(scale, 33), size) + part;
    end if;
    if negative then
      number := -number;
    end if;
    to_it <= resize(number, to_it'length);
  end procedure;

  procedure take(variable words : inout line; signal to_it : out boolean) is
    variable number : integer;
  begin
    read(words, number);
    to_it <= number = 1;
  end procedure;

  procedure give(variable words : inout line; constant it : in signed) is
    variable left : signed(it'length downto 0);
    variable digits : string(1 to it'length / 3 + 2);
    variable at : natural := digits'high + 1;
    constant ten : signed(4 downto 0) := to_signed(10, 5);
  begin
    left := resize(it, it'length + 1);
    if left < 0 then
      left := -left;
    end if;
    loop
      at := at - 1;
      digits(at) := character'val(character'pos('0') + to_integer(left rem ten));
      left := left / ten;
      exit when left = 0;
    end loop;
    write(words, string'(" "));
    if it < 0 then
      write(words, string'("-"));
    end if;
    write(words, digits(at to digits'high));
  end procedure;

  procedure give(variable words : inout line; constant it : in boolean) is
  begin
    write(words, string'(" "));
    if it then
      write(words, 1);
    else
      write(words, 0);
    end if;
  end procedure;
end package body;
