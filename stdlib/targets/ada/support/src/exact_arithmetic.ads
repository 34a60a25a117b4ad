--  Division that rounds as it is told, for whole numbers of one type.

generic
   type Whole is range <>;
package Exact_Arithmetic is

   --  The quotient, rounded down.
   function Floor (A, B : Whole) return Whole;

   --  The quotient, rounded up.
   function Ceiling (A, B : Whole) return Whole;

   --  The quotient, rounded away from zero.
   function Up (A, B : Whole) return Whole;

   --  The quotient, rounded to the nearest; half to the even one.
   function Half_Even (A, B : Whole) return Whole;

   --  The quotient, rounded to the nearest; half away from zero.
   function Half_Up (A, B : Whole) return Whole;

end Exact_Arithmetic;
