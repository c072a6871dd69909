-- No deploy on Friday after 15:00, nor on a Saturday or Sunday, by the clock of TZ_OFFSET; APPROVED_BY overrides it, and is written down.
local sign, hours, minutes = (ctx.vars.TZ_OFFSET or "+00:00"):match("^([+-])(%d%d):(%d%d)$")
if not sign then
  pipe.fail("TZ_OFFSET is not of the form +01:00: " .. ctx.vars.TZ_OFFSET)
end
local offset = (hours * 60 + minutes) * 60
local t = pipe.date(pipe.now() + (sign == "-" and -offset or offset))

local friday, saturday, sunday = 6, 7, 1
local closed = t.wday == saturday or t.wday == sunday or (t.wday == friday and t.hour >= 15)
if not closed then
  return true
end

local who = ctx.vars.APPROVED_BY
if who and who ~= "" then
  pipe.annotate("deployed out of hours", { text = "approved by " .. who })
  return true
end
return false, "no deploys on Friday after 15:00 or at the weekend; --variable APPROVED_BY=NAME overrides it"
