local jobs
jobs.build = { script = "make" }
return jobs
