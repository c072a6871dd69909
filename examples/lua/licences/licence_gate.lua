-- Every component of the SBOM has a licence that `allow` names, or is one of those in `except`.
local allowed, excepted = {}, {}
for _, id in ipairs(ctx.with.allow) do allowed[id] = true end
for _, name in ipairs(ctx.with.except or {}) do excepted[name] = true end

-- An SPDX expression: one allowed side of each OR is enough, every side of an AND must be.
local function is_allowed(expression)
  local text = expression:gsub("[()]", " ")
  for conjunct in (text .. " AND "):gmatch("(.-)%s+AND%s+") do
    local some = false
    for id in (conjunct .. " OR "):gmatch("(.-)%s+OR%s+") do
      some = some or allowed[id:match("^%s*(%S*)")] == true
    end
    if not some then return false end
  end
  return true
end

local count, bad = 0, {}
for c in ctx.evidence.components() do
  count = count + 1
  if not excepted[c.name] and (c.licenses == "" or not is_allowed(c.licenses)) then
    bad[#bad + 1] = ("%s %s: %s"):format(c.name, c.version, c.licenses ~= "" and c.licenses or "no licence")
  end
end

if count == 0 then
  return { ok = false, data = false, bound = "an SBOM", detail = "no job has reported one (artifacts:reports:cyclonedx)" }
end
table.sort(bad)
return {
  ok = #bad == 0,
  value = ("%d of %d components"):format(#bad, count),
  bound = "none with another licence",
  detail = table.concat(bad, "; ", 1, math.min(#bad, 5)),
}
