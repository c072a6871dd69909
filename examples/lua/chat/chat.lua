-- One message a run: always when it failed, and when it is the first green one after that.
local url = ctx.vars.CHAT_URL
if not url or url == "" then
  pipe.log("CHAT_URL is not set: nobody is told")
  return
end

local previous = ctx.history.runs { branch = ctx.run.branch, file = ctx.run.file }:first()

local failed = ctx.run.status ~= "success"
if not failed and not (previous and previous.status == "failed") then
  return -- green as before is no news
end

local lines = {}
if failed then
  lines[1] = (":x: *%s* failed on `%s` (run %d)"):format(ctx.run.project, ctx.run.branch, ctx.run.number)
  for job in ctx.history.jobs { run = ctx.run.number, status = "failed" } do
    lines[#lines + 1] = ("• *%s*: %s"):format(job.name, job.reason or "failed")
  end
  local tests = ctx.evidence.tests
  if tests.known and tests.failed + tests.errors > 0 then
    lines[#lines + 1] = ("%d of %d tests failed:"):format(tests.failed + tests.errors, tests.total)
    for test in ctx.evidence.tests { status = "failed", limit = 5 } do
      lines[#lines + 1] = ("    `%s` %s"):format(test.name, test.message)
    end
  end
else
  lines[1] = (":white_check_mark: *%s* is green again on `%s` (run %d)"):format(ctx.run.project, ctx.run.branch, ctx.run.number)
end

local ok, why = pipe.notify { slack = url, text = table.concat(lines, "\n") }
if not ok then
  pipe.warn("the chat was not told: " .. why)
end
