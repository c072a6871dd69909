-- expect: broken did you mean
-- A name that is none is not nil.
return pipe.htp
