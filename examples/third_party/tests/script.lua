-- About 200 lines of Lua that use every corner of the language and its library.
-- What it prints is the same on every machine: no addresses, no time, no order of hash tables.

local function section(name)
  print("== " .. name)
end

-- Keys of a table in their order.
local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

section("version")
print(_VERSION)

section("arithmetic")
print(7 / 2, 7 % 3, -7 % 3, 2 ^ 10, 1e15, 0x1F)
print(math.floor(-3.5), math.ceil(-3.5), math.max(3, 9, 4), math.huge)
print(bit32.band(0xFF, 0x3C), bit32.bor(1, 6), bit32.bxor(5, 3), bit32.lshift(1, 20))
print(string.format("%5.2f|%-6s|%06d|%x|%q", math.pi, "ab", 42, 255, "a\nb"))

section("primes")
do
  local limit = 1000
  local composite = {}
  local primes = {}
  for i = 2, limit do
    if not composite[i] then
      primes[#primes + 1] = i
      for j = i * i, limit, i do
        composite[j] = true
      end
    end
  end
  print(#primes, primes[1], primes[#primes])
  print(table.concat(primes, " ", 1, 15))
end

section("closures")
do
  local function counter(step)
    local n = 0
    return function()
      n = n + step
      return n
    end
  end
  local a, b = counter(1), counter(10)
  a()
  b()
  print(a(), b(), a(), b())
end

section("varargs")
do
  local function count(...)
    return select("#", ...), ...
  end
  print(count())
  print(count(nil, nil))
  print(count("x", 1, true))
  print(table.unpack({ 1, 2, 3 }, 2))
  print(table.pack(4, 5, nil).n)
end

section("metatables")
do
  local Vector = {}
  Vector.__index = Vector
  function Vector.new(x, y)
    return setmetatable({ x = x, y = y }, Vector)
  end
  function Vector.__add(a, b)
    return Vector.new(a.x + b.x, a.y + b.y)
  end
  function Vector.__eq(a, b)
    return a.x == b.x and a.y == b.y
  end
  function Vector.__tostring(v)
    return "(" .. v.x .. ", " .. v.y .. ")"
  end
  function Vector.__len()
    return 2
  end
  function Vector.__call(v, factor)
    return Vector.new(v.x * factor, v.y * factor)
  end
  function Vector:norm()
    return math.sqrt(self.x * self.x + self.y * self.y)
  end
  local v = Vector.new(3, 4)
  print(tostring(v + Vector.new(1, 1)), v == Vector.new(3, 4), #v, tostring(v(2)), v:norm())
  local defaults = setmetatable({}, {
    __index = function(_, key)
      return "no " .. key
    end,
    __newindex = function(t, key, value)
      rawset(t, key, value * 2)
    end,
  })
  defaults.given = 21
  print(defaults.given, defaults.other)
end

section("coroutines")
do
  local function permutations(list, n)
    n = n or #list
    if n <= 1 then
      coroutine.yield(table.concat(list))
    else
      for i = 1, n do
        list[n], list[i] = list[i], list[n]
        permutations(list, n - 1)
        list[n], list[i] = list[i], list[n]
      end
    end
  end
  local all = {}
  for text in coroutine.wrap(function() permutations({ "a", "b", "c" }) end) do
    all[#all + 1] = text
  end
  print(table.concat(all, " "))
  local thread = coroutine.create(function(a)
    local b = coroutine.yield(a + 1)
    error({ code = b })
  end)
  print(coroutine.resume(thread, 1))
  local ok, fault = coroutine.resume(thread, 7)
  print(ok, fault.code, coroutine.status(thread))
end

section("strings")
do
  local text = "the quick brown fox jumps over the lazy dog"
  local counts = {}
  for letter in text:gmatch("%a") do
    counts[letter] = (counts[letter] or 0) + 1
  end
  local shown = {}
  for _, letter in ipairs(sorted_keys(counts)) do
    if counts[letter] > 2 then
      shown[#shown + 1] = letter .. "=" .. counts[letter]
    end
  end
  print(table.concat(shown, " "))
  print(text:gsub("(%w+) (%w+)", "%2 %1", 2))
  print(text:find("fox", 1, true), text:match("(%a+)$"), text:sub(-8, -6), ("ab"):rep(3, "-"))
  print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
  print(("%d items"):format(3), ("x"):byte(), string.char(72, 105), ("abc"):reverse(), #"\0\0")
  print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"))
end

section("tables")
do
  local list = { 5, 2, 8, 1, 9, 3 }
  table.sort(list, function(a, b) return a > b end)
  print(table.concat(list, ","))
  table.insert(list, 1, 10)
  table.insert(list, 0)
  print(table.remove(list), table.remove(list, 1), #list)
  local queue = {}
  for i = 1, 10000 do
    queue[i] = (i * 7919) % 10007
  end
  table.sort(queue)
  local sum = 0
  for i, value in ipairs(queue) do
    sum = (sum + i * value) % 1000003
  end
  print(queue[1], queue[5000], queue[10000], sum)
end

section("errors")
do
  print(select("#", pcall(error)))
  local ok, message = pcall(function() error("broken", 0) end)
  print(ok, message)
  print(xpcall(function() return 1 + nil end, function(m) return "handled: " .. m:match("attempt.*") end))
  local goto_count = 0
  ::again::
  goto_count = goto_count + 1
  if goto_count < 3 then goto again end
  print(goto_count)
end

section("loading and files")
do
  print(load("return 6 * 7")())
  print(select(2, load("return +", "chunk")))
  local environment = { y = 5 }
  print(load("x = y * 2 return x", "chunk", "t", environment)(), environment.x, x)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write("one\ntwo\n", 3, "\n")
  file:close()
  for line in io.lines(name) do
    io.write("[", line, "]")
  end
  print()
  os.remove(name)
  print(io.open(name) == nil, #string.dump(function() end) > 20, collectgarbage("count") > 0)
end
