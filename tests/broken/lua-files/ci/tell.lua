local text = "the run has ended"
if text then
	return true
