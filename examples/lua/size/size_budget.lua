-- Each file of `budget` is within its size, and all together grow by no more than `growth` per cent against the baseline.
local units = { [""] = 1, b = 1, kb = 1000, mb = 1000000, kib = 1024, mib = 1048576 }

local function bytes(text)
  local number, unit = tostring(text):match("^%s*([%d.]+)%s*(%a*)%s*$")
  if not units[(unit or "?"):lower()] then
    pipe.fail(("%s is no size: write 200 kB or 1.5 MB"):format(text))
  end
  return tonumber(number) * units[unit:lower()]
end

local sizes, total = {}, 0
for m in ctx.evidence.metrics { name = "bundle_bytes" } do
  local file = m.labels:match('file="([^"]*)"')
  sizes[file] = m.value
  total = total + m.value
end

local over = {}
for file, most in pairs(ctx.with.budget) do
  if not sizes[file] then
    over[#over + 1] = file .. ": not built"
  elseif sizes[file] > bytes(most) then
    over[#over + 1] = ("%s: %s, budget %s"):format(file, pipe.bytes(sizes[file]), most)
  end
end

local growth = tonumber(ctx.with.growth)
local before = ctx.baseline and ctx.baseline.metrics["bundle_bytes"]
if growth and before and before > 0 and total > before * (1 + growth / 100) then
  over[#over + 1] = ("all together: %s, %.1f %% more than run %d"):format(pipe.bytes(total), (total / before - 1) * 100, ctx.baseline.run)
end

table.sort(over)
return { ok = #over == 0, value = pipe.bytes(total), bound = "the budget of each file", detail = table.concat(over, "; ") }
