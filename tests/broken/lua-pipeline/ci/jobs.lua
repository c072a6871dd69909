local jobs = { stages = { "build", "test" } }
for _, service in ipairs { "api", "shop" } do
	jobs["build " .. service] = { stage = "bild", script = { "make " .. service } }
end
jobs.test = {
	stage = "test",
	scrpt = "make test",
	when = "sometimes",
}
return jobs
