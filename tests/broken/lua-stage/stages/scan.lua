return {
  help = "looks at files",
  parameters = {
    files = { type = "list", help = "globs of files", required = true },
    level = { type = "enum", values = { "low", "high" }, help = "how closely", default = "low" },
  },
  compile = function(ctx)
    return { steps = { { run = { "scan", ctx.with.level } } } }
  end,
}
