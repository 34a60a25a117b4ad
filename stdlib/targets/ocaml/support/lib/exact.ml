(** What generated modules share: exact arithmetic and total operations.

    Amounts and other decimals are whole numbers of their smallest unit, so
    nothing here rounds unless it is told how. *)

(** What an error of a contract is. *)
type error = {
  name : string;  (** Its full name. *)
  number : int;  (** Its number, unique in its contract. *)
  severity : string;  (** FATAL, ERROR or WARN. *)
  retry : bool;  (** Does it help to try again? *)
  message : string;  (** What it says. *)
}

(** What division rounded down leaves; it has the sign of the divisor. *)
let modulo a b =
  let rest = a mod b in
  if rest <> 0 && rest < 0 <> (b < 0) then rest + b else rest

(** The quotient, rounded down. *)
let floor a b = (a - modulo a b) / b

(** The quotient, rounded up. *)
let ceiling a b = -floor (-a) b

(** The quotient, rounded away from zero. *)
let up a b = if a < 0 = (b < 0) then ceiling a b else floor a b

(** How far the quotient is into its last unit: the remainder against what is
    left of the divisor, as [compare] tells it. *)
let half a b =
  let rest = abs (a mod b) in
  compare rest (abs b - rest)

(** The quotient, rounded to the nearest; half to the even one. *)
let half_even a b =
  let near = half a b in
  if near > 0 || (near = 0 && a / b mod 2 <> 0) then up a b else a / b

(** The quotient, rounded to the nearest; half away from zero. *)
let half_up a b = if half a b < 0 then a / b else up a b

(** The same of numbers of any size. *)
module Big = struct
  let modulo a b = Z.sub a (Z.mul (Z.fdiv a b) b)
  let up a b = if Z.sign a * Z.sign b < 0 then Z.fdiv a b else Z.cdiv a b

  let half a b =
    let rest = Z.abs (Z.rem a b) in
    Z.compare rest (Z.sub (Z.abs b) rest)

  let half_even a b =
    let near = half a b in
    if near > 0 || (near = 0 && Z.is_odd (Z.div a b)) then up a b else Z.div a b

  let half_up a b = if half a b < 0 then Z.div a b else up a b
end

(** The whole numbers from one to another, both included. *)
let range from upto = List.init (max 0 (upto - from + 1)) (fun at -> from + at)

(** The element at a place from 0; none when there is none. *)
let element items place = if place < 0 then None else List.nth_opt items place

(** From a place, at most so many. *)
let part items place count =
  let first = max place 0 in
  List.filteri (fun at _ -> at >= first && at - first < count) items

(** Entries by ascending keys, with the value of a key set. *)
let rec put entries key value =
  match entries with
  | (own, _) :: rest when own = key -> (key, value) :: rest
  | (own, kept) :: rest when own < key -> (own, kept) :: put rest key value
  | rest -> (key, value) :: rest

(** How many characters a text in UTF-8 has. *)
let length text =
  let begins byte = Char.code byte land 0xc0 <> 0x80 in
  String.fold_left (fun n byte -> if begins byte then n + 1 else n) 0 text

(** The bytes of hexadecimal digits. *)
let of_hex digits =
  let byte at = int_of_string ("0x" ^ String.sub digits (2 * at) 2) in
  String.init (String.length digits / 2) (fun at -> Char.chr (byte at))

(** A number of units of ten to the power of minus the scale, with its point. *)
let decimal_text digits scale =
  let text = string_of_int (abs digits) in
  let zeros = String.make (max 0 (scale + 1 - String.length text)) '0' in
  let text = zeros ^ text in
  let whole = String.length text - scale in
  String.concat ""
    [
      (if digits < 0 then "-" else "");
      String.sub text 0 whole;
      ".";
      String.sub text whole scale;
    ]
