-- At most `most` flaky tests in this run, and none that was flaky in more than half of the last `runs` runs as well.
local most, runs = tonumber(ctx.with.most) or 0, tonumber(ctx.with.runs) or 20
local tests = ctx.evidence.tests
if not tests.known then
  return { ok = false, data = false, bound = "tests", detail = "no job has reported any" }
end

local function key(test)
  return test.suite .. " / " .. test.name
end

local flaky, names = {}, {}
for test in ctx.evidence.tests { status = "flaky" } do
  flaky[key(test)] = 0
  names[#names + 1] = key(test)
end
table.sort(names)

local looked = 0
for run in ctx.history.runs { branch = ctx.run.branch, file = ctx.run.file, limit = runs } do
  looked = looked + 1
  for test in ctx.history.run(run.number).tests { status = "flaky" } do
    if flaky[key(test)] then flaky[key(test)] = flaky[key(test)] + 1 end
  end
end

local chronic = {}
for _, name in ipairs(names) do
  if looked >= 4 and flaky[name] * 2 > looked then
    chronic[#chronic + 1] = ("%s (%d of the last %d runs)"):format(name, flaky[name], looked)
  end
end

return {
  ok = #names <= most and #chronic == 0,
  value = ("%d flaky, %d of them chronic"):format(#names, #chronic),
  bound = ("at most %d, none chronic"):format(most),
  detail = table.concat(#chronic > 0 and chronic or names, "; "),
}
