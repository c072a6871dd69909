-- `metric` of the canary (per `of`, where given) is at most `worse` times that of the stable version; what is below `floor` is good anyway.
local want = ctx.with

local function read(name, track)
  for m in ctx.evidence.metrics { name = name } do
    if m.labels:find('track="' .. track .. '"', 1, true) then return m.value end
  end
end

local function figure(track)
  local value = read(want.metric, track)
  if not (value and want.of) then return value end
  local whole = read(want.of, track)
  return whole and whole > 0 and value / whole or nil
end

local canary, stable = figure("canary"), figure("stable")
if not (canary and stable) then
  return { ok = false, data = false, bound = want.metric, detail = (canary and "stable" or "canary") .. " has no such metric" }
end

local most = math.max(stable * (tonumber(want.worse) or 1), tonumber(want.floor) or 0)
return {
  ok = canary <= most,
  value = ("%.4g"):format(canary),
  bound = ("<= %.4g"):format(most),
  detail = ("stable: %.4g"):format(stable),
}
