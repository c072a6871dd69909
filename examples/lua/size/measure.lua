-- Notes the size of what was built, as metrics that stay in the history.
for _, path in ipairs(pipe.glob("dist/**")) do
  local text = pipe.read(path)
  if text then
    pipe.metric("bundle_bytes", #text, { labels = { file = path }, unit = "bytes" })
  end
end
