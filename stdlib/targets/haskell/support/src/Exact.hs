-- | What generated modules share: exact arithmetic, enums with numbers, errors.
--
-- Amounts and other decimals are whole numbers of their smallest unit, so nothing here
-- rounds unless it is told how.
module Exact where

import Data.Bits (shiftL, shiftR, xor, (.&.), (.|.))
import Data.List (genericDrop, genericLength, genericTake)
import Data.Text (Text)
import qualified Data.Text as Text

-- | An enum whose values have numbers.
class Numbered e where
  numberOf :: e -> Integer
  ofNumber :: Integer -> Maybe e

-- | An error that a contract declares.
class ContractError e where
  -- | Its full name.
  errorName :: e -> String

  -- | Its number, unique in its contract.
  errorNumber :: e -> Integer

  -- | Does it help to try again?
  errorRetry :: e -> Bool

  -- | What it says.
  errorMessage :: e -> String

  -- | What it tells, as numbers, in the order of its contract.
  errorArguments :: e -> [Integer]

-- | The quotient, rounded up.
ceiling :: Integer -> Integer -> Integer
ceiling a b = negate (negate a `div` b)

-- | The quotient, rounded away from zero.
up :: Integer -> Integer -> Integer
up a b = if (a < 0) == (b < 0) then Exact.ceiling a b else a `div` b

-- | How far the quotient is into its last unit, against the half of it.
half :: Integer -> Integer -> Ordering
half a b = compare rest (abs b - rest)
  where
    rest = abs (a `rem` b)

-- | The quotient, rounded to the nearest; half to the even one.
halfEven :: Integer -> Integer -> Integer
halfEven a b = case half a b of
  LT -> a `quot` b
  EQ | even (a `quot` b) -> a `quot` b
  _ -> up a b

-- | The quotient, rounded to the nearest; half away from zero.
halfUp :: Integer -> Integer -> Integer
halfUp a b = if half a b == LT then a `quot` b else up a b

-- | The element at a place from 0; nothing when there is none.
element :: [a] -> Integer -> Maybe a
element items place = case genericDrop (max place 0) items of
  item : _ | place >= 0 -> Just item
  _ -> Nothing

-- | How many there are.
size :: [a] -> Integer
size = genericLength

-- | From a place, at most so many.
part :: [a] -> Integer -> Integer -> [a]
part items place count = genericTake count (genericDrop (max place 0) items)

-- | How many characters a text has.
textLength :: Text -> Integer
textLength = toInteger . Text.length

-- | Numbers as bits.
bitAnd, bitOr, bitXor, shiftLeft, shiftRight :: Integer -> Integer -> Integer
bitAnd = (.&.)
bitOr = (.|.)
bitXor = xor
shiftLeft number places = number `shiftL` fromInteger places
shiftRight number places = number `shiftR` fromInteger places

-- | A truth as a number.
ofTruth :: Bool -> Integer
ofTruth truth = if truth then 1 else 0

-- | A number of units of ten to the power of minus the scale, with its point.
decimalText :: Integer -> Int -> String
decimalText digits scale = sign ++ whole ++ "." ++ behind
  where
    sign = if digits < 0 then "-" else ""
    text = show (abs digits)
    padded = replicate (scale + 1 - length text) '0' ++ text
    (whole, behind) = splitAt (length padded - scale) padded
