-- uses: ./stages/shellcheck.lua - shellcheck over the project's shell scripts; what it finds is evidence.
local levels = { "error", "warning", "info", "style" }

return {
  help = "shellcheck over shell scripts, its findings as evidence",
  parameters = {
    files = { type = "list", help = "globs of the scripts", default = { "**/*.sh" } },
    severity = { type = "enum", values = levels, help = "what is reported: this and worse", default = "style" },
    exclude = { type = "list", help = "rules that are not looked for, such as SC2086" },
    most = { type = "int", help = "how many findings the job bears", default = 0 },
  },
  tools = { { name = "shellcheck", version = "0.7", package = "shellcheck" } },

  compile = function(ctx)
    local scripts = {}
    for _, pattern in ipairs(ctx.with.files) do
      for _, path in ipairs(pipe.glob(pattern)) do scripts[#scripts + 1] = path end
    end
    if #scripts == 0 then
      pipe.fail("no script matches " .. table.concat(ctx.with.files, ", "))
    end

    local argv = { "shellcheck", "--format=gcc", "--severity=" .. ctx.with.severity }
    for _, rule in ipairs(ctx.with.exclude or {}) do argv[#argv + 1] = "--exclude=" .. rule end
    argv[#argv + 1] = "--"
    for _, path in ipairs(scripts) do argv[#argv + 1] = path end

    -- Exit status 1 says that something was found: evaluate judges that.
    return {
      steps = { { run = argv, may_fail = true } },
      reports = { { output = true, format = "compiler", tool = "shellcheck", kind = "issue" } },
    }
  end,

  evaluate = function(ctx)
    local step = ctx.steps[1]
    if step.exit_code > 1 then
      return false, ("shellcheck could not look at the scripts (exit code %d)"):format(step.exit_code)
    end
    local found, most = ctx.evidence.job.findings.total, tonumber(ctx.with.most)
    if found > most then
      return { verdict = "fail", reason = ("%d finding%s, at most %d"):format(found, found == 1 and "" or "s", most) }
    end
    return true
  end,
}
