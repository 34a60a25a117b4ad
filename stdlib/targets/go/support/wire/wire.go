// Package wire reads cases and writes results, as lines of words.
//
// A case is an operator and its inputs, a result is `ok` and the outputs, `error` with its full name and what it tells,
// or `skip`.
package wire

import (
	"bufio"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"strconv"
	"strings"

	"contracts/exact"
)

// Words are the words of a case.
type Words struct {
	rest []string
	// Breach is the error of the first word that no value of a type stands for; empty when there is none.
	Breach string
}

// Word is the next word; empty when there is none.
func (words *Words) Word() string {
	if len(words.rest) == 0 {
		return ""
	}
	word := words.rest[0]
	words.rest = words.rest[1:]
	return word
}

func (words *Words) breach(name string) {
	if words.Breach == "" {
		words.Breach = name
	}
}

// Truth is a truth.
func (words *Words) Truth() bool {
	return words.Word() == "1"
}

// Int is a whole number; what has no room is a breach.
func (words *Words) Int(breach string) int64 {
	number, err := strconv.ParseInt(words.Word(), 10, 64)
	if err != nil {
		words.breach(breach)
	}
	return number
}

// Big is a whole number of any size.
func (words *Words) Big() *big.Int {
	return exact.Big(words.Word())
}

// Count is how many come.
func (words *Words) Count() int {
	count, _ := strconv.Atoi(words.Word())
	return count
}

// Bytes are bytes, or those of a text.
func (words *Words) Bytes() []byte {
	return exact.Hex(strings.TrimPrefix(words.Word(), "x"))
}

// Some is a value that is there.
func Some[T any](value T) *T {
	return &value
}

// OneOf is a value of an enum; another number is another value, or a breach.
func OneOf[E ~int](words *Words, known func(E) bool, breach string, otherwise *E) E {
	number, err := strconv.Atoi(words.Word())
	if err == nil && known(E(number)) {
		return E(number)
	}
	if otherwise != nil {
		return *otherwise
	}
	words.breach(breach)
	return E(number)
}

// Optional is a value that may be there.
func Optional[T any](words *Words, read func() T) *T {
	if !words.Truth() {
		return nil
	}
	value := read()
	return &value
}

// List is a list.
func List[T any](words *Words, read func() T) []T {
	count := words.Count()
	items := []T{}
	for at := 0; at < count; at++ {
		items = append(items, read())
	}
	return items
}

// Map is a map.
func Map[K comparable, V any](words *Words, readKey func() K, readValue func() V) map[K]V {
	count := words.Count()
	entries := map[K]V{}
	for at := 0; at < count; at++ {
		key := readKey()
		entries[key] = readValue()
	}
	return entries
}

// Out is a result being written.
type Out struct {
	words []string
}

// Word writes a word.
func (out *Out) Word(word string) {
	out.words = append(out.words, word)
}

// Truth writes a truth.
func (out *Out) Truth(truth bool) {
	if truth {
		out.Word("1")
	} else {
		out.Word("0")
	}
}

// Bytes writes bytes.
func (out *Out) Bytes(data []byte) {
	out.Word("x" + hex.EncodeToString(data))
}

// Run tries every case of the standard input.
func Run(tried func(string, *Words, *Out) error, told func(error, *Out)) {
	in := bufio.NewReader(os.Stdin)
	to := bufio.NewWriter(os.Stdout)
	defer to.Flush()
	for {
		line, err := in.ReadString('\n')
		if line == "" && err != nil {
			return
		}
		words := &Words{rest: strings.Fields(line)}
		out := &Out{}
		failed := tried(words.Word(), words, out)
		var known exact.Error
		switch {
		case words.Breach != "":
			out.words = []string{"error", words.Breach}
		case errors.As(failed, &known):
			out.words = []string{"error", known.Info().Name}
			told(failed, out)
		}
		to.WriteString(strings.Join(out.words, " ") + "\n")
	}
}
