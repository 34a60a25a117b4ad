--  What generated packages share: exact arithmetic, and what errors tell.
--
--  Amounts and other decimals are whole numbers of their smallest unit, so
--  nothing here rounds unless it is told how.

with Exact_Arithmetic;

package Exact is

   package Narrow is new Exact_Arithmetic (Long_Long_Integer);
   package Wide is new Exact_Arithmetic (Long_Long_Long_Integer);

   function Floor (A, B : Long_Long_Integer) return Long_Long_Integer
     renames Narrow.Floor;
   function Ceiling (A, B : Long_Long_Integer) return Long_Long_Integer
     renames Narrow.Ceiling;
   function Up (A, B : Long_Long_Integer) return Long_Long_Integer
     renames Narrow.Up;
   function Half_Even (A, B : Long_Long_Integer) return Long_Long_Integer
     renames Narrow.Half_Even;
   function Half_Up (A, B : Long_Long_Integer) return Long_Long_Integer
     renames Narrow.Half_Up;

   --  A part of an exception's message: "Missing = 250;".
   function Told (Name : String; Value : Long_Long_Integer) return String;

end Exact;
