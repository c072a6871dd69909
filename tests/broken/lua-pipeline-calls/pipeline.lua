local function job(service)
	return { script = { "make -C " .. service.path } }
end

return {
	shop = job({ path = "shop" }),
	mail = job(nil),
}
