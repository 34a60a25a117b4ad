package exact

import (
	"regexp"
	"strconv"
	"sync"
)

var patterns sync.Map

// Matches tells whether a pattern matches the whole text.
func Matches(pattern, text string) bool {
	known, ok := patterns.Load(pattern)
	if !ok {
		known, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(`\A(?:`+pattern+`)\z`))
	}
	return known.(*regexp.Regexp).MatchString(text)
}

// ParseInt is the number that decimal digits say; nil when they say none.
func ParseInt(text string) *int64 {
	if !Matches("-?[0-9]{1,70}", text) {
		return nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return &number
}
