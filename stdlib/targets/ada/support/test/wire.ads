--  Cases and results as lines of words.
--
--  A case is an operator and its inputs; a result is "ok" and the outputs,
--  "error" with its full name and what it tells, or "skip".

package Wire is

   --  A word that no value of a type stands for; the message is the error
   --  that its type raises.
   Breach : exception;

   --  The next word of the case.
   function Word return String;

   function Truth return Boolean;
   function Int (Error : String) return Long_Long_Integer;
   function Wide (Error : String) return Long_Long_Long_Integer;

   procedure Put (Word : String);
   procedure Put (Value : Boolean);
   procedure Put (Value : Long_Long_Integer);
   procedure Put_Wide (Value : Long_Long_Long_Integer);

   --  What the message of an exception tells: the numbers in it.
   procedure Put_Told (Message : String);

   --  Tries every case of the standard input.
   procedure Run (Tried : not null access procedure (Operator : String));

end Wire;
