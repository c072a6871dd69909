-- The coverage of lines is no more than `slack` points below the best of the last `runs` good runs of the target branch.
local slack, runs = tonumber(ctx.with.slack) or 0, tonumber(ctx.with.runs) or 50
local now = ctx.evidence.coverage
if not now.known then
  return { ok = false, data = false, bound = "coverage", detail = "no job has reported any" }
end

local best, best_run
for run in ctx.history.runs { branch = ctx.run.target or ctx.run.branch, status = "success", file = ctx.run.file, limit = runs } do
  local then_ = ctx.history.run(run.number).coverage
  if then_.known and (not best or then_.lines > best) then
    best, best_run = then_.lines, run.number
  end
end

pipe.metric("coverage_lines_percent", now.lines)
if not best then
  return { ok = true, value = ("%.1f %%"):format(now.lines), bound = "none yet", detail = "the first run with coverage sets it" }
end
return {
  ok = now.lines >= best - slack,
  value = ("%.1f %%"):format(now.lines),
  bound = (">= %.1f %%"):format(best - slack),
  detail = ("the best so far is %.1f %%, of run %d"):format(best, best_run),
}
