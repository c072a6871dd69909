-- expect: done
-- A script may break what is its own; the next one has it all again.
local globals = _G
for k in pairs(globals) do globals[k] = nil end
string, table, pipe, error, pcall, tostring, type, _G = nil, nil, nil, nil, nil, nil, nil, nil
leaked = "from another script"
