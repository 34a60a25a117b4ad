(** Cases and results as lines of words.

    A case is an operator and its inputs; a result is [ok] and the outputs,
    [error] with its full name and what it tells, or [skip]. *)

exception Breach of string
(** A word that no value of a type stands for; the error that its type raises. *)

type words = string list ref
(** The words of a case that are left. *)

let word (words : words) =
  match !words with
  | [] -> ""
  | first :: rest ->
      words := rest;
      first

let truth words = String.equal (word words) "1"

(** A number that the representation has no room for is a breach. *)
let int breach words =
  match int_of_string_opt (word words) with
  | Some n -> n
  | None -> raise (Breach breach)

let big words = Z.of_string (word words)

let bytes words =
  let digits = word words in
  Exact.of_hex (String.sub digits 1 (String.length digits - 1))

let count words = int_of_string (word words)

let optional read words = if truth words then Some (read words) else None

let list read words =
  let rec more n = if n = 0 then [] else
    let item = read words in
    item :: more (n - 1)
  in
  more (count words)

let entries key value words =
  let entry words =
    let own = key words in
    (own, value words)
  in
  list entry words

let enum of_number breach otherwise words =
  match (Option.bind (int_of_string_opt (word words)) of_number, otherwise) with
  | Some value, _ | None, Some value -> value
  | None, None -> raise (Breach breach)

let of_truth value = [ (if value then "1" else "0") ]
let of_int value = [ string_of_int value ]
let of_big value = [ Z.to_string value ]

let of_bytes value =
  let digits = List.map (fun byte -> Printf.sprintf "%02x" (Char.code byte)) in
  [ "x" ^ String.concat "" (digits (List.of_seq (String.to_seq value))) ]

let of_optional write = function
  | None -> [ "0" ]
  | Some value -> "1" :: write value

let of_list write items =
  string_of_int (List.length items) :: List.concat_map write items

let of_entries key value =
  of_list (fun (own, item) -> key own @ value item)

(** Tries every case of the standard input. *)
let run operator told =
  let tried line =
    match String.split_on_char ' ' line with
    | [] -> [ "skip" ]
    | name :: words -> (
        match operator name with
        | None -> [ "skip" ]
        | Some tried -> (
            try "ok" :: tried (ref words) with
            | Breach error -> [ "error"; error ]
            | error -> "error" :: told error))
  in
  let rec all () =
    match input_line stdin with
    | line ->
        print_endline (String.concat " " (tried (String.trim line)));
        all ()
    | exception End_of_file -> ()
  in
  all ()
