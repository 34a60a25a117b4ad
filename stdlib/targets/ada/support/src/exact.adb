package body Exact is

   function Told (Name : String; Value : Long_Long_Integer) return String is
      Image : constant String := Value'Image;
      First : constant Positive :=
        (if Value < 0 then Image'First else Image'First + 1);
   begin
      return Name & " = " & Image (First .. Image'Last) & ";";
   end Told;

end Exact;
