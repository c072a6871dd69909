-- Deployment frequency, lead time, change failure rate and time to restore, over the jobs that deployed to `environment` in `days` days.
local environment = ctx.with and ctx.with.environment or "production"
local days = tonumber(ctx.with and ctx.with.days) or 30
local since = pipe.now() - days * 86400

local deploys = {}
local function take(number, started)
  for job in ctx.history.jobs { run = number, environment = environment } do
    if job.started and (job.status == "success" or job.status == "failed") then
      deploys[#deploys + 1] = { at = job.started + (job.duration or 0), ok = job.status == "success", from = started }
    end
  end
end

take(ctx.run.number, ctx.run.started)
for run in ctx.history.runs { file = ctx.run.file, limit = 2000 } do
  if run.started < since then break end
  take(run.number, run.started)
end
table.sort(deploys, function(a, b) return a.at < b.at end)

local good, failed, leads, restores, broken_since = 0, 0, {}, {}, nil
for _, d in ipairs(deploys) do
  if d.ok then
    good = good + 1
    leads[#leads + 1] = d.at - d.from
    if broken_since then
      restores[#restores + 1] = d.at - broken_since
      broken_since = nil
    end
  else
    failed = failed + 1
    broken_since = broken_since or d.at
  end
end

local function median(values)
  if #values == 0 then return nil end
  table.sort(values)
  local middle = (#values + 1) // 2
  return #values % 2 == 1 and values[middle] or (values[middle] + values[middle + 1]) / 2
end

local function tell(name, value, unit, text)
  if not value then return end
  pipe.metric(name, value, { unit = unit, labels = { environment = environment } })
  pipe.log(("%-28s %s"):format(name, text))
end

tell("dora_deployments_per_day", good / days, "1/d", ("%.2f (%d in %d days)"):format(good / days, good, days))
tell("dora_change_failure_rate", good + failed > 0 and failed / (good + failed) or nil, "1",
  ("%.0f %% (%d of %d)"):format(good + failed > 0 and failed * 100 / (good + failed) or 0, failed, good + failed))
local lead, restore = median(leads), median(restores)
tell("dora_lead_time_seconds", lead, "s", pipe.duration(lead or 0))
tell("dora_time_to_restore_seconds", restore, "s", pipe.duration(restore or 0))
