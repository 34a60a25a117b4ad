\ What generated words share: exact arithmetic, records and lists, and errors.
\
\ Amounts and other decimals are whole numbers of their smallest unit, so
\ nothing here rounds unless it is told how. Records, lists and optional values
\ lie in an arena and are never changed; `arena-reset` forgets them all.

\ The dictionary has no room for it.
8 1024 * 1024 * constant arena-size
arena-size allocate throw constant arena
variable arena-used

: arena-reset ( -- ) 0 arena-used ! ;

\ Room for so many bytes.
: arena-allot ( bytes -- address )
  arena-used @ over + arena-size > if -8 throw then
  arena arena-used @ + swap arena-used +! ;

\ What was thrown: the error's full name, and what it tells.
1000 constant contract-error
2variable error-name
variable error-count
create error-arguments 8 cells allot

\ Throws an error of a contract, with so many numbers.
: raise ( arguments count name length -- )
  error-name 2! dup error-count !
  begin dup while 1- tuck cells error-arguments + ! repeat drop
  contract-error throw ;

\ Quotients, rounded as their names say.
: floor/ ( a b -- quotient ) >r s>d r> fm/mod nip ;
: down/ ( a b -- quotient ) >r s>d r> sm/rem nip ;
: modulo ( a b -- rest ) >r s>d r> fm/mod drop ;
: ceiling/ ( a b -- quotient ) swap negate swap floor/ negate ;
: up/ ( a b -- quotient ) 2dup xor 0< if floor/ else ceiling/ then ;

\ How far a quotient is into its last unit: below, at or above the half of it.
: near { a b -- order }
  a b >r s>d r> sm/rem drop abs { rest }
  rest b abs rest - - ;

: half-even/ { a b -- quotient }
  a b near { order }
  order 0> order 0= a b down/ 1 and 0<> and or
  if a b up/ else a b down/ then ;

: half-up/ { a b -- quotient }
  a b near 0< if a b down/ else a b up/ then ;

\ An optional value: is it there, and what it is.
create none 0 , 0 ,
: some ( value -- optional ) 2 cells arena-allot tuck cell+ ! true over ! ;
: or-else ( optional fallback -- value ) over @ if drop cell+ @ else nip then ;

\ A list: how many, and each.
create empty-list 0 ,
: list-bounds ( list -- limit start ) dup @ cells swap cell+ tuck + swap ;
: list-new ( count -- list ) dup 1+ cells arena-allot tuck ! ;

: list-of ( items count -- list )
  dup list-new { it }
  begin dup while swap over cells it + ! 1- repeat drop it ;

\ With one more at its end.
: list-push { value from -- list }
  from @ 1+ list-new { it }
  from cell+ it cell+ from @ cells move
  value it dup @ cells + !
  it ;

\ The elements of one, and behind them those of another.
: list-concat { first second -- list }
  first @ second @ + list-new { it }
  first cell+ it cell+ first @ cells move
  second cell+ it first @ 1+ cells + second @ cells move
  it ;

\ The element at a place from 0; none when there is none.
: list-get { from place -- optional }
  place 0< place from @ >= or if none else place 1+ cells from + @ some then ;

: list-sum ( list -- sum ) 0 swap list-bounds ?do i @ + cell +loop ;

\ The bounds of a loop over whole numbers, both included.
: range-bounds ( from to -- limit start ) over - 1+ 0 max over + swap ;
