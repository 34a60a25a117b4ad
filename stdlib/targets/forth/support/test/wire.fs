\ Cases and results as lines of words.
\
\ A case is an operator and its inputs; a result is `ok` and the outputs,
\ `error` with its full name and what it tells, or `skip`.

1024 1024 * constant line-size
line-size 2 + allocate throw constant line-buffer
variable line-at
variable line-end

1001 constant breach

\ The next word of the case.
: word-next ( -- address length )
  line-at @ dup begin dup line-end @ < if dup c@ bl <> else false then while 1+ repeat
  dup 1+ line-at ! over - ;

: read-int ( -- n )
  word-next over c@ [char] - = { minus }
  minus if 1 /string then
  0. 2swap >number 2drop drop
  minus if negate then ;

: read-flag ( -- flag ) read-int 0<> ;

\ Throws the error of a type.
: breached ( name length -- ) 0 error-count ! error-name 2! breach throw ;

: write-int ( n -- ) space dup abs 0 <# #s rot sign #> type ;
: write-flag ( flag -- ) if 1 else 0 then write-int ;

: told ( -- )
  ." error " error-name 2@ type
  error-count @ 0 ?do error-arguments i cells + @ write-int loop ;

\ Tries the operator of a name.
defer operator ( name length -- )

: tried ( -- )
  word-next ['] operator catch
  dup contract-error = over breach = or if drop 2drop told else throw then cr ;

: run ( -- )
  begin line-buffer line-size stdin read-line throw while
    line-buffer + line-end ! line-buffer line-at !
    arena-reset tried
  repeat drop ;
