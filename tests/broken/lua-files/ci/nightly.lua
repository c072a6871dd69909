local hours = { from = 22, to = 6 }
return hours.from.minutes > 0
