-- One job each for building, testing and publishing every service below services/; a service that says `needs: NAME` in its service.yml
-- is built after that one.  Only what this change touched is built, and what depends on it.
local services = {}
for _, path in ipairs(pipe.glob("services/*/service.yml")) do
  local name = path:match("^services/([%w_-]+)/service%.yml$")
  local about, why = pipe.yaml.decode(pipe.read(path))
  if not about then
    pipe.fail(("%s: %s"):format(path, why))
  end
  services[name] = { name = name, directory = "services/" .. name, needs = about.needs or {}, command = about.test or "make test" }
end

for name, service in pairs(services) do
  for _, need in ipairs(service.needs) do
    if not services[need] then
      pipe.fail(("services/%s/service.yml: there is no service %q"):format(name, need))
    end
  end
end

local pipeline = { stages = { "build", "test", "publish" } }

local function changes(service, seen)
  local paths = { service.directory .. "/**/*" }
  seen = seen or {}
  seen[service.name] = true
  for _, need in ipairs(service.needs) do
    if not seen[need] then
      for _, path in ipairs(changes(services[need], seen)) do paths[#paths + 1] = path end
    end
  end
  return paths
end

for name, service in pairs(services) do
  local rules = { { changes = changes(service) } }

  local needs = {}
  for _, need in ipairs(service.needs) do
    needs[#needs + 1] = { job = "build " .. need, optional = true }
  end
  pipeline["build " .. name] = {
    stage = "build",
    rules = rules,
    needs = needs,
    script = { "echo building " .. name },
  }
  pipeline["test " .. name] = {
    stage = "test",
    rules = rules,
    needs = { "build " .. name },
    script = { "cd " .. service.directory, service.command },
  }
end

pipeline.publish = {
  stage = "publish",
  rules = { { ["if"] = '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH' } },
  script = { "echo everything is published" },
}
return pipeline
