-- expect: broken 'dump'
-- Nor is there a way to make some.
return string.dump(function() end)
