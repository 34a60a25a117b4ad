// Package exact is what generated packages share: exact arithmetic and total operations.
//
// Amounts and other decimals are whole numbers of their smallest unit, so nothing here rounds unless it is told how.
package exact

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Info is what a contract says of an error.
type Info struct {
	// Name is its full name.
	Name string
	// Number is unique in its contract.
	Number int
	// Severity is FATAL, ERROR or WARN.
	Severity string
	// Category is what it is about.
	Category string
	// Retry tells whether it helps to try again.
	Retry bool
}

// Error is an error that a contract declares.
type Error interface {
	error
	Info() Info
}

// Ordered is what can be sorted.
type Ordered interface {
	~int | ~int64 | ~string
}

// Number is a whole number.
type Number interface {
	~int64
}

// Min is the lesser of two.
func Min[N Number](a, b N) N {
	if b < a {
		return b
	}
	return a
}

// Max is the greater of two.
func Max[N Number](a, b N) N {
	if b > a {
		return b
	}
	return a
}

// Abs is the distance from zero.
func Abs[N Number](a N) N {
	if a < 0 {
		return -a
	}
	return a
}

// Mod is what division rounded down leaves; it has the sign of the divisor.
func Mod[N Number](a, b N) N {
	rest := a % b
	if rest != 0 && (rest < 0) != (b < 0) {
		return rest + b
	}
	return rest
}

// Floor is the quotient, rounded down.
func Floor[N Number](a, b N) N {
	if a%b != 0 && (a < 0) != (b < 0) {
		return a/b - 1
	}
	return a / b
}

// Ceiling is the quotient, rounded up.
func Ceiling[N Number](a, b N) N {
	if a%b != 0 && (a < 0) == (b < 0) {
		return a/b + 1
	}
	return a / b
}

// away is one step away from zero, for a quotient.
func away[N Number](a, b N) N {
	if (a < 0) == (b < 0) {
		return 1
	}
	return -1
}

// Up is the quotient, rounded away from zero.
func Up[N Number](a, b N) N {
	if a%b == 0 {
		return a / b
	}
	return a/b + away(a, b)
}

// half compares what is left of a quotient with half of its last unit.
func half[N Number](a, b N) int {
	rest := Abs(a % b)
	left := Abs(b) - rest
	switch {
	case rest < left:
		return -1
	case rest > left:
		return 1
	}
	return 0
}

// HalfEven is the quotient, rounded to the nearest; half to the even one.
func HalfEven[N Number](a, b N) N {
	side := half(a, b)
	if side > 0 || (side == 0 && (a/b)%2 != 0) {
		return a/b + away(a, b)
	}
	return a / b
}

// HalfUp is the quotient, rounded to the nearest; half away from zero.
func HalfUp[N Number](a, b N) N {
	if half(a, b) >= 0 {
		return a/b + away(a, b)
	}
	return a / b
}

// Sum is the sum of numbers.
func Sum[N Number](items []N) N {
	var sum N
	for _, item := range items {
		sum += item
	}
	return sum
}

// Some is a value that is there.
func Some[T any](value T) *T {
	return &value
}

// Otherwise is the value, or the fallback when there is none.
func Otherwise[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}

// Length is the number of characters of a text.
func Length(text string) int64 {
	return int64(utf8.RuneCountInString(text))
}

// Equal tells whether two values are the same in all their parts.
func Equal[T any](a, b T) bool {
	return same(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
}

func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() && b.IsNil()
		}
		if text, ok := a.Interface().(fmt.Stringer); ok && a.Type().String() == "*big.Int" {
			return text.String() == b.Interface().(fmt.Stringer).String()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for at := 0; at < a.Len(); at++ {
			if !same(a.Index(at), b.Index(at)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			other := b.MapIndex(key)
			if !other.IsValid() || !same(a.MapIndex(key), other) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for at := 0; at < a.NumField(); at++ {
			if !same(a.Field(at), b.Field(at)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

// Element is the element at a place from 0; nil when there is none.
func Element[T any](items []T, place int64) *T {
	if place < 0 || place >= int64(len(items)) {
		return nil
	}
	return &items[place]
}

// Contains tells whether a list has an element.
func Contains[T any](items []T, wanted T) bool {
	for _, item := range items {
		if Equal(item, wanted) {
			return true
		}
	}
	return false
}

// Append is a list with more elements; the one that it is made of stays as it is.
func Append[T any](items []T, more ...T) []T {
	made := make([]T, 0, len(items)+len(more))
	return append(append(made, items...), more...)
}

// Reverse is a list from its end to its beginning.
func Reverse[T any](items []T) []T {
	made := make([]T, len(items))
	for at, item := range items {
		made[len(items)-1-at] = item
	}
	return made
}

// Sort is a list in ascending order.
func Sort[T Ordered](items []T) []T {
	made := Append(items)
	sort.SliceStable(made, func(a, b int) bool { return made[a] < made[b] })
	return made
}

// Part is at most so many elements from a place on.
func Part[T any](items []T, place, count int64) []T {
	size := int64(len(items))
	start := Min(Max(place, 0), size)
	return items[start : start+Min(Max(count, 0), size-start)]
}

// TextPart is at most so many characters from a place on.
func TextPart(text string, place, count int64) string {
	return string(Part([]rune(text), place, count))
}

// Split is the parts of a text between a mark; an empty mark parts nothing.
func Split(text, mark string) []string {
	if mark == "" {
		return []string{text}
	}
	return strings.Split(text, mark)
}

// Keys is the keys of a map, in ascending order.
func Keys[K Ordered, V any](entries map[K]V) []K {
	keys := make([]K, 0, len(entries))
	for key := range entries {
		keys = append(keys, key)
	}
	return Sort(keys)
}

// Values is the values of a map, by ascending keys.
func Values[K Ordered, V any](entries map[K]V) []V {
	values := make([]V, 0, len(entries))
	for _, key := range Keys(entries) {
		values = append(values, entries[key])
	}
	return values
}

// Get is the value of a key; nil when there is none.
func Get[K comparable, V any](entries map[K]V, key K) *V {
	value, ok := entries[key]
	if !ok {
		return nil
	}
	return &value
}

// Has tells whether a map has a key.
func Has[K comparable, V any](entries map[K]V, key K) bool {
	_, ok := entries[key]
	return ok
}

// Put is a map with a key's value set; the one that it is made of stays as it is.
func Put[K comparable, V any](entries map[K]V, key K, value V) map[K]V {
	made := Remove(entries, key)
	made[key] = value
	return made
}

// Remove is a map without a key; the one that it is made of stays as it is.
func Remove[K comparable, V any](entries map[K]V, key K) map[K]V {
	made := make(map[K]V, len(entries)+1)
	for own, value := range entries {
		if own != key {
			made[own] = value
		}
	}
	return made
}

// Codes is the numbers of a text's characters.
func Codes(text string) []int64 {
	codes := []int64{}
	for _, char := range text {
		codes = append(codes, int64(char))
	}
	return codes
}

// TextOf is the text of numbers of characters; nil when one is no character.
func TextOf(codes []int64) *string {
	var text strings.Builder
	for _, code := range codes {
		if code < 0 || code > utf8.MaxRune || !utf8.ValidRune(rune(code)) {
			return nil
		}
		text.WriteRune(rune(code))
	}
	return Some(text.String())
}

// FromUTF8 is the text of bytes; nil when they are none.
func FromUTF8(data []byte) *string {
	if !utf8.Valid(data) {
		return nil
	}
	return Some(string(data))
}

// Hex is the bytes that hexadecimal digits stand for.
func Hex(digits string) []byte {
	data, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return data
}

// Decimal is a number of units of ten to the power of minus the scale, with its point.
func Decimal(digits int64, scale int) string {
	return pointed(strconv.FormatInt(digits, 10), scale)
}

func pointed(digits string, scale int) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// Lower has a to z for A to Z, and nothing else changed.
func Lower(text string) string {
	return strings.Map(func(char rune) rune {
		if char >= 'A' && char <= 'Z' {
			return char + 'a' - 'A'
		}
		return char
	}, text)
}

// Upper has A to Z for a to z, and nothing else changed.
func Upper(text string) string {
	return strings.Map(func(char rune) rune {
		if char >= 'a' && char <= 'z' {
			return char + 'A' - 'a'
		}
		return char
	}, text)
}
