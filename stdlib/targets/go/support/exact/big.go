package exact

import "math/big"

var one = big.NewInt(1)

// Big is the number that decimal digits say.
func Big(digits string) *big.Int {
	number, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		panic("exact: " + digits + " is no number")
	}
	return number
}

// BigMin is the lesser of two.
func BigMin(a, b *big.Int) *big.Int {
	if b.Cmp(a) < 0 {
		return b
	}
	return a
}

// BigMax is the greater of two.
func BigMax(a, b *big.Int) *big.Int {
	if b.Cmp(a) > 0 {
		return b
	}
	return a
}

// parts is the quotient rounded down, and what is left, which has the sign of the divisor.
func parts(a, b *big.Int) (*big.Int, *big.Int) {
	quotient, rest := new(big.Int).QuoRem(a, b, new(big.Int))
	if rest.Sign() != 0 && rest.Sign() != b.Sign() {
		return quotient.Sub(quotient, one), rest.Add(rest, b)
	}
	return quotient, rest
}

// BigMod is what division rounded down leaves; it has the sign of the divisor.
func BigMod(a, b *big.Int) *big.Int {
	_, rest := parts(a, b)
	return rest
}

// BigFloor is the quotient, rounded down.
func BigFloor(a, b *big.Int) *big.Int {
	quotient, _ := parts(a, b)
	return quotient
}

// BigCeiling is the quotient, rounded up.
func BigCeiling(a, b *big.Int) *big.Int {
	quotient, rest := parts(a, b)
	if rest.Sign() != 0 {
		quotient.Add(quotient, one)
	}
	return quotient
}

// BigUp is the quotient, rounded away from zero.
func BigUp(a, b *big.Int) *big.Int {
	if a.Sign()*b.Sign() < 0 {
		return BigFloor(a, b)
	}
	return BigCeiling(a, b)
}

// bigHalf is the quotient rounded down, and how what is left compares with half of its last unit.
func bigHalf(a, b *big.Int) (*big.Int, int) {
	quotient, rest := parts(a, b)
	return quotient, new(big.Int).Lsh(rest.Abs(rest), 1).Cmp(new(big.Int).Abs(b))
}

// BigHalfEven is the quotient, rounded to the nearest; half to the even one.
func BigHalfEven(a, b *big.Int) *big.Int {
	quotient, side := bigHalf(a, b)
	if side > 0 || (side == 0 && quotient.Bit(0) == 1) {
		quotient.Add(quotient, one)
	}
	return quotient
}

// BigHalfUp is the quotient, rounded to the nearest; half away from zero.
func BigHalfUp(a, b *big.Int) *big.Int {
	quotient, side := bigHalf(a, b)
	if side > 0 || (side == 0 && a.Sign()*b.Sign() >= 0) {
		quotient.Add(quotient, one)
	}
	return quotient
}

// BigDecimal is a number of units of ten to the power of minus the scale, with its point.
func BigDecimal(digits *big.Int, scale int) string {
	return pointed(digits.String(), scale)
}
