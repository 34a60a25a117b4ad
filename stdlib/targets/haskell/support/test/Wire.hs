-- | Cases and results as lines of words.
--
-- A case is an operator and its inputs; a result is @ok@ and the outputs, @error@ with its
-- full name and what it tells, or @skip@.
module Wire where

import Control.Monad (replicateM)
import Data.Bits (shiftL, shiftR, (.&.), (.|.))
import Data.Char (chr, digitToInt, intToDigit, ord)
import Data.Map.Strict (Map)
import qualified Data.Map.Strict as Map
import Data.Text (Text)
import qualified Data.Text as Text
import Exact

-- | Takes words of a case, or tells the error that a type raises.
newtype Reader a = Reader {taken :: [String] -> Either String (a, [String])}

instance Functor Reader where
  fmap change (Reader take') = Reader $ \given -> do
    (value, rest) <- take' given
    Right (change value, rest)

instance Applicative Reader where
  pure value = Reader $ \given -> Right (value, given)
  Reader first <*> Reader second = Reader $ \given -> do
    (change, rest) <- first given
    (value, left) <- second rest
    Right (change value, left)

instance Monad Reader where
  Reader first >>= next = Reader $ \given -> do
    (value, rest) <- first given
    taken (next value) rest

word :: Reader String
word = Reader $ \given -> case given of
  [] -> Right ("", [])
  first : rest -> Right (first, rest)

truth :: Reader Bool
truth = (== "1") <$> word

int :: Reader Integer
int = read <$> word

text :: Reader Text
text = Text.pack . decoded . bytesOf . drop 1 <$> word

bytesOf :: String -> [Int]
bytesOf (high : low : rest) = digitToInt high * 16 + digitToInt low : bytesOf rest
bytesOf _ = []

decoded :: [Int] -> String
decoded [] = ""
decoded (byte : rest)
  | byte < 0x80 = chr byte : decoded rest
  | byte < 0xe0 = more 1 (byte .&. 0x1f)
  | byte < 0xf0 = more 2 (byte .&. 0x0f)
  | otherwise = more 3 (byte .&. 0x07)
  where
    more count start =
      let join code next = (code `shiftL` 6) .|. (next .&. 0x3f)
       in chr (foldl join start (take count rest)) : decoded (drop count rest)

encoded :: Char -> [Int]
encoded char
  | code < 0x80 = [code]
  | code < 0x800 = [0xc0 .|. (code `shiftR` 6), tailOf 0]
  | code < 0x10000 = [0xe0 .|. (code `shiftR` 12), tailOf 6, tailOf 0]
  | otherwise = [0xf0 .|. (code `shiftR` 18), tailOf 12, tailOf 6, tailOf 0]
  where
    code = ord char
    tailOf by = 0x80 .|. ((code `shiftR` by) .&. 0x3f)

enum :: Numbered e => String -> Maybe e -> Reader e
enum breach other = Reader $ \given -> do
  (number, rest) <- taken int given
  case (ofNumber number, other) of
    (Just value, _) -> Right (value, rest)
    (Nothing, Just value) -> Right (value, rest)
    (Nothing, Nothing) -> Left breach

optional :: Reader a -> Reader (Maybe a)
optional one = do
  there <- truth
  if there then Just <$> one else pure Nothing

list :: Reader a -> Reader [a]
list one = do
  count <- int
  replicateM (fromInteger count) one

entries :: Ord k => Reader k -> Reader v -> Reader (Map k v)
entries key value = Map.fromList <$> list ((,) <$> key <*> value)

ofTruth :: Bool -> [String]
ofTruth value = [if value then "1" else "0"]

ofInt :: Integer -> [String]
ofInt value = [show value]

ofText :: Text -> [String]
ofText value = ['x' : concatMap (concatMap digits . encoded) (Text.unpack value)]
  where
    digits byte = [intToDigit (byte `div` 16), intToDigit (byte `mod` 16)]

ofEnum :: Numbered e => e -> [String]
ofEnum value = ofInt (numberOf value)

ofOptional :: (a -> [String]) -> Maybe a -> [String]
ofOptional write = maybe ["0"] (("1" :) . write)

ofList :: (a -> [String]) -> [a] -> [String]
ofList write items = show (length items) : concatMap write items

ofEntries :: (k -> [String]) -> (v -> [String]) -> Map k v -> [String]
ofEntries key value = ofList (\(own, item) -> key own ++ value item) . Map.toAscList

-- | A result, or the error that there is instead.
told :: ContractError e => (a -> [String]) -> Either e a -> [String]
told _ (Left e) = "error" : errorName e : map show (errorArguments e)
told write (Right value) = "ok" : write value

-- | Tries every case of the standard input.
run :: (String -> Maybe (Reader [String])) -> IO ()
run operator = interact (unlines . map (unwords . tried . words) . lines)
  where
    tried [] = ["skip"]
    tried (name : given) = case operator name of
      Nothing -> ["skip"]
      Just reader -> case taken reader given of
        Left breach -> ["error", breach]
        Right (result, _) -> result
