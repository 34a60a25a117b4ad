with Ada.Strings.Unbounded;  use Ada.Strings.Unbounded;
with Ada.Text_IO;

package body Wire is

   Line  : Unbounded_String;
   Place : Positive := 1;
   Told  : Unbounded_String;

   function Word return String is
      First : constant Positive := Place;
   begin
      while Place <= Length (Line) and then Element (Line, Place) /= ' ' loop
         Place := Place + 1;
      end loop;
      Place := Place + 1;
      return Slice (Line, First, Place - 2);
   end Word;

   function Truth return Boolean is (Word = "1");

   function Int (Error : String) return Long_Long_Integer is
   begin
      return Long_Long_Integer'Value (Word);
   exception
      when Constraint_Error =>
         raise Breach with Error;
   end Int;

   function Wide (Error : String) return Long_Long_Long_Integer is
   begin
      return Long_Long_Long_Integer'Value (Word);
   exception
      when Constraint_Error =>
         raise Breach with Error;
   end Wide;

   procedure Put (Word : String) is
   begin
      if Length (Told) > 0 then
         Append (Told, ' ');
      end if;
      Append (Told, Word);
   end Put;

   procedure Put (Value : Boolean) is
   begin
      Put (if Value then "1" else "0");
   end Put;

   procedure Put_Wide (Value : Long_Long_Long_Integer) is
      Image : constant String := Value'Image;
      First : constant Positive :=
        (if Value < 0 then Image'First else Image'First + 1);
   begin
      Put (Image (First .. Image'Last));
   end Put_Wide;

   procedure Put (Value : Long_Long_Integer) is
   begin
      Put_Wide (Long_Long_Long_Integer (Value));
   end Put;

   procedure Put_Told (Message : String) is
      First : Natural := 0;
   begin
      for At_Place in Message'Range loop
         if Message (At_Place) = '=' then
            First := At_Place + 2;
         elsif Message (At_Place) = ';' and then First > 0 then
            Put (Message (First .. At_Place - 1));
            First := 0;
         end if;
      end loop;
   end Put_Told;

   procedure Run (Tried : not null access procedure (Operator : String)) is
   begin
      while not Ada.Text_IO.End_Of_File loop
         Line := To_Unbounded_String (Ada.Text_IO.Get_Line);
         Place := 1;
         Told := Null_Unbounded_String;
         Tried (Word);
         Ada.Text_IO.Put_Line (To_String (Told));
      end loop;
   end Run;

end Wire;
