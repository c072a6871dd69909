-- expect: failed __tostring failed
-- Its text is another error.
error(setmetatable({}, { __tostring = function() error("again") end }))
