return {
	build = { script = "make" }
	test = { script = "make test" },
}
