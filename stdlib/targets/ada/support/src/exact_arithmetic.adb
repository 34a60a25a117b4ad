package body Exact_Arithmetic is

   type Place is (Below, At_Half, Above);

   --  How far the quotient is into its last unit.
   function Near (A, B : Whole) return Place is
      Rest : constant Whole := abs (A rem B);
      Left : constant Whole := abs B - Rest;
   begin
      return (if Rest < Left then Below elsif Rest = Left then At_Half else Above);
   end Near;

   function Floor (A, B : Whole) return Whole is
     (if A rem B /= 0 and then (A < 0) /= (B < 0) then A / B - 1 else A / B);

   function Ceiling (A, B : Whole) return Whole is
     (if A rem B /= 0 and then (A < 0) = (B < 0) then A / B + 1 else A / B);

   function Up (A, B : Whole) return Whole is
     (if (A < 0) = (B < 0) then Ceiling (A, B) else Floor (A, B));

   function Half_Even (A, B : Whole) return Whole is
     (case Near (A, B) is
         when Below => A / B,
         when At_Half => (if (A / B) rem 2 = 0 then A / B else Up (A, B)),
         when Above => Up (A, B));

   function Half_Up (A, B : Whole) return Whole is
     (if Near (A, B) = Below then A / B else Up (A, B));

end Exact_Arithmetic;
